import { oneBrokerSink } from '../../app/one-broker.js';
import { systemClock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import { printable } from '../../base/printable.js';
import type { Environment } from '../../config/formats/environment.js';
import type { Settings } from '../../config/settings.js';
import type { Sink } from '../../flow/sink.js';
import { decodeMessage, largestFile } from '../../message/json.js';
import { LINE_FORM, linesOf } from '../../message/json-lines.js';
import { Message, newHeader } from '../../message/message.js';
import { unlessStopped } from '../command-line/call-off.js';
import { COMMANDS } from '../command-line/commands.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import type { CommandIo } from '../command-line/io.js';
import type { ParsedArguments } from '../command-line/option-command.js';
import { looksLikeText } from '../queue/add-command.js';
import { Complaints, messages } from '../queue/complaints.js';
import { openInput, readAll } from '../queue/input.js';
import { BulkWriter } from '../queue/queue-writer.js';
import { type BrokerArguments, brokerArguments, loginOf, openBrokerCommand } from './broker-arguments.js';

/** What is being sent. */
interface Sending {
  readonly given: BrokerArguments;
  readonly sink: Sink;
  readonly settings: Settings;
  readonly io: CommandIo;
  readonly stopped: AbortSignal;
}

/**
 * `stompctl send`: the input as one message, or each of its lines; resolves to the exit code, 0 when the broker has confirmed all of
 * them. Rejects with what the first was refused for.
 */
export async function send(parsed: ParsedArguments, env: Environment, io: CommandIo): Promise<number> {
  const given = brokerArguments(COMMANDS.send, parsed);
  const lines = parsed.flags.has('json-lines');
  if (!lines && parsed.flagValues.has('skip')) {
    throw new StompctlError('USAGE', 'option', '--skip', 'is for lines: it needs --json-lines');
  }
  const skip = skipOf(parsed);
  const asked = { side: 'outgoing', uri: given.uri, login: loginOf(parsed), options: parsed.options } as const;
  const { settings, logger } = await openBrokerCommand(asked, env, io);
  if (settings.sink.kind !== 'broker') {
    throw new StompctlError('INTERNAL', 'send', settings.sink.kind, 'the sink is no broker');
  }
  const { end } = oneBrokerSink(settings.sink, settings, { clock: systemClock, logger, env });
  const stop = new AbortController();
  const sending = { given, sink: end, settings, io, stopped: stop.signal };
  try {
    // read before anything is opened: a file that is not there costs no session
    const message = lines ? undefined : await messageOfInput(sending);
    const callOff = () => {
      stop.abort();
      void end.close();
    };
    return await unlessStopped(io, { name: 'send', before: 'all was confirmed', callOff }, async () => {
      await end.open();
      return message === undefined ? sendLines(sending, skip) : sendOne(message, sending);
    });
  } finally {
    await end.close();
    await logger.flush();
  }
}

function skipOf({ flagValues }: ParsedArguments): number {
  const text = flagValues.get('skip') ?? '0';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new StompctlError('USAGE', 'option', '--skip', `must be a whole number from 0 on, not "${text}"`);
}

async function messageOfInput({ given: { file, header, destination }, settings, io }: Sending): Promise<Message> {
  const input = openInput(file, () => io.input?.() ?? process.stdin, false);
  const body = await readAll(input, file ?? 'standard input', settings);
  return new Message(newHeader({ ...header, destination }), body, looksLikeText(header['content-type'], body));
}

async function sendOne(message: Message, sending: Sending): Promise<number> {
  await sending.sink.send(message);
  sending.io.out.write(summary(1, sending));
  return EXIT_CODES.ok;
}

/** A line that is no message is told and passed over. One that ends early says with which `--skip` it can be gone on with. */
async function sendLines(sending: Sending, skip: number): Promise<number> {
  const { given, sink, settings, io, stopped } = sending;
  const { file, header, destination } = given;
  const name = file === undefined || file === '-' ? 'standard input' : file;
  const complain = (text: string) => io.err.write(`stompctl: ${printable(text)}\n`);
  const complaints = new Complaints(complain);
  const limits = { maxMessageSize: settings.maxMessageSize };
  const input = openInput(file, () => io.input?.() ?? process.stdin, true);
  const writer = new BulkWriter(sink);
  let last = skip;
  try {
    for await (const line of linesOf(input.stream, name, largestFile(limits.maxMessageSize), stopped)) {
      if (line.number <= skip) continue;
      last = line.number;
      const message = messageOf(line.bytes, `${name}:${line.number}`, limits, complaints);
      if (message === undefined) continue;
      const whole = newHeader({ ...message.header, ...header, destination });
      await writer.send(new Message(whole, message.body, message.text), line.number);
    }
    await writer.finish();
    if (stopped.aborted) throw new StompctlError('SESSION_CLOSED', 'send', sink.name, 'stopped by a signal');
  } catch (error) {
    await writer.finish().catch(() => undefined);
    const next = writer.firstUnsafe === undefined ? last : writer.firstUnsafe - 1;
    complain(
      `${messages(writer.written)} had been confirmed before this; to go on: the same command with --skip ${next}`,
    );
    throw error;
  }
  complaints.finish();
  io.out.write(summary(writer.written, sending));
  return complaints.count === 0 ? EXIT_CODES.ok : EXIT_CODES.someMessagesLeft;
}

function messageOf(
  bytes: Buffer | undefined,
  place: string,
  limits: { readonly maxMessageSize: number },
  complaints: Complaints,
): Message | undefined {
  if (bytes === undefined) {
    complaints.add(`send(${place}): the line is longer than any message, or long and no JSON object`);
    return undefined;
  }
  try {
    return decodeMessage(bytes, limits, place, LINE_FORM);
  } catch (error) {
    if (!(error instanceof StompctlError)) throw error;
    complaints.add(error.message);
    return undefined;
  }
}

function summary(count: number, { given, settings }: Sending): string {
  const unconfirmed = settings.reliable ? '' : ', which nobody confirms over UDP';
  return printable(`sent ${messages(count)} to ${given.destination}${unconfirmed}`).concat('\n');
}
