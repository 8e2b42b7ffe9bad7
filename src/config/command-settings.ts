import { CommandTextError, parseCommand } from '../base/command-words.js';
import type { Table } from './options/option-reader.js';
import type { BrokerSettings, CommandSettings } from './settings.js';

/** Seconds, when `timeout` does not say. */
const DEFAULT_TIMEOUT = 60;

/** Of a table that follows every rule; `replies` is the broker that replies go to, when it has them sent. */
export function commandSettings(table: Table, replies: () => BrokerSettings): CommandSettings {
  const number = (key: string): number | undefined => (table[key] === undefined ? undefined : Number(table[key]));
  const coalesce = number('coalesce');
  return {
    words: parseCommand(String(table.command)),
    batch: number('batch'),
    coalesceMs: coalesce === undefined ? undefined : coalesce * 1000,
    concurrency: number('concurrency') ?? 1,
    timeoutMs: (number('timeout') ?? DEFAULT_TIMEOUT) * 1000,
    replies: table.output === 'reply' ? replies() : undefined,
  };
}

/** What a schema does not see: what the command says, and which keys exclude each other. */
export function* commandProblems(table: Table, fromBroker: boolean): Generator<{ key: string; reason: string }> {
  const together = table.batch !== undefined || table.coalesce !== undefined;
  try {
    const words = parseCommand(String(table.command));
    if (together && words.some((word) => word.some((part) => typeof part !== 'string'))) {
      yield { key: 'command', reason: '%{…} needs a run for each message: take it out, or batch and coalesce' };
    }
  } catch (error) {
    if (!(error instanceof CommandTextError)) throw error;
    yield { key: 'command', reason: `"command" ${error.message}` };
  }
  if (table.batch !== undefined && table.coalesce !== undefined) {
    yield { key: 'coalesce', reason: 'batch and coalesce exclude each other: keep one of them' };
  }
  if (table.coalesce !== undefined && Number(table.concurrency ?? 1) > 1) {
    yield { key: 'concurrency', reason: 'coalesce and concurrency exclude each other: one run at a time is the point' };
  }
  if (table.output !== 'reply') return;
  if (together)
    yield { key: 'output', reason: 'output=reply needs a run for each message: take out batch and coalesce' };
  if (!fromBroker) yield { key: 'output', reason: 'output=reply needs an incoming broker, where its replies go' };
}
