import { reasonOf, StompctlError } from '../../base/errors.js';
import type { StopSignal } from '../../daemon/signals.js';
import { decodeMessage, largestFile } from '../../message/json.js';
import { LINE_FORM, linesOf } from '../../message/json-lines.js';
import { type Header, Message, newHeader } from '../../message/message.js';
import { startLiveLine } from '../command-line/progress.js';
import { Complaints, messages } from './complaints.js';
import { readHeaders } from './header-text.js';
import { type Input, openInput } from './input.js';
import { LARGEST_MESSAGE } from './open-queue.js';
import type { QueueContext } from './queue-context.js';
import { addedTo, BulkWriter, openSink } from './queue-writer.js';
import { stoppedText, sweptExitCode } from './sweep.js';

/**
 * `stompctl queue import`, and `add --json-lines`: each line is a message as DQS keeps it. A line that is none is told and
 * passed over; the exit code is then 1. `--header` is added to every message. One that ends early says with which `--skip`
 * it can be gone on with.
 */
export async function importLines({ args, output, complain, input, signals }: QueueContext): Promise<number> {
  const header = readHeaders(args.values('header'));
  const skip = args.number('skip') ?? 0;
  const { path } = args;
  const [file] = args.operands;
  const name = file === undefined || file === '-' ? 'standard input' : file;
  const sink = await openSink(addedTo(args));
  const writer = new BulkWriter(sink);
  const complaints = new Complaints(complain);
  const interrupt = new AbortController();
  signals.onStop(() => interrupt.abort());
  const opened = openInput(file, input, true);
  const progress = startLiveLine(process.stderr, progressText(writer, opened));
  let last = skip;
  let stopped: StopSignal | undefined;
  try {
    for await (const line of linesOf(opened.stream, name, largestFile(LARGEST_MESSAGE), interrupt.signal)) {
      if (line.number <= skip) continue;
      last = line.number;
      const message = read(line.bytes, `${name}:${line.number}`, complaints);
      if (message !== undefined) await writer.send(withHeaders(message, header), line.number);
    }
    // once it has come to the end of its input nothing is left to stop
    if (interrupt.signal.aborted) stopped = signals.stopped;
    await writer.finish();
  } catch (error) {
    // what is under way may still become safe
    await writer.finish().catch(() => undefined);
    progress.stop();
    const next = writer.firstUnsafe === undefined ? last : writer.firstUnsafe - 1;
    if (writer.written > 0)
      complain(`${messages(writer.written)} had been added to ${path} before this; ${goOn(next)}:`);
    throw error;
  } finally {
    progress.stop();
    await sink.close();
  }
  complaints.finish();
  await output.write(`added ${messages(writer.written)} to ${path}${stoppedText(stopped)}\n`);
  if (stopped !== undefined) complain(`stopped by ${stopped}, at line ${last} of ${name}; ${goOn(last)}`);
  return sweptExitCode({ failed: complaints.count, stopped });
}

/** What was added is not added again. */
function goOn(skip: number): string {
  return `to go on behind what was added: the same command with --skip ${skip}`;
}

function progressText(writer: BulkWriter, { share }: Input): () => string {
  const startedMs = performance.now();
  return () => {
    const rate = writer.written / Math.max((performance.now() - startedMs) / 1000, 0.001);
    const part = share();
    const read = part === undefined ? '' : `, ${Math.floor(part * 100)}% read`;
    return `added ${messages(writer.written)}, ${Math.round(rate)} msg/s${read}`;
  };
}

function read(bytes: Buffer | undefined, place: string, complaints: Complaints): Message | undefined {
  if (bytes === undefined) {
    complaints.add(`import(${place}): the line is longer than any message, or long and no JSON object`);
    return undefined;
  }
  try {
    return decodeMessage(bytes, { maxMessageSize: LARGEST_MESSAGE }, place, LINE_FORM);
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
