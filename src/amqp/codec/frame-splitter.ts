import { StompctlError } from '../../base/errors.js';
import { PieceSplitter } from '../../stomp/codec/piece-splitter.js';

/** AMQP 0-9-1, section 4.2.3: one frame as it came. */
export interface RawFrame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
  /** the whole frame, head and end included */
  readonly bytes: Buffer;
}

export const FRAME_TYPES = { method: 1, header: 2, body: 3, heartbeat: 8 } as const;

const HEAD_BYTES = 7;
const FRAME_END = 0xce;

/** Splits what a broker sends into frames. The pieces handed over are kept, not copied. */
export class FrameSplitter {
  readonly #peer: string;
  readonly #pieces = new PieceSplitter(HEAD_BYTES, (bytes, at) => this.#totalOf(bytes, at));
  /** bytes of the largest payload that is taken */
  limit: number;

  constructor(peer: string, limit: number) {
    this.#peer = peer;
    this.limit = limit;
  }

  /** Calls `onFrame` for each frame that is whole. Errors: FRAME_MALFORMED, FRAME_TOO_LARGE. */
  feed(chunk: Buffer, onFrame: (frame: RawFrame) => void): void {
    this.#pieces.feed(chunk, (bytes) => onFrame(this.#frameOf(bytes)));
  }

  #totalOf(bytes: Buffer, at: number): number {
    const size = bytes.readUInt32BE(at + 3);
    if (size > this.limit) {
      const reason = `the broker sent a frame of ${size} bytes, more than ${this.limit} (frame-max); does it speak AMQP 0-9-1 on this port?`;
      throw new StompctlError('FRAME_TOO_LARGE', 'session', this.#peer, reason);
    }
    return HEAD_BYTES + size + 1;
  }

  #frameOf(bytes: Buffer): RawFrame {
    if (bytes.at(-1) !== FRAME_END) {
      const reason = 'a frame of the broker does not end where it says; is there something between that changes bytes?';
      throw new StompctlError('FRAME_MALFORMED', 'session', this.#peer, reason);
    }
    return {
      type: bytes.readUInt8(0),
      channel: bytes.readUInt16BE(1),
      payload: bytes.subarray(HEAD_BYTES, bytes.length - 1),
      bytes,
    };
  }
}
