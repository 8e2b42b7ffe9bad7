import { CommandTextError, parseCommand, shellMark } from '../base/command-words.js';
import { placeOf } from './formats/config-node.js';
import type { Table } from './options/option-reader.js';
import type { OptionValues } from './options/option-values.js';
import type { TableProblem } from './queue-format.js';
import type { BrokerSettings, CommandSettings, IncomingCommandSettings } from './settings.js';

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

/** Of a table that follows every rule. */
export function incomingCommand(table: Table): IncomingCommandSettings {
  const words = parseCommand(String(table.command)).map((word) => word.join(''));
  return { words, acks: table.ack === 'stdin' };
}

/** What a schema does not see: what the command says, and what keeps its messages from being lost. */
function* incomingProblems(table: Table, hasFailureQueue: boolean): Generator<{ key: string; reason: string }> {
  try {
    const words = parseCommand(String(table.command));
    if (words.some((word) => word.some((part) => typeof part !== 'string'))) {
      yield {
        key: 'command',
        reason: '%{…} has no message here whose header it could be: write %%{ for one that is meant so',
      };
    }
  } catch (error) {
    if (!(error instanceof CommandTextError)) throw error;
    yield { key: 'command', reason: `"command" ${error.message}` };
  }
  if (table.ack !== 'stdin' && !hasFailureQueue) {
    const reason = 'a command cannot be read again: add a failure-queue for what is not sent in the end, or ack=stdin';
    yield { key: 'ack', reason };
  }
}

/** What a schema does not see: what the command says, and which keys exclude each other. */
function* outgoingProblems(table: Table, fromBroker: boolean): Generator<{ key: string; reason: string }> {
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
  if (!fromBroker)
    yield { key: 'output', reason: 'output=reply needs an incoming broker as the one input, where its replies go' };
}

/** What a schema does not see of the commands at both ends. `fromBroker`: there is one input, a broker. */
export function* commandProblems(values: OptionValues, fromBroker: boolean): Generator<TableProblem> {
  const [into, from] = [values.table('outgoing-command'), values.table('incoming-command')];
  const sent = into === undefined ? [] : outgoingProblems(into, fromBroker);
  const read = from === undefined ? [] : incomingProblems(from, values.has('failure-queue'));
  for (const problem of sent) yield { option: 'outgoing-command', ...problem };
  for (const problem of read) yield { option: 'incoming-command', ...problem };
}

/** What deserves a warning, though it is allowed. */
export function* commandWarnings(values: OptionValues): Generator<string> {
  for (const { row, value, places, origin } of values.allGiven()) {
    const isCommand = row.name === 'outgoing-command' || row.name === 'incoming-command';
    if (!isCommand || typeof value !== 'object' || !('command' in value)) continue;
    const mark = shellMark(String(value.command));
    if (mark === undefined) continue;
    const reason = `"${mark}" is handed to the program as it is: no shell is in between (docs/commands-as-ends.md)`;
    yield `${placeOf(places.get('command') ?? origin)}: ${row.name}: ${reason}`;
  }
}
