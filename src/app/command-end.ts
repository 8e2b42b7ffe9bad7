import type { Environment } from '../config/formats/environment.js';
import type { BrokerSettings, CommandSettings, Settings } from '../config/settings.js';
import type { Sink } from '../flow/sink.js';
import { cleanEnvironment } from '../sinks/command/command-environment.js';
import { type CommandShape, CommandSink } from '../sinks/command/command-sink.js';
import { findCommand } from '../sinks/command/find-command.js';
import type { BrokerEndContext, MadeEnd } from './broker-end.js';

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
    replies: made && { sink: made.end, maxBytes: maxMessageSize, toQueues: replies.protocol === 'amqp091' },
    clock,
    onLine: (stream, line) =>
      logger[stream === 'stdout' ? 'info' : 'warn']('command-output', line, { end: sink.name, stream }),
    onTrouble: (event, text) => logger.warn(event, text, { end: sink.name }),
  });
  return { end: sink, ...(made?.secretsChanged && { secretsChanged: made.secretsChanged }) };
}

/** Where the command is. Throws COMMAND_UNUSABLE. */
export function checkCommand({ words }: CommandSettings, env: Environment): string {
  return findCommand(String(words[0]?.[0] ?? ''), cleanEnvironment(env, new Set()).PATH ?? '');
}

function shapeOf(batch: number | undefined, coalesceMs: number | undefined): CommandShape {
  if (coalesceMs !== undefined) return { kind: 'coalesced', withinMs: coalesceMs };
  return batch === undefined ? { kind: 'message' } : { kind: 'batch', most: batch };
}

/** The variables that hold passwords. */
function secretVariables({ source }: Settings): ReadonlySet<string> {
  const auth = source.kind === 'broker' ? source.broker.auth : [];
  return new Set(auth.flatMap(({ fields }) => fields['pass-env'] ?? []));
}
