import { StompctlError } from '../base/errors.js';
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
const BACKSLASH = 92;
/** longest command line read before giving up: the longest command of STOMP has 11 letters */
const LONGEST_COMMAND = 64;
const COMMAND = /^[A-Z]+$/;

export interface DecoderOptions {
  /** default 1.2, which also reads CONNECT and CONNECTED of every version: these are never escaped */
  readonly version?: StompVersion;
  readonly limits?: Partial<FrameLimits>;
}

/**
 * Bytes in, frames out, in pieces of any size. Bodies that lie within one piece are slices of it, not copies.
 * It knows neither sockets nor sessions. Errors: FRAME_MALFORMED, FRAME_TOO_LARGE; after one, every `push` throws it again.
 */
export class FrameDecoder {
  /** Settable once negotiated, also from within `onFrame`: it holds from the next frame on. */
  version: StompVersion;
  readonly #limits: FrameLimits;
  #state: 'between' | 'head' | 'counted' | 'terminated' | 'nul' = 'between';
  readonly #head = new ByteCollector();
  readonly #body = new ByteCollector();
  #command = '';
  #header: FrameHeader = newFrameHeader();
  #bodyLength = 0;
  /** a body that came in one piece */
  #whole: Buffer | undefined;
  #failure: unknown;
  /** of the bytes of the head so far: whether one is not ASCII, whether one is a backslash */
  #sevenBit = true;
  #escaped = false;

  constructor(options: DecoderOptions = {}) {
    this.version = options.version ?? '1.2';
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
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
    this.#sevenBit = true;
    this.#escaped = false;
    return at;
  }

  #readHead(chunk: Buffer, start: number): number {
    const earlier = this.#head.length;
    const room = this.#limits.headerBytes - earlier;
    const stop = chunk.length - start > room ? start + room : chunk.length;
    let previous = this.#head.fromEnd(1);
    let beforeThat = this.#head.fromEnd(2);
    const carriage = this.version === '1.2';
    let bits = 0;
    for (let at = start; at < stop; at++) {
      const byte = chunk[at] as number;
      if (byte === LF && (previous === LF || (carriage && previous === CR && beforeThat === LF))) {
        if (bits > 127) this.#sevenBit = false;
        this.#endHead(chunk, start, at);
        return at + 1;
      }
      if (byte === BACKSLASH) this.#escaped = true;
      bits |= byte;
      beforeThat = previous;
      previous = byte;
    }
    if (bits > 127) this.#sevenBit = false;
    if (stop < chunk.length || room === 0) {
      throw tooLarge(`headers of more than ${this.#limits.headerBytes} bytes`);
    }
    this.#head.add(chunk, start, stop);
    const view = this.#head.view();
    if (view.length > LONGEST_COMMAND && !view.subarray(0, LONGEST_COMMAND + 1).includes(LF)) throw badCommand();
    return stop;
  }

  /** `end` is the LF of the empty line that closes the head. */
  #endHead(chunk: Buffer, start: number, end: number): void {
    let head = chunk;
    let from = start;
    let to = end;
    if (this.#head.length > 0) {
      this.#head.add(chunk, start, end);
      head = this.#head.view();
      from = 0;
      to = head.length;
    }
    const text = head.toString(this.#sevenBit ? 'latin1' : 'utf8', from, to);
    this.#head.clear();
    this.#parseHead(text);
    const length = this.#header['content-length'];
    if (length === undefined) {
      this.#state = 'terminated';
      return;
    }
    this.#bodyLength = bodyLength(length);
    if (this.#bodyLength > this.#limits.bodyBytes) {
      throw tooLarge(`a body of ${this.#bodyLength} bytes, more than ${this.#limits.bodyBytes} (max-message-size)`);
    }
    this.#state = this.#bodyLength === 0 ? 'nul' : 'counted';
  }

  /** `text`: every line of the head with its LF; with STOMP 1.2 perhaps the CR of the empty line at the end. */
  #parseHead(text: string): void {
    // STOMP 1.2: a CR before the LF belongs to the line end; before 1.2 it is data.
    const carriage = this.version === '1.2' && text.includes('\r');
    let lineEnd = text.indexOf('\n');
    const command = text.slice(0, carriage && text.charCodeAt(lineEnd - 1) === CR ? lineEnd - 1 : lineEnd);
    if (!COMMAND.test(command)) throw badCommand();
    const escaped = this.#escaped && this.version !== '1.0' && command !== 'CONNECT' && command !== 'CONNECTED';
    const header = newFrameHeader();
    let count = 0;
    for (let at = lineEnd + 1; at < text.length; at = lineEnd + 1) {
      lineEnd = text.indexOf('\n', at);
      if (lineEnd < 0) break;
      const end = carriage && text.charCodeAt(lineEnd - 1) === CR ? lineEnd - 1 : lineEnd;
      const colon = text.indexOf(':', at);
      if (colon < 0 || colon > end) throw malformed(`a header line without a colon in a ${command} frame`);
      if (++count > this.#limits.headerCount) throw tooLarge(`more than ${this.#limits.headerCount} headers`);
      let name = text.slice(at, colon);
      let value = text.slice(colon + 1, end);
      if (escaped) {
        name = this.#unescape(name, command);
        value = this.#unescape(value, command);
      }
      // STOMP 1.2 "Repeated Header Entries": the first one counts.
      if (header[name] === undefined) header[name] = value;
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
    const body = this.#whole ?? (this.#bodyLength === 0 ? EMPTY_BODY : this.#body.take());
    this.#emit(body, onFrame);
    return at + 1;
  }

  #readTerminated(chunk: Buffer, start: number, onFrame: (frame: Frame) => void): number {
    const nul = chunk.indexOf(0, start);
    const end = nul < 0 ? chunk.length : nul;
    if (this.#body.length + end - start > this.#limits.bodyBytes) {
      throw tooLarge(`a body of more than ${this.#limits.bodyBytes} bytes (max-message-size)`);
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

  #emit(body: Buffer, onFrame: (frame: Frame) => void): void {
    const frame: Frame = { command: this.#command, header: this.#header, body };
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
