import { oneBrokerRequester } from '../../app/one-broker.js';
import { systemClock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import type { Environment } from '../../config/formats/environment.js';
import { Message, newHeader } from '../../message/message.js';
import { unlessStopped } from '../command-line/call-off.js';
import { COMMANDS } from '../command-line/commands.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import type { CommandIo } from '../command-line/io.js';
import type { ParsedArguments } from '../command-line/option-command.js';
import { looksLikeText } from '../queue/add-command.js';
import { openInput, readAll } from '../queue/input.js';
import { brokerArguments, loginOf, openBrokerCommand, secondsOf } from './broker-arguments.js';
import { PrintSink } from './print-sink.js';

const TIMEOUT_S = 30;

/** `stompctl request`: sends a message and prints the reply; resolves to the exit code. Rejects with MESSAGE_TIMEOUT. */
export async function request(parsed: ParsedArguments, env: Environment, io: CommandIo): Promise<number> {
  const { uri, destination, file, header } = brokerArguments(COMMANDS.request, parsed);
  if (header['reply-to'] !== undefined) {
    const reason = 'reply-to is made by "request"; to name a destination of your own, use "send" and "receive"';
    throw new StompctlError('USAGE', 'option', '--header', reason);
  }
  const timeoutMs = secondsOf(parsed, 'timeout', TIMEOUT_S);
  const asked = { side: 'outgoing', uri, login: loginOf(parsed), options: parsed.options } as const;
  const { settings, logger } = await openBrokerCommand(asked, env, io);
  const { sink } = settings;
  if (sink.kind !== 'broker') throw new StompctlError('INTERNAL', 'request', sink.kind, 'the sink is no broker');
  const standardInput = () => io.input?.() ?? process.stdin;
  const body = await readAll(openInput(file, standardInput, false), file ?? 'standard input', settings);
  const text = looksLikeText(header['content-type'], body);
  const requester = oneBrokerRequester(sink, settings, { clock: systemClock, logger, env });
  const given = new AbortController();
  const callOff = () => {
    given.abort();
    void requester.close();
  };
  try {
    return await unlessStopped(io, { name: 'request', before: 'the reply came', callOff }, async () => {
      await requester.open();
      const message = new Message(newHeader({ ...header, destination }), body, text);
      const reply = await requester.request(message, timeoutMs, given.signal);
      await new PrintSink(io.out, { jsonLines: parsed.flags.has('json-lines'), exact: true }).send(reply);
      return EXIT_CODES.ok;
    });
  } finally {
    await requester.close();
    await logger.flush();
  }
}
