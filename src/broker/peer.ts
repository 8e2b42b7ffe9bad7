import type { Duplex } from 'node:stream';
import { FrameDecoder } from '../stomp/codec/decoder.js';
import type { Frame, FrameLimits, StompVersion } from '../stomp/codec/frame.js';
import type { FaultPeer } from './fault.js';
import type { FaultSet } from './fault-set.js';
import { encodeOutgoing, encodeOutgoingHead, NUL, type OutgoingFrame } from './outgoing-frame.js';

/** waiting bytes past which no more MESSAGE goes to this peer */
const CONGESTED_BYTES = 1024 * 1024;
/** waiting bytes past which the peer is not read either: it asks for more answers than it takes */
const CHOKED_BYTES = 4 * 1024 * 1024;
/** bodies from this size on are written as they are instead of being copied behind their head */
const BIG_BODY_BYTES = 16 * 1024;
/** the longest that a closed connection waits for the other side to close */
const CLOSE_LINGER_MS = 1000;
const HEART_BEAT = Buffer.from('\n');

export interface PeerEvents {
  frame(frame: Frame): void;
  /** what arrived is not STOMP, or too much of it; no frame follows */
  malformed(error: unknown): void;
  /** room again after `congested` */
  drained(): void;
  /** exactly once, however the connection ended, as soon as nothing more will be read or written */
  closed(): void;
}

/** One connection: frames in and out, heart-beats, limits, and what faults may do. Knows nothing of queues. */
export class Peer implements FaultPeer {
  readonly number: number;
  version: StompVersion | undefined;
  readonly #stream: Duplex;
  readonly #faults: FaultSet;
  readonly #decoder: FrameDecoder;
  #events: PeerEvents | undefined;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #flushing = false;
  #deaf = false;
  #mute = false;
  #over = false;
  #readingStopped = false;
  #choked = false;
  #heard = true;
  #spoke = false;
  #timers: NodeJS.Timeout[] = [];

  constructor(number: number, stream: Duplex, limits: Partial<FrameLimits>, faults: FaultSet) {
    this.number = number;
    this.#stream = stream;
    this.#faults = faults;
    this.#decoder = new FrameDecoder({ limits });
  }

  /** Begins to read. */
  start(events: PeerEvents): void {
    this.#events = events;
    this.#stream.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#stream.on('drain', () => this.#drained());
    // A reset is how some clients leave; 'close' follows every error.
    this.#stream.on('error', () => this.destroy());
    this.#stream.on('close', () => this.#end());
    this.#faults.accepted(this);
  }

  get open(): boolean {
    return !this.#over;
  }

  get congested(): boolean {
    return this.#pendingBytes + this.#stream.writableLength > CONGESTED_BYTES;
  }

  /** A fault has made it so. */
  get silent(): boolean {
    return this.#mute;
  }

  /** From the next frame on, both ways. */
  speak(version: StompVersion): void {
    this.version = version;
    this.#decoder.version = version;
  }

  write(bytes: Buffer): void {
    if (this.#mute || !this.open) return;
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.#flushSoon();
  }

  encode(frame: OutgoingFrame): Buffer {
    return encodeOutgoing(frame, this.version ?? '1.2');
  }

  send(frame: OutgoingFrame): void {
    if (this.#mute || !this.open) return;
    if (frame.body.length < BIG_BODY_BYTES) {
      this.write(this.encode(frame));
      return;
    }
    this.write(Buffer.from(encodeOutgoingHead(frame, this.version ?? '1.2')));
    this.write(frame.body);
    this.write(NUL);
  }

  /** As `send`, but a fault may take the frame. */
  answer(frame: OutgoingFrame): void {
    if (this.#faults.all.length > 0 && this.open && !this.#mute && this.#faults.sending(this, frame)) return;
    this.send(frame);
  }

  close(): void {
    if (this.#over) return;
    this.#flush();
    this.#stream.end();
    this.#choked = false;
    this.resumeReading();
    const timer = setTimeout(() => this.#stream.destroy(), CLOSE_LINGER_MS);
    this.#stream.once('close', () => clearTimeout(timer));
    this.#end();
  }

  destroy(): void {
    this.#stream.destroy();
    this.#end();
  }

  fallSilent(): void {
    this.#flush();
    this.#mute = true;
    this.#deaf = true;
  }

  stopReading(): void {
    this.#readingStopped = true;
    this.#stream.pause();
  }

  resumeReading(): void {
    this.#readingStopped = false;
    if (!this.#choked) this.#stream.resume();
  }

  /**
   * Milliseconds between our heart-beats, and between theirs; 0: none. Theirs are missed when two whole intervals pass
   * without a byte; the connection is then destroyed, without ERROR, as brokers do.
   */
  beat(sendMs: number, wantMs: number): void {
    // Looking twice per interval keeps the longest silence within one.
    if (sendMs > 0) this.#every(Math.max(1, sendMs / 2), () => this.#sendHeartBeat());
    if (wantMs === 0) return;
    let misses = 0;
    this.#every(wantMs, () => {
      misses = this.#heard || this.#stream.isPaused() ? 0 : misses + 1;
      this.#heard = false;
      if (misses >= 2 && !this.#mute) this.destroy();
    });
  }

  #every(ms: number, run: () => void): void {
    const timer = setInterval(run, ms);
    timer.unref();
    this.#timers.push(timer);
  }

  #sendHeartBeat(): void {
    const spoke = this.#spoke;
    this.#spoke = false;
    if (spoke || this.#mute || this.#faults.heartBeat(this)) return;
    this.write(HEART_BEAT);
  }

  #read(chunk: Buffer): void {
    this.#heard = true;
    if (this.#deaf) return;
    try {
      this.#decoder.feed(chunk, (frame) => {
        if (!this.#deaf) this.#events?.frame(frame);
      });
    } catch (error) {
      this.#events?.malformed(error);
    }
  }

  /** All that is written while one piece of input is handled leaves together. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#pending.length === 0 || this.#over) return;
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#spoke = true;
    this.#stream.cork();
    let small: Buffer[] = [];
    for (const bytes of pending) {
      if (bytes.length < BIG_BODY_BYTES) {
        small.push(bytes);
        continue;
      }
      if (small.length > 0) this.#stream.write(Buffer.concat(small));
      small = [];
      this.#stream.write(bytes);
    }
    if (small.length > 0) this.#stream.write(Buffer.concat(small));
    this.#stream.uncork();
    if (this.#stream.writableLength > CHOKED_BYTES) {
      this.#choked = true;
      this.#stream.pause();
    }
  }

  #drained(): void {
    if (this.#choked) {
      this.#choked = false;
      if (!this.#readingStopped) this.#stream.resume();
    }
    this.#events?.drained();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#deaf = true;
    this.#pending = [];
    for (const timer of this.#timers) clearTimeout(timer);
    this.#events?.closed();
  }
}
