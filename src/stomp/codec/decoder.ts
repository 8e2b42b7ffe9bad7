import { StompctlError } from '../../base/errors.js';
import { ByteCollector } from './byte-collector.js';
import { unescapeText } from './escape.js';
import {
  DEFAULT_LIMITS,
  EMPTY_BODY,
  type Frame,
  type FrameHeader,
  type FrameLimits,
  newFrameHeader,
  type StompVersion,
} from './frame.js';

const LF = 10;
const CR = 13;
const EMPTY_LINE = Buffer.from('\n\n');
/** header lines remembered from one head to the next, of heads shorter than this: a slice keeps the whole head in memory */
const REMEMBERED = 32;
const MEMORABLE = 2048;
/** longest command line read before giving up: the longest command of STOMP has 11 letters */
const LONGEST_COMMAND = 64;
const COMMAND = /^[A-Z]+$/;

export interface DecoderOptions {
  /** default 1.2, which also reads CONNECT and CONNECTED of every version: these are never escaped */
  readonly version?: StompVersion;
  readonly limits?: Partial<FrameLimits>;
  /** a MESSAGE whose body is over the limit is handed over without it (`Frame.skippedBytes`), instead of FRAME_TOO_LARGE */
  readonly skipOversized?: boolean;
}

/**
 * Bytes in, frames out, in pieces of any size. Bodies that lie within one piece are slices of it, not copies.
 * It knows neither sockets nor sessions. Errors: FRAME_MALFORMED, FRAME_TOO_LARGE; after one, every `push` throws it again.
 */
export class FrameDecoder {
  /** Settable once negotiated, also from within `onFrame`: it holds from the next frame on. */
  version: StompVersion;
  readonly #limits: FrameLimits;
  readonly #skipOversized: boolean;
  #state: 'between' | 'head' | 'counted' | 'terminated' | 'nul' | 'skipped' = 'between';
  readonly #head = new ByteCollector();
  readonly #body = new ByteCollector();
  #command = '';
  #header: FrameHeader = newFrameHeader();
  #binaryHeader: FrameHeader | undefined;
  #bodyLength = 0;
  /** the `content-length` that `#bodyLength` was read from */
  #lengthText = '';
  /** bytes of a body over the limit that were read and forgotten; undefined: this body is kept */
  #skipped: number | undefined;
  /** a body that came in one piece */
  #whole: Buffer | undefined;
  #failure: unknown;
  /** the peer ends lines with CR LF, or did once: heads are then read byte by byte */
  #carriage = false;
  /** header lines of the last head, by position, and what they say: most come again in the next one */
  readonly #lines: string[] = [];
  readonly #names: string[] = [];
  readonly #values: string[] = [];

  constructor(options: DecoderOptions = {}) {
    this.version = options.version ?? '1.2';
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#skipOversized = options.skipOversized ?? false;
  }

  /** true when no frame has begun: the peer may stop here without loss */
  get atBoundary(): boolean {
    return this.#state === 'between';
  }

  /** The frames that `chunk` completes. The bytes of `chunk` must not be changed while a body of them is in use. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    this.feed(chunk, (frame) => frames.push(frame));
    return frames;
  }

  /** As `push`, handing over each frame as soon as it is complete, so that the version may change in between. */
  feed(chunk: Buffer, onFrame: (frame: Frame) => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      let at = 0;
      while (at < chunk.length) at = this.#step(chunk, at, onFrame);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #step(chunk: Buffer, at: number, onFrame: (frame: Frame) => void): number {
    switch (this.#state) {
      case 'between':
        return this.#between(chunk, at);
      case 'head':
        return this.#readHead(chunk, at);
      case 'counted':
        return this.#readCounted(chunk, at);
      case 'terminated':
        return this.#readTerminated(chunk, at, onFrame);
      case 'skipped':
        return this.#readSkipped(chunk, at, onFrame);
      case 'nul':
        return this.#readNul(chunk, at, onFrame);
    }
  }

