import { reasonOf, StompctlError } from '../base/errors.js';
import { ByteCollector } from '../stomp/codec/byte-collector.js';
import { type AmqpProperties, readContentHeader } from './codec/content.js';
import { FieldReader } from './codec/field-value.js';
import { FRAME_TYPES, type RawFrame } from './codec/frame-splitter.js';

/** A message that the broker gives back: no queue takes it. */
export interface AmqpReturn {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: AmqpProperties;
  readonly body: Buffer;
  /** bytes of a body that was over the limit, and skipped while it was read: `body` is then empty */
  readonly skippedBytes?: number;
}

/** A message that the broker delivered to a consumer. */
export interface AmqpDelivery extends AmqpReturn {
  readonly consumerTag: string;
  readonly deliveryTag: number;
  readonly redelivered: boolean;
}

/** Who is told of what has been read; neither may throw. */
export interface ContentListeners {
  readonly onDelivery: (delivery: AmqpDelivery) => void;
  readonly onReturn: (returned: AmqpReturn) => void;
}

const BASIC_RETURN = (60 << 16) | 50;
const BASIC_DELIVER = (60 << 16) | 60;
const EMPTY = Buffer.alloc(0);

type Content = Pick<AmqpReturn, 'properties' | 'body' | 'skippedBytes'>;

interface Begun {
  readonly channel: number;
  /** tells of it, once it is whole */
  readonly tell: (content: Content) => void;
  content?: { readonly properties: AmqpProperties; readonly bodyBytes: number };
  left: number;
}

/**
 * Puts deliveries, and what the broker gives back, together from their frames: method, header, body. They do not pass through the
 * library, which has no limit on a body, rounds numbers of 64 bits, loses a header named `__proto__`, and hands over messages that
 * nobody has room for.
 */
export class DeliveryReader {
  readonly #peer: string;
  readonly #maxMessageSize: number;
  readonly #listeners: ContentListeners;
  readonly #body = new ByteCollector();
  #begun: Begun | undefined;

  constructor(peer: string, maxMessageSize: number, listeners: ContentListeners) {
    this.#peer = peer;
    this.#maxMessageSize = maxMessageSize;
    this.#listeners = listeners;
  }

  /** Is it a frame of a delivery, or of a message given back? Then it is taken. Errors: FRAME_MALFORMED. */
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
      if (begun?.channel === channel) throw this.#malformed('a method within a message');
      const method = payload.length < 4 ? 0 : payload.readUInt32BE(0);
      if (method === BASIC_DELIVER) this.#begin(channel, this.#delivery(new FieldReader(payload, 4)));
      else if (method === BASIC_RETURN) this.#begin(channel, this.#return(new FieldReader(payload, 4)));
      else return false;
      return true;
    }
    if (begun === undefined || begun.channel !== channel) return false;
    if (type === FRAME_TYPES.header) this.#header(begun, payload);
    else if (type === FRAME_TYPES.body) this.#piece(begun, payload);
    else return false;
    return true;
  }

  #begin(channel: number, tell: (content: Content) => void): void {
    if (this.#begun !== undefined) throw this.#malformed('a message within another');
    this.#begun = { channel, tell, left: 0 };
  }

  #delivery(reader: FieldReader): (content: Content) => void {
    const fields = {
      consumerTag: reader.shortText(),
      deliveryTag: tagOf(reader.longLong()),
      redelivered: (reader.octet() & 1) === 1,
      exchange: reader.shortText(),
      routingKey: reader.shortText(),
    };
    return (content) => this.#listeners.onDelivery({ ...fields, ...content });
  }

  #return(reader: FieldReader): (content: Content) => void {
    // why: a code and a text, always that no queue takes it
    reader.short();
    reader.shortText();
    const fields = { exchange: reader.shortText(), routingKey: reader.shortText() };
    return (content) => this.#listeners.onReturn({ ...fields, ...content });
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

  #endIfWhole({ tell, content, left }: Begun): void {
    if (left > 0 || content === undefined) return;
    this.#begun = undefined;
    const { properties, bodyBytes } = content;
    const skipped = bodyBytes > this.#maxMessageSize;
    const body = bodyBytes === 0 || skipped ? EMPTY : this.#body.take();
    tell({ properties, body, ...(skipped && { skippedBytes: bodyBytes }) });
  }

  #malformed(what: string, cause?: unknown): StompctlError {
    const reason = `the broker sent a message that cannot be read: ${what}; see its documentation`;
    return new StompctlError('FRAME_MALFORMED', 'session', this.#peer, reason, cause);
  }
}

/** 0 would mean all that were delivered. */
function tagOf(tag: bigint): number {
  if (tag < 1n || tag > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`a delivery with the tag ${tag}`);
  return Number(tag);
}
