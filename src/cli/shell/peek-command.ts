import type { Environment } from '../../config/formats/environment.js';
import { stoppedExitCode } from '../command-line/call-off.js';
import { COMMANDS } from '../command-line/commands.js';
import type { CommandIo } from '../command-line/io.js';
import type { ParsedArguments } from '../command-line/option-command.js';
import { brokerArguments, secondsOf } from './broker-arguments.js';
import { exitCode, printMessages, tellNone } from './receive-command.js';

const COUNT = 10;
const TIMEOUT_S = 5;

const HOW = {
  browsed: 'this broker shows its messages: nothing is taken',
  'given-back':
    'this broker cannot show messages without giving them out: they are taken and given back, and are marked as delivered before',
} as const;

/** `stompctl peek`: prints the first messages of a queue, which stay there; says how. Resolves to the exit code. */
export async function peek(parsed: ParsedArguments, env: Environment, io: CommandIo): Promise<number> {
  const { uri, destination, header } = brokerArguments(COMMANDS.peek, parsed);
  const quietMs = secondsOf(parsed, 'timeout', TIMEOUT_S);
  const options = new Map(parsed.options);
  if (!options.has('count')) options.set('count', [String(COUNT)]);
  const onLook = (how: keyof typeof HOW) => io.err.write(`stompctl: ${HOW[how]}\n`);
  const printing = { uri, destination, header, parsed, options, acknowledge: false, onLook, quietMs };
  const { outcome, receiver } = await printMessages(printing, env, io);
  const exit = exitCode(outcome, receiver);
  tellNone(outcome, receiver.statistics.snapshot().sent, quietMs, io);
  return outcome.reason === 'signal' ? stoppedExitCode(io) : exit;
}