  /** STOMP 1.2 "Augmented BNF": any number of line ends may follow a frame; they are heart-beats too. */
  #between(chunk: Buffer, start: number): number {
    let at = start;
    let byte = chunk[at];
    while (byte === LF || byte === CR) byte = chunk[++at];
    if (byte === undefined) return at;
    if (byte < 65 || byte > 90) {
      const found = `0x${byte.toString(16).padStart(2, '0')}`;
      throw malformed(
        `a command expected, byte ${found} found; is this a STOMP port, and TLS on both sides or on none?`,
      );
    }
    this.#state = 'head';
    return at;
  }

  #readHead(chunk: Buffer, start: number): number {
    if (this.#head.length === 0 && !this.#carriage) {
      const end = chunk.indexOf(EMPTY_LINE, start) + 1;
      if (end > 0 && end - start < this.#limits.headerBytes) {
        const text = chunk.toString('utf8', start, end);
        if (!text.includes('\n\r\n')) {
          this.#endHead(text, chunk.subarray(start, end));
          return end + 1;
        }
        // The head has ended before, with CR LF: what was found lies in the body, or beyond.
        this.#carriage = true;
      }
    }
    return this.#readHeadBytes(chunk, start);
  }

  /** A head in several pieces, or with CR LF: a line of CR alone ends it on every version, as no header is without a colon. */
  #readHeadBytes(chunk: Buffer, start: number): number {
    const room = this.#limits.headerBytes - this.#head.length;
    const stop = chunk.length - start > room ? start + room : chunk.length;
    let previous = this.#head.fromEnd(1);
    let beforeThat = this.#head.fromEnd(2);
    for (let at = start; at < stop; at++) {
      const byte = chunk[at];
      if (byte === LF && (previous === LF || (previous === CR && beforeThat === LF))) {
        if (previous === CR) this.#carriage = true;
        this.#head.add(chunk, start, at);
        const view = this.#head.view();
        this.#endHead(view.toString('utf8'), view);
        this.#head.clear();
        return at + 1;
      }
      beforeThat = previous;
      previous = byte;
    }
    if (stop < chunk.length || room === 0) {
      throw tooLarge(`headers of more than ${this.#limits.headerBytes} bytes`);
    }
    this.#head.add(chunk, start, stop);
    const view = this.#head.view();
    if (view.length > LONGEST_COMMAND && !view.subarray(0, LONGEST_COMMAND + 1).includes(LF)) throw badCommand();
    return stop;
  }

  /** `text`: the head without the LF of its empty line; `bytes`: the same. */
  #endHead(text: string, bytes: Buffer): void {
    this.#parseHead(text);
    if (text.includes('\ufffd')) {
      const header = this.#header;
      this.#parseHead(bytes.toString('latin1'));
      this.#binaryHeader = this.#header;
      this.#header = header;
    }
    const length = this.#header['content-length'];
    if (length === undefined) {
      this.#state = 'terminated';
      return;
    }
    if (length !== this.#lengthText) {
      this.#bodyLength = bodyLength(length);
      this.#lengthText = length;
    }
    if (this.#bodyLength > this.#limits.bodyBytes) {
      this.#skip(this.#bodyLength, `a body of ${this.#bodyLength} bytes`);
      this.#skipped = 0;
      return;
    }
    this.#state = this.#bodyLength === 0 ? 'nul' : 'counted';
  }

  /** `text`: every line of the head with its LF, perhaps the CR of the empty line at the end. */
  #parseHead(text: string): void {
    // STOMP 1.2: a CR before the LF belongs to the line end; before 1.2 it is data, unless the command ends in CR too: then the peer
    // ends its lines so, whatever the version allows.
    let lineEnd = text.indexOf('\n');
    const carriage = text.charCodeAt(lineEnd - 1) === CR || (this.version === '1.2' && text.includes('\r'));
    const command = text.slice(0, text.charCodeAt(lineEnd - 1) === CR ? lineEnd - 1 : lineEnd);
    if (command !== this.#command && !COMMAND.test(command)) throw badCommand();
    const escaped = this.version !== '1.0' && command !== 'CONNECT' && command !== 'CONNECTED' && text.includes('\\');
    const header = newFrameHeader();
    const memorable = text.length < MEMORABLE;
    let count = 0;
    for (let at = lineEnd + 1; at < text.length; at = lineEnd + 1) {
      lineEnd = text.indexOf('\n', at);
      if (lineEnd < 0) break;
      const end = carriage && text.charCodeAt(lineEnd - 1) === CR ? lineEnd - 1 : lineEnd;
      const line = text.slice(at, end);
      if (count >= this.#limits.headerCount) throw tooLarge(`more than ${this.#limits.headerCount} headers`);
      const known = !escaped && line === this.#lines[count] ? this.#names[count] : undefined;
      if (known !== undefined) {
        header[known] ??= this.#values[count] ?? '';
      } else {
        const colon = line.indexOf(':');
        if (colon < 0) throw malformed(`a header line without a colon in a ${command} frame`);
        const name = escaped ? this.#unescape(line.slice(0, colon), command) : line.slice(0, colon);
        const value = escaped ? this.#unescape(line.slice(colon + 1), command) : line.slice(colon + 1);
        // STOMP 1.2 "Repeated Header Entries": the first one counts.
        if (header[name] === undefined) header[name] = value;
        if (memorable && !escaped && count < REMEMBERED) {
          this.#lines[count] = line;
          this.#names[count] = name;
          this.#values[count] = value;
        }
      }
      count += 1;
    }
    this.#command = command;
    this.#header = header;
  }

  /** An ERROR ends the session anyway: what it says is worth more than a complaint about its escapes. */
  #unescape(text: string, command: string): string {
    const plain = unescapeText(text);
    if (plain !== undefined) return plain;
    if (command === 'ERROR' || this.version === '1.1') return text;
    throw malformed(`an undefined escape in a header of a ${command} frame`);
  }

  #readCounted(chunk: Buffer, start: number): number {
    const missing = this.#bodyLength - this.#body.length;
    const end = Math.min(chunk.length, start + missing);
    if (end - start === this.#bodyLength) {
      this.#whole = chunk.subarray(start, end);
      this.#state = 'nul';
      return end;
    }
    this.#body.reserve(this.#bodyLength);
    this.#body.add(chunk, start, end);
    if (end - start === missing) this.#state = 'nul';
    return end;
  }

  #readNul(chunk: Buffer, at: number, onFrame: (frame: Frame) => void): number {
    if (chunk[at] !== 0) {
      throw malformed(`a ${this.#command} frame whose body is longer than its content-length of ${this.#bodyLength}`);
    }
    const kept = this.#bodyLength > 0 && this.#skipped === undefined;
    const body = this.#whole ?? (kept ? this.#body.take() : EMPTY_BODY);
    this.#emit(body, onFrame);
    return at + 1;
  }

  #readTerminated(chunk: Buffer, start: number, onFrame: (frame: Frame) => void): number {
    const nul = chunk.indexOf(0, start);
    const end = nul < 0 ? chunk.length : nul;
    if (this.#body.length + end - start > this.#limits.bodyBytes) {
      this.#skip(this.#body.length + end - start, 'a body without end');
      this.#skipped = this.#body.take().length;
      return start;
    }
    if (nul < 0) {
      this.#body.add(chunk, start, end);
      return end;
    }
    if (this.#body.length === 0) {
      this.#emit(start === end ? EMPTY_BODY : chunk.subarray(start, end), onFrame);
    } else {
      this.#body.add(chunk, start, end);
      this.#emit(this.#body.take(), onFrame);
    }
    return end + 1;
  }

  /** From here on the body is read and forgotten. Throws where that is not wanted, or too much. */
  #skip(bytes: number, what: string): void {
    const { bodyBytes, skippedBytes } = this.#limits;
    if (!this.#skipOversized || this.#command !== 'MESSAGE') {
      throw tooLarge(`${what}, more than ${bodyBytes} bytes (max-message-size)`);
    }
    if (bytes > skippedBytes) throw tooLarge(`${what}, more than can be skipped: ${skippedBytes} bytes`);
    this.#state = 'skipped';
  }

  #readSkipped(chunk: Buffer, start: number, onFrame: (frame: Frame) => void): number {
    const skipped = this.#skipped ?? 0;
    if (this.#header['content-length'] !== undefined) {
      const end = Math.min(chunk.length, start + this.#bodyLength - skipped);
      this.#skipped = skipped + end - start;
      if (this.#skipped === this.#bodyLength) this.#state = 'nul';
      return end;
    }
    const nul = chunk.indexOf(0, start);
    const end = nul < 0 ? chunk.length : nul;
    this.#skipped = skipped + end - start;
    this.#skip(this.#skipped, 'a body without end');
    if (nul < 0) return end;
    this.#emit(EMPTY_BODY, onFrame);
    return end + 1;
  }

  #emit(body: Buffer, onFrame: (frame: Frame) => void): void {
    let frame: Frame = { command: this.#command, header: this.#header, body };
    if (this.#skipped !== undefined) frame = { ...frame, skippedBytes: this.#skipped };
    if (this.#binaryHeader !== undefined) frame = { ...frame, binaryHeader: this.#binaryHeader };
    this.#skipped = undefined;
    this.#binaryHeader = undefined;
    this.#whole = undefined;
    this.#state = 'between';
    onFrame(frame);
  }
}

function bodyLength(value: string): number {
  if (!/^ *\d{1,15} *$/.test(value)) throw malformed('a content-length that is not a number');
  return Number(value);
}

function badCommand(): StompctlError {
  return malformed('the first line is not a STOMP command; is this a STOMP port?');
}

function malformed(reason: string): StompctlError {
  return new StompctlError('FRAME_MALFORMED', 'decode', 'frame', reason);
}

function tooLarge(reason: string): StompctlError {
  return new StompctlError('FRAME_TOO_LARGE', 'decode', 'frame', reason);
}
