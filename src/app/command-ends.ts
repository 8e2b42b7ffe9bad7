import { cleanEnvironment } from '../command/clean-environment.js';
import { findCommand } from '../command/find-command.js';
import type { Environment } from '../config/formats/environment.js';
import {
  type BrokerSettings,
  type CommandSettings,
  type IncomingCommandSettings,
  inputsOf,
  outputsOf,
  type Settings,
} from '../config/settings.js';
import type { DeadLetters } from '../flow/dead-letters.js';
import type { Sink } from '../flow/sink.js';
import type { SourceEvents } from '../flow/source.js';
import { type CommandShape, CommandSink } from '../sinks/command/command-sink.js';
import { CommandSource } from '../sources/command/command-source.js';
import type { BrokerEndContext, MadeEnd } from './broker-end.js';

/** A source that runs the command, with what it complains of logged. */
export function commandSource(
  { words, acks }: IncomingCommandSettings,
  settings: Settings,
  { clock, logger, env }: BrokerEndContext,
  events: SourceEvents,
  deadLetters: DeadLetters | undefined,
): CommandSource {
  const { loop, maxMessageSize, window, reconnect } = settings;
  const end = `command ${words[0]}`;
  return new CommandSource({
    words,
    environment: cleanEnvironment(env, secretVariables(settings)),
    acks,
    loop,
    rest: { firstMs: Math.max(1, reconnect.delayMs), longestMs: reconnect.maxDelayMs },
    maxMessageSize,
    window,
    clock,
    events,
    deadLetters,
    onLine: (line) => logger.warn('command-output', line, { end, stream: 'stderr' }),
    onLeft: (text) => logger.warn('command-left', text, { end }),
  });
}

/** A sink that runs the command, with what it writes and how it fails logged; `replySink` makes where its replies go. */
export function commandSink(
  { words, batch, coalesceMs, concurrency, timeoutMs, replies }: CommandSettings,
  settings: Settings,
  { clock, logger, env }: BrokerEndContext,
  replySink: (broker: BrokerSettings) => MadeEnd<Sink>,
): MadeEnd<Sink> {
  const made = replies && replySink(replies);
  const { maxAttempts, maxMessageSize } = settings;
  const sink: CommandSink = new CommandSink({
    words,
    environment: cleanEnvironment(env, secretVariables(settings)),
    shape: shapeOf(batch, coalesceMs),
    concurrency,
    timeoutMs,
    maxAttempts,
    replies: made && { sink: made.end, maxBytes: maxMessageSize },
    clock,
    onLine: (stream, line) =>
      logger[stream === 'stdout' ? 'info' : 'warn']('command-output', line, { end: sink.name, stream }),
    onTrouble: (event, text) => logger.warn(event, text, { end: sink.name }),
  });
  return { end: sink, ...(made?.secretsChanged && { secretsChanged: made.secretsChanged }) };
}

/** Where the program is. Throws COMMAND_UNUSABLE. */
export function checkCommand(program: string, env: Environment): string {
  return findCommand(program, cleanEnvironment(env, new Set()).PATH ?? '');
}

function shapeOf(batch: number | undefined, coalesceMs: number | undefined): CommandShape {
  if (coalesceMs !== undefined) return { kind: 'coalesced', withinMs: coalesceMs };
  return batch === undefined ? { kind: 'message' } : { kind: 'batch', most: batch };
}

/** The variables that hold passwords, of the inputs and outputs beside it too. */
function secretVariables(settings: Settings): ReadonlySet<string> {
  const auth = [...inputsOf(settings), ...outputsOf(settings)].flatMap((end) =>
    end.kind === 'broker' ? end.broker.auth : [],
  );
  return new Set(auth.flatMap(({ fields }) => fields['pass-env'] ?? []));
}

/** The program that an end runs. */
export function programOf({ words }: CommandSettings | IncomingCommandSettings): string {
  const [program = ''] = words;
  return typeof program === 'string' ? program : String(program[0] ?? '');
}
