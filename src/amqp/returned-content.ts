import type { Options } from 'amqplib';
import type { AmqpProperties } from './codec/content.js';
import { type FieldValue, fieldText } from './codec/field-value.js';
import { NUMBER_PROPERTIES, TEXT_PROPERTIES } from './header-table.js';

/** Properties and fields of the table of a message, each by its name: those of fields begin with a slash. */
export type Content = ReadonlyMap<string, string>;

/** RabbitMQ takes it out of each message that it routes. */
const REMOVED = '/BCC';

/** What a message says besides its body, sent or read, as texts that can be compared. */
export function contentOf(properties: AmqpProperties | Options.Publish): Content {
  const content = new Map<string, string>();
  const names = [...TEXT_PROPERTIES, ...NUMBER_PROPERTIES].map(([name]) => name);
  for (const name of [...names, 'deliveryMode'] as const) {
    const value = properties[name];
    if (value !== undefined) content.set(name, asRead(String(value)));
  }
  const { headers } = properties;
  const fields: Iterable<readonly [string, unknown]> = headers instanceof Map ? headers : Object.entries(headers ?? {});
  for (const [name, value] of fields) content.set(`/${asRead(name)}`, asRead(fieldText(value as FieldValue)));
  return content;
}

/**
 * How much of what was sent stands in what came back: a broker may add to a message (RabbitMQ: `timestamp_in_ms` and others, by its
 * configuration), but changes nothing of it. -1: something of it does not, so it was another message.
 */
export function likeness(sent: Content, back: Content): number {
  const kept = [...sent].filter(([name]) => name !== REMOVED);
  return kept.every(([name, value]) => back.get(name) === value) ? kept.length : -1;
}

/** Are both the same in everything? */
export function sameContent(one: Content, other: Content): boolean {
  return one.size === other.size && [...one].every(([name, value]) => other.get(name) === value);
}

/** UTF-8 has no halves of surrogate pairs. */
function asRead(text: string): string {
  return Buffer.from(text).toString();
}
