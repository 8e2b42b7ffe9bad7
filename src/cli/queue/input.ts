import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import { LARGEST_MESSAGE } from './open-queue.js';

const LINE_END = 0x0a;

/** The bytes of a file, or of standard input without one or with `-`; uncompressed when its name ends in `.gz`. */
export function openInput(file: string | undefined, standardInput: () => Readable, gunzip: boolean): Readable {
  if (file === undefined || file === '-') return standardInput();
  const stream = createReadStream(file);
  // what goes wrong reaches the reader through the last stream
  return gunzip && file.endsWith('.gz') ? pipeline(stream, createGunzip(), () => undefined) : stream;
}

/** Everything, when that is no more than a message may have. Rejects with INPUT_UNREADABLE or MESSAGE_TOO_LARGE. */
export async function readAll(input: Readable, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(input, name)) {
    bytes += chunk.length;
    if (bytes > LARGEST_MESSAGE) {
      const reason = `more than ${LARGEST_MESSAGE} bytes, the most that a message may have`;
      throw new StompctlError('MESSAGE_TOO_LARGE', 'read', name, reason);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

export interface InputLine {
  /** from 1 on */
  readonly number: number;
  /** without its end; undefined: longer than `longest` */
  readonly bytes: Buffer | undefined;
}

/** The lines that are not blank. Holds one of them at a time. Rejects with INPUT_UNREADABLE. */
export async function* linesOf(input: Readable, name: string, longest: number): AsyncGenerator<InputLine> {
  const line = new LineBuffer(longest);
  let number = 0;
  for await (const chunk of chunksOf(input, name)) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      line.push(chunk.subarray(from, end));
      from = end + 1;
      number += 1;
      if (!line.isBlank) yield { number, bytes: line.bytes() };
      line.clear();
    }
    line.push(chunk.subarray(from));
  }
  if (!line.isBlank) yield { number: number + 1, bytes: line.bytes() };
}

/** The pieces of one line; what is too long is counted, not kept. */
class LineBuffer {
  readonly #longest: number;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(longest: number) {
    this.#longest = longest;
  }

  push(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > this.#longest) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  get isBlank(): boolean {
    return this.#length <= this.#longest && this.#pieces.every((piece) => /^[ \t\r]*$/.test(piece.toString('latin1')));
  }

  /** A copy: whoever decodes it may change it. */
  bytes(): Buffer | undefined {
    return this.#length > this.#longest ? undefined : Buffer.concat(this.#pieces, this.#length);
  }

  clear(): void {
    this.#pieces = [];
    this.#length = 0;
  }
}

async function* chunksOf(input: Readable, name: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of input) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
  } catch (error) {
    if (error instanceof StompctlError) throw error;
    const reason = errnoOf(error) === 'ENOENT' ? 'there is no such file' : reasonOf(error);
    throw new StompctlError('INPUT_UNREADABLE', 'read', name, reason, error);
  }
}
