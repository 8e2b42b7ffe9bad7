import { createReadStream, fstat, ReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import { unlessAborted } from '../../base/wait.js';
import { LARGEST_MESSAGE } from './open-queue.js';

const LINE_END = 0x0a;
const OBJECT_START = 0x7b;
/** bytes kept of a line that does not start as a message does: enough to say what is wrong with it */
const KEPT_OF_OTHERS = 65_536;
/** a line longer than any message is passed over when it ends before this */
const ENDLESS = 2 ** 30;

export interface Input {
  readonly stream: Readable;
  /** bytes of the file, soon after it was opened; undefined where that is not known */
  readonly size: () => number | undefined;
  /** how much of it has been read, from 0 to 1; undefined where its size is not known */
  readonly share: () => number | undefined;
}

/** The bytes of a file, or of standard input without one or with `-`; uncompressed when its name ends in `.gz`. */
export function openInput(file: string | undefined, standardInput: () => Readable, gunzip: boolean): Input {
  let size: number | undefined;
  const look = (fd: number): void => {
    fstat(fd, (error, info) => {
      if (error === null && info.isFile()) size = info.size;
    });
  };
  if (file === undefined || file === '-') {
    const stream = standardInput();
    if (stream instanceof ReadStream && 'fd' in stream && typeof stream.fd === 'number') look(stream.fd);
    return { stream, size: () => size, share: () => undefined };
  }
  const raw = createReadStream(file);
  // not before it is open: a mount that does not answer would keep signals from being heard
  raw.once('open', look);
  const share = () => (size === undefined || size === 0 ? undefined : Math.min(raw.bytesRead / size, 1));
  // what goes wrong reaches the reader through the last stream
  const stream = gunzip && file.endsWith('.gz') ? pipeline(raw, createGunzip(), () => undefined) : raw;
  return { stream, size: () => size, share };
}

/** Everything, when that is no more than a message may have: of a larger file little is read. Rejects with INPUT_UNREADABLE or MESSAGE_TOO_LARGE. */
export async function readAll(
  input: Pick<Input, 'stream' | 'size'>,
  name: string,
  { maxMessageSize }: { readonly maxMessageSize: number },
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(input.stream, name)) {
    bytes += chunk.length;
    const size = Math.max(bytes, input.size() ?? 0);
    if (size > maxMessageSize) throw tooLarge(name, input.size(), maxMessageSize);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function tooLarge(name: string, size: number | undefined, most: number): StompctlError {
  const has = size === undefined ? '' : `has ${size} bytes, `;
  const advice = most < LARGEST_MESSAGE ? '; raise --max-message-size' : '';
  const reason = `${has}more than ${most} bytes, the most that a message may have${advice}`;
  return new StompctlError('MESSAGE_TOO_LARGE', 'read', name, reason);
}

export interface InputLine {
  /** from 1 on */
  readonly number: number;
  /** without its end; undefined: longer than `longest`, or long and no JSON object */
  readonly bytes: Buffer | undefined;
}

/**
 * The lines that are not blank. Holds one of them at a time, and little of one that cannot be a message. Rejects with
 * INPUT_UNREADABLE, also for a line that does not end in time (of a device, of a file of another kind): it is not read to
 * its end, which need not come. Ends, and closes the input, when `stop` is aborted.
 */
export async function* linesOf(
  input: Readable,
  name: string,
  longest: number,
  stop?: AbortSignal,
): AsyncGenerator<InputLine> {
  const line = new LineBuffer(longest);
  let number = 1;
  const push = (piece: Buffer) => {
    if (line.push(piece) <= ENDLESS) return;
    const reason = `no line ends in ${ENDLESS} bytes: give a file of JSON lines`;
    throw new StompctlError('INPUT_UNREADABLE', 'read', `${name}:${number}`, reason);
  };
  for await (const chunk of chunksOf(input, name, stop)) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      push(chunk.subarray(from, end));
      from = end + 1;
      if (!line.isBlank) yield { number, bytes: line.bytes() };
      if (stop?.aborted) return;
      line.clear();
      number += 1;
    }
    push(chunk.subarray(from));
  }
  if (!line.isBlank && stop?.aborted !== true) yield { number, bytes: line.bytes() };
}

/** The pieces of one line, without the blanks before it; of what is no message only so much that it fits into one chunk. */
class LineBuffer {
  readonly #longest: number;
  #pieces: Buffer[] = [];
  #kept = 0;
  #length = 0;
  #isObject = false;
  isBlank = true;

  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Returns the length of the line so far. */
  push(piece: Buffer): number {
    this.#length += piece.length;
    if (this.isBlank) {
      const start = piece.findIndex((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0d);
      if (start < 0) return this.#length;
      this.isBlank = false;
      this.#isObject = piece[start] === OBJECT_START;
    }
    this.#kept += piece.length;
    if (this.#kept > this.#limit) this.#pieces = [];
    else this.#pieces.push(piece);
    return this.#length;
  }

  /** A copy: whoever decodes it may change it. */
  bytes(): Buffer | undefined {
    return this.#kept > this.#limit ? undefined : Buffer.concat(this.#pieces, this.#kept);
  }

  get #limit(): number {
    return this.#isObject ? this.#longest : Math.min(this.#longest, KEPT_OF_OTHERS);
  }

  clear(): void {
    this.#pieces = [];
    this.#kept = 0;
    this.#length = 0;
    this.#isObject = false;
    this.isBlank = true;
  }
}

async function* chunksOf(input: Readable, name: string, stop?: AbortSignal): AsyncGenerator<Buffer> {
  const chunks = input[Symbol.asyncIterator]();
  try {
    while (true) {
      // a file whose opening hangs cannot be closed either: what becomes of it is not waited for
      const next = stop === undefined ? await chunks.next() : await unlessAborted(chunks.next(), stop);
      if (next === 'aborted' || next.done) return;
      const chunk: unknown = next.value;
      yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    }
  } catch (error) {
    if (error instanceof StompctlError) throw error;
    const reason = errnoOf(error) === 'ENOENT' ? 'there is no such file' : reasonOf(error);
    throw new StompctlError('INPUT_UNREADABLE', 'read', name, reason, error);
  } finally {
    input.destroy();
  }
}
