import { buildReceiver, type Receiver, type ReceiverContext } from '../../app/receiver.js';
import { systemClock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import type { Environment } from '../../config/formats/environment.js';
import type { CommandLineOptions } from '../../config/read-given.js';
import type { Settings } from '../../config/settings.js';
import type { Logger } from '../../observe/logger.js';
import type { TransferOutcome } from '../../transfer/transfer.js';
import { stoppedExitCode } from '../command-line/call-off.js';
import { COMMANDS } from '../command-line/commands.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import type { CommandIo } from '../command-line/io.js';
import type { ParsedArguments } from '../command-line/option-command.js';
import { type BrokerArguments, brokerArguments, loginOf, openBrokerCommand, secondsOf } from './broker-arguments.js';
import { PrintSink } from './print-sink.js';

/** what is there comes soon; what is asked for may have to be made */
const TIMEOUT_S = { all: 5, counted: 60 };

/**
 * `stompctl receive`: prints messages, each acknowledged once it is printed; resolves to the exit code. What was not printed when
 * it ends, however it ends, stays at the broker.
 */
export async function receive(parsed: ParsedArguments, env: Environment, io: CommandIo): Promise<number> {
  const { uri, destination, header } = brokerArguments(COMMANDS.receive, parsed);
  const follow = parsed.flags.has('follow');
  if (follow && parsed.flagValues.has('timeout')) {
    throw new StompctlError('USAGE', 'option', '--timeout', 'excludes --follow: keep one of them');
  }
  const timeoutMs = secondsOf(parsed, 'timeout', parsed.options.has('count') ? TIMEOUT_S.counted : TIMEOUT_S.all);
  const quietMs = follow ? undefined : timeoutMs;
  const printing = { uri, destination, header, parsed, options: parsed.options, quietMs };
  const acknowledge = !parsed.flags.has('no-ack');
  const { outcome, receiver, settings } = await printMessages({ ...printing, acknowledge }, env, io);
  const exit = exitCode(outcome, receiver);
  const { sent } = receiver.statistics.snapshot();
  const { count } = settings;
  if (outcome.reason === 'end' && count !== undefined && sent < count) {
    const text = `${sent} of ${count} messages came, then none for ${timeoutMs / 1000} s; wait longer with --timeout or --follow`;
    throw new StompctlError('MESSAGE_TIMEOUT', 'receive', receiver.name, text);
  }
  if (!follow) tellNone(outcome, sent, timeoutMs, io);
  // one that follows goes on until it is stopped: that is its end, and no other one's
  return outcome.reason === 'signal' && !follow ? stoppedExitCode(io) : exit;
}

export interface Printing
  extends Pick<BrokerArguments, 'uri' | 'destination' | 'header' | 'parsed'>,
    Pick<ReceiverContext, 'acknowledge' | 'onLook' | 'quietMs'> {
  readonly options: CommandLineOptions;
}

export interface Printed {
  readonly outcome: TransferOutcome;
  readonly receiver: Receiver;
  readonly settings: Settings;
}

/** Prints what comes from a destination, as the options say, until a signal at the latest. */
export async function printMessages(
  { uri, destination, header, parsed, options: given, acknowledge, onLook, quietMs }: Printing,
  env: Environment,
  io: CommandIo,
): Promise<Printed> {
  const options = new Map(given);
  // who does not wait for ever for a message does not wait for a broker
  if (quietMs !== undefined && !options.has('reconnect-attempts')) options.set('reconnect-attempts', ['1']);
  const asked = {
    side: 'incoming',
    uri,
    subscribe: { ...header, destination },
    login: loginOf(parsed),
    options,
  } as const;
  const { settings, logger } = await openBrokerCommand(asked, env, io);
  const { source, count } = settings;
  if (source.kind !== 'broker') throw new StompctlError('INTERNAL', 'receive', source.kind, 'the source is no broker');
  const sink = new PrintSink(io.out, { jsonLines: parsed.flags.has('json-lines'), exact: count === 1 });
  const wished = parsed.options.has('prefetch');
  const context = {
    clock: systemClock,
    logger: wished ? logger : withoutPrefetch(logger),
    env,
    acknowledge,
    onLook,
    quietMs,
  };
  // with a count there is one, for who acknowledges as he goes
  const from = acknowledge || wished ? source : { ...source, prefetch: undefined };
  const receiver = buildReceiver(from, settings, sink, context);
  io.signals.onStop(() => receiver.transfer.stop('signal'));
  try {
    return { outcome: await receiver.transfer.run(), receiver, settings };
  } finally {
    await logger.flush();
  }
}

/** Nobody has asked for a prefetch: that a broker takes none is no news. */
function withoutPrefetch(logger: Logger): Logger {
  const warn: Logger['warn'] = (event, text, fields) => {
    if (event === 'prefetch-ignored') logger.debug(event, text, fields);
    else logger.warn(event, text, fields);
  };
  const { trace, debug, info, error } = logger;
  return { trace, debug, info, warn, error };
}

/** Who sees nothing is told that there was nothing. */
export function tellNone({ reason }: TransferOutcome, sent: number, timeoutMs: number, { err }: CommandIo): void {
  if (reason === 'end' && sent === 0) err.write(`stompctl: no message came within ${timeoutMs / 1000} s\n`);
}

/** Throws what ended it. */
export function exitCode({ failure }: TransferOutcome, { statistics }: Receiver): number {
  if (failure !== undefined) throw failure;
  return statistics.snapshot().rejected > 0 ? EXIT_CODES.someMessagesLeft : EXIT_CODES.ok;
}
