import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { unlessAborted } from '../base/wait.js';

/** what is said of a line that is something else */
export const LINE_FORM = 'a line is a message: {"header":{...},"body":"..."}';

const LINE_END = 0x0a;
const OBJECT_START = 0x7b;
/** bytes kept of a line that does not start as a message does: enough to say what is wrong with it */
const KEPT_OF_OTHERS = 65_536;
/** a line longer than any message is passed over when it ends before this */
const ENDLESS = 2 ** 30;
/** blank lines of one piece after which others have their turn: who writes nothing else keeps nobody waiting */
const MANY_BLANK = 1000;

export interface InputLine {
  /** from 1 on */
  readonly number: number;
  /** without its end; undefined: longer than `longest`, or long and no JSON object */
  readonly bytes: Buffer | undefined;
}

/**
 * The lines that are not blank. Holds one of them at a time, and little of one that cannot be a message. Rejects with
 * INPUT_UNREADABLE, also for a line that does not end in time (of a device, of a file of another kind): it is not read to
 * its end, which need not come. Ends, and closes the input, when `stop` is aborted; `keepsLast`: then a line is given that has not ended.
 */
export async function* linesOf(
  input: Readable,
  name: string,
  longest: number,
  stop?: AbortSignal,
  keepsLast = false,
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
    let blank = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      push(chunk.subarray(from, end));
      from = end + 1;
      if (!line.isBlank) yield { number, bytes: line.bytes() };
      else if (++blank % MANY_BLANK === 0) await nextTurn();
      if (stop?.aborted) return;
      line.clear();
      number += 1;
    }
    push(chunk.subarray(from));
  }
  if (!line.isBlank && (keepsLast || stop?.aborted !== true)) yield { number, bytes: line.bytes() };
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

/** The pieces of a stream, which is destroyed at the end. Rejects with INPUT_UNREADABLE. */
export async function* chunksOf(input: Readable, name: string, stop?: AbortSignal): AsyncGenerator<Buffer> {
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
