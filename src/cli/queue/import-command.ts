import { reasonOf, StompctlError } from '../../base/errors.js';
import { decodeMessage, largestFile } from '../../message/json.js';
import { type Header, Message, newHeader } from '../../message/message.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import { Complaints, messages } from './complaints.js';
import { readHeaders } from './header-text.js';
import { linesOf, openInput } from './input.js';
import { LARGEST_MESSAGE } from './open-queue.js';
import type { QueueContext } from './queue-context.js';
import { addedTo, BulkWriter, openSink } from './queue-writer.js';

/**
 * `stompctl queue import`, and `add --json-lines`: each line is a message as DQS keeps it. A line that is none is told and
 * passed over; the exit code is then 1. `--header` is added to every message.
 */
export async function importLines({ args, output, complain, input }: QueueContext): Promise<number> {
  const header = readHeaders(args.values('header'));
  const { path } = args;
  const [file] = args.operands;
  const name = file === undefined || file === '-' ? 'standard input' : file;
  const sink = await openSink(addedTo(args));
  const writer = new BulkWriter(sink);
  const complaints = new Complaints(complain);
  try {
    for await (const line of linesOf(openInput(file, input, true), name, largestFile(LARGEST_MESSAGE))) {
      const message = read(line.bytes, `${name}:${line.number}`, complaints);
      if (message !== undefined) await writer.send(withHeaders(message, header));
    }
    await writer.finish();
  } catch (error) {
    if (writer.written > 0) complain(`${messages(writer.written)} had been added to ${path} before this:`);
    throw error;
  } finally {
    await sink.close();
  }
  complaints.finish();
  await output.write(`added ${messages(writer.written)} to ${path}\n`);
  return complaints.count === 0 ? EXIT_CODES.ok : EXIT_CODES.someMessagesLeft;
}

function read(bytes: Buffer | undefined, place: string, complaints: Complaints): Message | undefined {
  if (bytes === undefined) {
    complaints.add(`import(${place}): the line is longer than any message, or long and no JSON object`);
    return undefined;
  }
  try {
    return decodeMessage(bytes, { maxMessageSize: LARGEST_MESSAGE }, place);
  } catch (error) {
    if (!(error instanceof StompctlError)) throw error;
    complaints.add(reasonOf(error));
    return undefined;
  }
}

function withHeaders(message: Message, header: Readonly<Header>): Message {
  for (const _name in header) {
    return new Message(newHeader({ ...message.header, ...header }), message.body, message.text);
  }
  return message;
}
