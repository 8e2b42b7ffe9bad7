import { encodeHead, needsContentLength } from './codec/encoder.js';
import { EMPTY_BODY, type FrameHeader, type StompVersion } from './codec/frame.js';
import type { Transport } from './transport/transport.js';

const ROOM = 65_536;
/** bodies up to this are copied beside their headers, larger ones handed over as they are */
const COPIED_BODY = 16_384;
/** with more than this not yet taken by the system, `blocked` is true */
const HIGH_WATER = 1024 * 1024;
const NUL = Buffer.alloc(1);

/**
 * The one way out of a session, in order: frames are put together and leave once a turn of the event loop, or earlier when there
 * are many. It counts bytes: `accepted` and `written` (taken by the system), both since the start.
 */
export class FrameWriter {
  readonly #transport: Transport;
  #room = Buffer.allocUnsafeSlow(ROOM);
  /** what of the room is handed over, and what is filled */
  #from = 0;
  #to = 0;
  #scheduled = false;
  #corked = false;
  #accepted = 0;
  #written = 0;
  #waiters: { readonly offset: number; readonly done: () => void }[] = [];
  /** Called whenever the system has taken some bytes. */
  onWritten: () => void = () => undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get accepted(): number {
    return this.#accepted;
  }

  get written(): number {
    return this.#written;
  }

  /** More is waiting than is good: hold further messages back until `onWritten`. */
  get blocked(): boolean {
    return this.#accepted - this.#written > HIGH_WATER;
  }

  /**
   * Adds one frame; returns `accepted` after it. `body` must not be changed until it is written; `extra` and `skip` as in `encodeHead`. Errors: MESSAGE_BAD_HEADER, and
   * then nothing was added.
   */
  frame(
    command: string,
    header: Readonly<FrameHeader>,
    body: Buffer = EMPTY_BODY,
    version: StompVersion = '1.2',
    contentLength: boolean = body.length > 0,
    extra = '',
    skip?: ReadonlySet<string>,
  ): number {
    const counted = contentLength || needsContentLength(body);
    const head = encodeHead(command, header, counted ? body.length : undefined, version, extra, skip);
    this.#cork();
    if (this.#transport.framed === true) return this.#whole(head, body);
    this.#text(head);
    if (body.length <= COPIED_BODY) {
      this.#ensure(body.length + 1);
      body.copy(this.#room, this.#to);
      this.#to += body.length;
      this.#room[this.#to++] = 0;
      this.#accepted += body.length + 1;
    } else {
      this.#handOver();
      this.#accepted += body.length + 1;
      this.#write(body);
      this.#write(NUL);
    }
    return this.#accepted;
  }

  /** Adds bytes as they are: a heart-beat, or a frame that stompjs made. */
  raw(bytes: Buffer): void {
    this.#cork();
    this.#handOver();
    this.#accepted += bytes.length;
    this.#write(bytes);
  }

  /** Hands over now what was added so far. */
  flush(): void {
    this.#handOver();
    if (!this.#corked) return;
    this.#corked = false;
    this.#transport.uncork();
  }

  /** Calls `done` once the first `offset` bytes are written; never, when the connection ends before. */
  whenWritten(offset: number, done: () => void): void {
    if (this.#written >= offset) done();
    else this.#waiters.push({ offset, done });
  }

  #whole(head: string, body: Buffer): number {
    const bytes = Buffer.concat([Buffer.from(head), body, NUL]);
    this.#accepted += bytes.length;
    this.#write(bytes);
    return this.#accepted;
  }

  #text(head: string): void {
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    if (head.length * 3 > ROOM) {
      const bytes = Buffer.from(head);
      this.#handOver();
      this.#accepted += bytes.length;
      this.#write(bytes);
      return;
    }
    this.#ensure(head.length * 3);
    const length = this.#room.write(head, this.#to, 'utf8');
    this.#to += length;
    this.#accepted += length;
  }

  #ensure(bytes: number): void {
    if (this.#room.length - this.#to >= bytes) return;
    this.#handOver();
    this.#room = Buffer.allocUnsafeSlow(ROOM);
    this.#from = 0;
    this.#to = 0;
  }

  #cork(): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#transport.cork();
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  #handOver(): void {
    if (this.#to === this.#from) return;
    const bytes = this.#room.subarray(this.#from, this.#to);
    this.#from = this.#to;
    this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    this.#transport.write(bytes, () => {
      this.#written += bytes.length;
      while (this.#waiters.length > 0 && (this.#waiters[0]?.offset ?? 0) <= this.#written)
        this.#waiters.shift()?.done();
      this.onWritten();
    });
  }
}
