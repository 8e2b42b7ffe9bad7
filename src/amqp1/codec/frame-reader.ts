import { StompctlError } from '../../base/errors.js';
import { PieceSplitter } from '../../stomp/codec/piece-splitter.js';
import { checkNumbers } from './peer-numbers.js';
import { isDescribed, type Value, ValueReader } from './value-reader.js';

/** AMQP 1.0, part 2, section 2.3: one frame, or the protocol header that stands before them. */
export type Piece =
  | { readonly kind: 'header'; readonly bytes: Buffer }
  /** the sign of life */
  | { readonly kind: 'empty'; readonly bytes: Buffer }
  | { readonly kind: 'frame'; readonly bytes: Buffer; readonly frame: FrameHead };

export interface FrameHead {
  /** 0: of AMQP, 1: of SASL */
  readonly type: number;
  readonly channel: number;
  /** which performative: `0x14` is a transfer */
  readonly code: number;
  readonly fields: readonly Value[];
  /** where in the bytes the payload begins, behind the performative */
  readonly payloadAt: number;
}

export const TRANSFER = 0x14;
const AMQP_TYPE = 0;
const HEAD_BYTES = 8;
const PROTOCOL_HEADER = Buffer.from('AMQP').readUInt32BE(0);
/** What a peer may call by name that everybody calls by number. */
const NAMES: ReadonlyMap<string, number> = new Map(
  ['open', 'begin', 'attach', 'flow', 'transfer', 'disposition', 'detach', 'end', 'close'].map((name, index) => [
    `amqp:${name}:list`,
    0x10 + index,
  ]),
);

/** Splits what a broker sends into frames, and reads what stands in each before its payload. */
export class FrameReader {
  readonly #peer: string;
  readonly #limit: number;
  readonly #pieces = new PieceSplitter(HEAD_BYTES, (bytes, at) => this.#totalOf(bytes, at));

  /** `limit`: bytes of the largest frame that is taken. */
  constructor(peer: string, limit: number) {
    this.#peer = peer;
    this.#limit = limit;
  }

  /** Calls `onPiece` for each piece that is whole. Errors: FRAME_MALFORMED, FRAME_TOO_LARGE. */
  feed(chunk: Buffer, onPiece: (piece: Piece) => void): void {
    this.#pieces.feed(chunk, (bytes) => onPiece(this.#pieceOf(bytes)));
  }

  #totalOf(bytes: Buffer, at: number): number {
    const size = bytes.readUInt32BE(at);
    if (size === PROTOCOL_HEADER) return HEAD_BYTES;
    if (size > this.#limit) {
      const reason = `the broker sent a frame of ${size} bytes, more than ${this.#limit} (max-frame-size); does it speak AMQP 1.0 on this port?`;
      throw new StompctlError('FRAME_TOO_LARGE', 'session', this.#peer, reason);
    }
    if (size < HEAD_BYTES) throw this.#malformed(`a frame of ${size} bytes`);
    return size;
  }

  #pieceOf(bytes: Buffer): Piece {
    if (bytes.readUInt32BE(0) === PROTOCOL_HEADER) return { kind: 'header', bytes };
    const bodyAt = bytes.readUInt8(4) * 4;
    if (bodyAt < HEAD_BYTES || bodyAt > bytes.length) throw this.#malformed('a frame whose body begins nowhere');
    if (bodyAt === bytes.length) return { kind: 'empty', bytes };
    try {
      return { kind: 'frame', bytes, frame: headOf(bytes, bodyAt) };
    } catch (error) {
      throw this.#malformed(error instanceof Error ? error.message : String(error), error);
    }
  }

  #malformed(what: string, cause?: unknown): StompctlError {
    const reason = `the broker sent a frame that cannot be read: ${what}; does it speak AMQP 1.0 on this port?`;
    return new StompctlError('FRAME_MALFORMED', 'session', this.#peer, reason, cause);
  }
}

function headOf(bytes: Buffer, bodyAt: number): FrameHead {
  const reader = new ValueReader(bytes, bodyAt);
  const { descriptor, value } = reader.described();
  const fields = Array.isArray(value) && !isDescribed(value) ? (value as readonly Value[]) : undefined;
  if (fields === undefined) throw new RangeError('a performative that is no list');
  const code = (typeof descriptor === 'string' ? NAMES.get(descriptor) : Number(descriptor)) ?? 0;
  const type = bytes.readUInt8(5);
  if (type === AMQP_TYPE) checkNumbers(code, fields);
  return {
    type,
    channel: bytes.readUInt16BE(6),
    code,
    fields,
    payloadAt: reader.at,
  };
}
