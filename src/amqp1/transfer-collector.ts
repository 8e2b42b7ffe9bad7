import { StompctlError } from '../base/errors.js';
import { ByteCollector } from '../stomp/codec/byte-collector.js';
import { type FrameHead, TRANSFER } from './codec/frame-reader.js';

/** The bytes of a delivery, whole. */
export interface Collected {
  readonly payload: Buffer;
  /** bytes of a payload that was over the limit, and skipped while it was read: `payload` then has its first 64 KiB */
  readonly skippedBytes?: number;
  /** the sender gave it up half-way: there is no message */
  readonly aborted: boolean;
}

interface Begun {
  readonly bytes: ByteCollector;
  total: number;
  pieces: number;
}

/** Beside the body: header, properties, annotations. */
export const SECTIONS_BYTES = 1024 * 1024;
/** of one message: a frame is 512 bytes at least by the book, and nobody's are so small */
const MOST_PIECES = 200_000;
const KEPT_BYTES = 65_536;
/** a section that says nothing: what the library is given in place of the payload */
const STAND_IN = Buffer.of(0x00, 0x53, 0x77, 0x40);

/**
 * Takes the payload out of transfers, and puts those of one delivery together. The library sees each transfer, for what it counts, but
 * not what is in it: it has no limit on a message, rounds numbers of 64 bits and loses names such as `__proto__`.
 */
export class TransferCollector {
  readonly #peer: string;
  readonly #limit: number;
  readonly #begun = new Map<string, Begun>();
  #whole: Collected | undefined;

  constructor(peer: string, maxMessageSize: number) {
    this.#peer = peer;
    this.#limit = maxMessageSize + SECTIONS_BYTES;
  }

  /** The delivery that the last frame has completed; once. */
  takeWhole(): Collected | undefined {
    const whole = this.#whole;
    this.#whole = undefined;
    return whole;
  }

  /** What the library is to see of a frame. Errors: FRAME_TOO_LARGE. */
  take(bytes: Buffer, { code, channel, fields, payloadAt }: FrameHead): Buffer {
    if (code !== TRANSFER) return bytes;
    const [handle, , , , , more, , , , aborted] = fields;
    const key = `${channel}/${String(handle)}`;
    const begun = this.#begun.get(key) ?? { bytes: new ByteCollector(), total: 0, pieces: 0 };
    const incomplete = more === true && aborted !== true;
    if (incomplete) this.#begun.set(key, begun);
    else this.#begun.delete(key);
    this.#add(begun, bytes, payloadAt);
    if (!incomplete) this.#whole = wholeOf(begun, this.#limit, aborted === true);
    const seen = Buffer.concat([bytes.subarray(0, payloadAt), STAND_IN]);
    seen.writeUInt32BE(seen.length, 0);
    return seen;
  }

  #add(begun: Begun, bytes: Buffer, payloadAt: number): void {
    begun.total += bytes.length - payloadAt;
    begun.pieces += 1;
    if (begun.pieces > MOST_PIECES) {
      const reason = `the broker sent a message in more than ${MOST_PIECES} pieces; raise its max-frame-size`;
      throw new StompctlError('FRAME_TOO_LARGE', 'session', this.#peer, reason);
    }
    const room = begun.total <= this.#limit ? bytes.length : payloadAt + Math.max(0, KEPT_BYTES - begun.bytes.length);
    begun.bytes.add(bytes, payloadAt, Math.min(bytes.length, room));
  }
}

function wholeOf({ bytes, total }: Begun, limit: number, aborted: boolean): Collected {
  const payload = bytes.take();
  if (total <= limit) return { payload, aborted };
  return { payload: payload.subarray(0, KEPT_BYTES), skippedBytes: total, aborted };
}
