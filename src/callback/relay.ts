import { isUtf8 } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { unlessAborted } from '../base/wait.js';
import { type LogRecord, RECORD } from './border/board.js';
import { FieldReader, MalformedFields } from './border/fields.js';
import { readText } from './crossed.js';

export type CallbackLogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface RelayOptions {
  /**
   * What goes to standard output, in the order of the messages; bytes when they are no UTF-8 (Perl only). When it gives a
   * promise, that is waited for.
   */
  readonly onPrint: (printed: string | Uint8Array) => unknown;
  readonly onLog: (level: CallbackLogLevel, text: string) => void;
}

/** Hands on what the code printed and logged, no faster than it is taken, and lets the event loop turn meanwhile. */
export class Relay {
  readonly #options: RelayOptions;
  #turnedMs = performance.now();
  readonly #released = new AbortController();

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Resolves when the next record may come; undefined: at once. */
  take(record: LogRecord): Promise<void> | undefined {
    if (record.kind === RECORD.print) return this.#print(record.bytes);
    if (record.kind === RECORD.log) this.#log(record.bytes);
    if (performance.now() - this.#turnedMs < TURN_MS) return undefined;
    return nextTurn().then(() => {
      this.#turnedMs = performance.now();
    });
  }

  /** Nobody waits for a reader any more, now or later. */
  release(): void {
    this.#released.abort();
  }

  async #print(bytes: Buffer): Promise<void> {
    let start = 0;
    while (start < bytes.length) {
      const end = pieceEnd(bytes, start);
      const piece = bytes.subarray(start, end);
      const taken: unknown = this.#options.onPrint(isUtf8(piece) ? piece.toString('utf8') : Buffer.from(piece));
      start = end;
      if (!(taken instanceof Promise) || this.#released.signal.aborted) continue;
      // a reader that is gone is told elsewhere
      const whatever = taken.catch(() => undefined);
      await unlessAborted(whatever, this.#released.signal);
    }
  }

  #log(bytes: Buffer): void {
    try {
      const fields = new FieldReader(bytes);
      const level = readText(fields.next(), LONGEST_LEVEL);
      const text = readText(fields.next(), LONGEST_LINE);
      fields.end();
      const shown = text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text;
      this.#options.onLog(isLevel(level) ? level : 'info', shown);
    } catch (error) {
      if (!(error instanceof MalformedFields)) throw error;
      this.#options.onLog('warn', 'the callback logged something that cannot be read');
    }
  }
}

/** No character is cut in two: bytes that go on a character begin with the bits 10. */
function pieceEnd(bytes: Buffer, start: number): number {
  let end = Math.min(bytes.length, start + PIECE_BYTES);
  while (end < bytes.length && end > start + 1 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return end;
}

function isLevel(level: string): level is CallbackLogLevel {
  return level === 'debug' || level === 'info' || level === 'warn' || level === 'error';
}

const PIECE_BYTES = 1024 * 1024;
const TURN_MS = 10;
const LONGEST_LEVEL = 20;
/** UTF-16 units of a log line */
const LONGEST_LINE = 10_000;
