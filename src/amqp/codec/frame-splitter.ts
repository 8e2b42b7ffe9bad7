import { StompctlError } from '../../base/errors.js';
import { ByteCollector } from '../../stomp/codec/byte-collector.js';

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
  readonly #partial = new ByteCollector();
  #total = 0;
  /** bytes of the largest payload that is taken */
  limit: number;

  constructor(peer: string, limit: number) {
    this.#peer = peer;
    this.limit = limit;
  }

  /** Calls `onFrame` for each frame that is whole. Errors: FRAME_MALFORMED, FRAME_TOO_LARGE. */
  feed(chunk: Buffer, onFrame: (frame: RawFrame) => void): void {
    let at = 0;
    while (at < chunk.length) {
      const held = this.#partial.length;
      if (held === 0 && chunk.length - at >= HEAD_BYTES) {
        const total = this.#totalOf(chunk, at);
        if (chunk.length - at >= total) {
          onFrame(this.#frameOf(chunk.subarray(at, at + total)));
          at += total;
          continue;
        }
      }
      const wanted = held < HEAD_BYTES ? HEAD_BYTES : this.#total;
      const end = Math.min(chunk.length, at + wanted - held);
      this.#partial.add(chunk, at, end);
      at = end;
      if (this.#partial.length < wanted) return;
      if (held < HEAD_BYTES) this.#total = this.#totalOf(this.#partial.view(), 0);
      else onFrame(this.#frameOf(this.#partial.take()));
    }
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
