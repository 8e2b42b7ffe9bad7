import { reasonOf, StompctlError } from '../base/errors.js';
import { ByteCollector } from '../stomp/codec/byte-collector.js';
import { type AmqpProperties, readContentHeader } from './codec/content.js';
import { FieldReader } from './codec/field-value.js';
import { FRAME_TYPES, type RawFrame } from './codec/frame-splitter.js';

/** A message that the broker delivered to a consumer. */
export interface AmqpDelivery {
  readonly consumerTag: string;
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: AmqpProperties;
  readonly body: Buffer;
  /** bytes of a body that was over the limit, and skipped while it was read: `body` is then empty */
  readonly skippedBytes?: number;
}

const BASIC_DELIVER = (60 << 16) | 60;
const EMPTY = Buffer.alloc(0);

interface Begun {
  readonly channel: number;
  readonly fields: Omit<AmqpDelivery, 'properties' | 'body' | 'skippedBytes'>;
  content?: { readonly properties: AmqpProperties; readonly bodyBytes: number };
  left: number;
}

/**
 * Puts deliveries together from their frames: method, header, body. They do not pass through the library, which has no limit on a
 * body, rounds numbers of 64 bits and hands over messages that nobody has room for.
 */
export class DeliveryReader {
  readonly #peer: string;
  readonly #maxMessageSize: number;
  readonly #onDelivery: (delivery: AmqpDelivery) => void;
  readonly #body = new ByteCollector();
  #begun: Begun | undefined;

  constructor(peer: string, maxMessageSize: number, onDelivery: (delivery: AmqpDelivery) => void) {
    this.#peer = peer;
    this.#maxMessageSize = maxMessageSize;
    this.#onDelivery = onDelivery;
  }

  /** Is it a frame of a delivery? Then it is taken. Errors: FRAME_MALFORMED. */
  take(frame: RawFrame): boolean {
    try {
      return this.#take(frame);
    } catch (error) {
      if (error instanceof StompctlError) throw error;
      throw this.#malformed(reasonOf(error), error);
    }
  }

  #take({ type, channel, payload }: RawFrame): boolean {
    const begun = this.#begun;
    if (type === FRAME_TYPES.method) {
      const isDelivery = payload.length >= 4 && payload.readUInt32BE(0) === BASIC_DELIVER;
      if (begun?.channel === channel) throw this.#malformed('a method within a message');
      if (isDelivery) this.#begin(channel, new FieldReader(payload, 4));
      return isDelivery;
    }
    if (begun === undefined || begun.channel !== channel) return false;
    if (type === FRAME_TYPES.header) this.#header(begun, payload);
    else if (type === FRAME_TYPES.body) this.#piece(begun, payload);
    else return false;
    return true;
  }

  #begin(channel: number, reader: FieldReader): void {
    if (this.#begun !== undefined) throw this.#malformed('a message within another');
    const consumerTag = reader.shortText();
    const deliveryTag = Number(reader.longLong());
    const redelivered = (reader.octet() & 1) === 1;
    const fields = {
      consumerTag,
      deliveryTag,
      redelivered,
      exchange: reader.shortText(),
      routingKey: reader.shortText(),
    };
    this.#begun = { channel, fields, left: 0 };
  }

  #header(begun: Begun, payload: Buffer): void {
    if (begun.content !== undefined) throw this.#malformed('two headers of one message');
    begun.content = readContentHeader(payload);
    begun.left = begun.content.bodyBytes;
    this.#endIfWhole(begun);
  }

  #piece(begun: Begun, payload: Buffer): void {
    if (begun.content === undefined || payload.length > begun.left) {
      throw this.#malformed('more of a body than its header says');
    }
    begun.left -= payload.length;
    if (begun.content.bodyBytes <= this.#maxMessageSize) this.#body.add(payload, 0, payload.length);
    this.#endIfWhole(begun);
  }

  #endIfWhole({ fields, content, left }: Begun): void {
    if (left > 0 || content === undefined) return;
    this.#begun = undefined;
    const { properties, bodyBytes } = content;
    const skipped = bodyBytes > this.#maxMessageSize;
    const body = bodyBytes === 0 || skipped ? EMPTY : this.#body.take();
    this.#onDelivery({ ...fields, properties, body, ...(skipped && { skippedBytes: bodyBytes }) });
  }

  #malformed(what: string, cause?: unknown): StompctlError {
    const reason = `the broker sent a message that cannot be read: ${what}; see its documentation`;
    return new StompctlError('FRAME_MALFORMED', 'session', this.#peer, reason, cause);
  }
}
