import { CommandTextError, type CommandWord, parseTemplate } from '../base/command-words.js';
import { StompctlError } from '../base/errors.js';
import { holdsAllHeaders, parseSchema } from '../dirq/fields/schema.js';
import type { Table } from './options/option-reader.js';
import type { OptionValues } from './options/option-values.js';
import type { QueueSettings } from './settings.js';

/** What is wrong with a key of an option that is a table; `key` empty: with the option. */
export interface TableProblem {
  readonly option: string;
  readonly key: string;
  readonly reason: string;
}

/** What a template of a header may say of an element. */
const ELEMENT_FACTS = ['element', 'size', 'modified'];
const QUEUES = ['incoming-queue', 'outgoing-queue'];

/** What the elements of a queue hold, of tables that follow every rule. */
export function queueFormat(
  table: Table,
  headers: Table | undefined,
): Pick<QueueSettings, 'format' | 'rawText' | 'fields' | 'headers'> {
  return {
    format: table.format === 'raw' ? 'raw' : 'message',
    rawText: table.body === 'text',
    fields: table.schema === undefined ? undefined : parseSchema(String(table.schema)),
    headers: headers && templates(headers),
  };
}

/** Templates that can be read. */
export function templates(table: Table): Readonly<Record<string, CommandWord>> {
  return Object.fromEntries(
    Object.entries(table).map(([name, value]): [string, CommandWord] => [name, parseTemplate(String(value))]),
  );
}

/** What a table of options does not see: which keys go together, schemas and templates. */
export function* queueFormatProblems(values: OptionValues): Generator<TableProblem> {
  for (const option of QUEUES) {
    const table: Table = values.table(option) ?? {};
    const about = (key: string, reason: string) => ({ option, key, reason });
    if (table.format === 'raw' && (table.type ?? 'DQS') !== 'DQS') yield about('format', 'format=raw needs type=DQS');
    if (table.format === 'raw' && table.compression !== undefined) {
      yield about('compression', 'compression and format=raw exclude each other');
    }
    if (table.body === 'text' && table.format !== 'raw') yield about('body', 'body=text needs format=raw');
    if (table.schema === undefined) continue;
    if (table.type !== 'DQN') yield about('schema', 'schema needs type=DQN');
    const reason = schemaProblem(String(table.schema));
    if (reason !== undefined) yield about('schema', reason);
  }
  const headers = values.table('queue-headers');
  if (headers !== undefined && !values.has('incoming-queue')) {
    yield { option: 'queue-headers', key: '', reason: 'needs incoming-queue' };
  }
  for (const [key, value] of Object.entries(headers ?? {})) {
    const reason = templateProblem(String(value), 'an element', ELEMENT_FACTS);
    if (reason !== undefined) yield { option: 'queue-headers', key, reason: `"${key}" ${reason}` };
  }
}

/** What of a message the queue does not keep; undefined: it keeps all. */
export function lossOf({ format, fields }: QueueSettings): string | undefined {
  if (format === 'raw') return 'format=raw keeps bodies alone: headers are dropped';
  if (fields === undefined || holdsAllHeaders(fields)) return undefined;
  return 'headers that the schema does not name are dropped: give it a table to keep them';
}

function schemaProblem(text: string): string | undefined {
  try {
    parseSchema(text);
    return undefined;
  } catch (error) {
    if (error instanceof StompctlError) return error.message;
    throw error;
  }
}

/** Why a template cannot be used; undefined: it can. `known`: all that it may say of a file, or of what else `what` is. */
export function templateProblem(text: string, what = '', known?: readonly string[]): string | undefined {
  try {
    const unknown = parseTemplate(text).find(
      (part) => typeof part !== 'string' && known?.includes(part.header) === false,
    );
    return unknown === undefined
      ? undefined
      : `may say ${(known ?? []).map((fact) => `%{${fact}}`).join(', ')} of ${what}`;
  } catch (error) {
    if (error instanceof CommandTextError) return error.message;
    throw error;
  }
}
