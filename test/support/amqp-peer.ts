import { createServer, type Socket } from 'node:net';
import { FieldReader } from '../../src/amqp/codec/field-value.js';
import { FRAME_TYPES, FrameSplitter, type RawFrame } from '../../src/amqp/codec/frame-splitter.js';
import type { Cleaning } from './temp-folder.js';

/** Methods by class and number (AMQP 0-9-1, section 1 of the reference). */
export const METHODS = {
  start: [10, 10],
  tune: [10, 30],
  open: [10, 40],
  openOk: [10, 41],
  close: [10, 50],
  closeOk: [10, 51],
  blocked: [10, 60],
  unblocked: [10, 61],
  channelClose: [20, 40],
  publish: [60, 40],
  return: [60, 50],
  deliver: [60, 60],
  ack: [60, 80],
  nack: [60, 120],
  cancel: [60, 30],
} as const;

/** Requests with an answer that needs no more than its number: the one after it. */
const PLAIN_ANSWERS: ReadonlySet<string> = new Set(['20.40', '40.10', '50.20', '85.10', '10.50']);

export interface Published {
  readonly tag: number;
  readonly exchange: string;
  readonly routingKey: string;
  /** the payload of its header frame */
  readonly header: Buffer;
  readonly body: Buffer;
}

export interface PeerScript {
  /** sent in place of the first answer */
  readonly greeting?: string;
  /** what is done about a message; default: it is confirmed */
  readonly published?: (message: Published, peer: AmqpPeer) => void;
  /** in place of tune: why the login is refused */
  readonly refuse?: (response: string) => { readonly code: number; readonly text: string };
  /** hears each method, `CLASS.NUMBER`; true: it has answered in its way */
  readonly heard?: (method: string, peer: AmqpPeer) => boolean;
  /** in its answer to a login; default 0 */
  readonly heartBeatSeconds?: number;
}

export function shortText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

export function longText(bytes: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes.length);
  return Buffer.concat([head, bytes]);
}

export function longLong(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function short(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}

export function frame(type: number, channel: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(type), short(channel), longText(payload), Buffer.of(0xce)]);
}

/** The payload of a header frame; `properties`: flags and what they say is there. */
export function contentHeader(bodyBytes: number, properties: Buffer = Buffer.alloc(2)): Buffer {
  return Buffer.concat([short(60), short(0), longLong(bodyBytes), properties]);
}

/** A server that speaks as much of AMQP 0-9-1 as a session of ours needs, and does to it what its script says. */
export class AmqpPeer {
  readonly port: number;
  readonly published: Published[] = [];
  readonly acknowledged: number[] = [];
  /** the consumer that subscribed last */
  consumer = '';
  /** most unacknowledged deliveries, as it was asked last */
  prefetch = 0;
  #socket: Socket | undefined;
  readonly #script: PeerScript;
  #begun: Omit<Published, 'header' | 'body'> | undefined;
  #header: Buffer | undefined;
  #body: Buffer[] = [];
  #tag = 0;
  #delivered = 0;

  private constructor(port: number, script: PeerScript) {
    this.port = port;
    this.#script = script;
  }

  /** On a port of `address`; closed when the test ends. */
  static async start(test: Cleaning, script: PeerScript = {}, address = '127.0.0.1'): Promise<AmqpPeer> {
    const holder: { peer?: AmqpPeer } = {};
    const server = createServer({ noDelay: true }, (socket) => holder.peer?.serve(socket));
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('AmqpPeer.start(): no port');
    const peer = new AmqpPeer(bound.port, script);
    holder.peer = peer;
    test.after(async () => {
      peer.#socket?.destroy();
      server.close();
    });
    return peer;
  }

  serve(socket: Socket): void {
    this.#socket = socket;
    this.#tag = 0;
    const splitter = new FrameSplitter('peer', 1 << 20);
    let seen = Buffer.alloc(0);
    let begun = false;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      let bytes = chunk;
      if (!begun) {
        seen = Buffer.concat([seen, chunk]);
        if (seen.length < 8) return;
        begun = true;
        bytes = seen.subarray(8);
        if (this.#script.greeting !== undefined) {
          socket.write(this.#script.greeting, 'latin1');
          socket.removeAllListeners('data').resume();
          return;
        }
        this.#start();
      }
      splitter.feed(bytes, (each) => this.#heard(each));
    });
  }

  say(channel: number, [type, number]: readonly [number, number], ...parts: readonly Buffer[]): void {
    this.write(frame(FRAME_TYPES.method, channel, Buffer.concat([short(type), short(number), ...parts])));
  }

  write(bytes: Buffer): void {
    this.#socket?.write(bytes);
  }

  confirm(tag: number, method: readonly [number, number] = METHODS.ack): void {
    this.say(1, method, longLong(tag), Buffer.of(0));
  }

  giveBack({ exchange, routingKey, header, body }: Published): void {
    this.say(1, METHODS.return, short(312), shortText('NO_ROUTE'), shortText(exchange), shortText(routingKey));
    this.#content(header, body);
  }

  /** `tag`: in place of the next number */
  deliver(body: Buffer, header = contentHeader(body.length), routingKey = 'q', tag?: bigint): void {
    this.#delivered += 1;
    const fields = [
      shortText(this.consumer),
      longLong(tag ?? this.#delivered),
      Buffer.of(0),
      shortText(''),
      shortText(routingKey),
    ];
    this.say(1, METHODS.deliver, ...fields);
    this.#content(header, body);
  }

  cut(): void {
    this.#socket?.destroy();
  }

  #content(header: Buffer, body: Buffer): void {
    this.write(frame(FRAME_TYPES.header, 1, header));
    for (let at = 0; at < body.length; at += 100_000) {
      this.write(frame(FRAME_TYPES.body, 1, body.subarray(at, at + 100_000)));
    }
  }

  #start(): void {
    const product = Buffer.concat([shortText('product'), Buffer.from('S'), longText(Buffer.from('Peer'))]);
    const mechanisms = longText(Buffer.from('PLAIN EXTERNAL'));
    this.say(0, METHODS.start, Buffer.of(0, 9), longText(product), mechanisms, longText(Buffer.from('en_US')));
  }

  #heard({ type, channel, payload }: RawFrame): void {
    if (type === FRAME_TYPES.header) this.#header = payload;
    else if (type === FRAME_TYPES.body) this.#body.push(payload);
    else if (type === FRAME_TYPES.method) this.#method(channel, payload);
    const { bodyBytes } = { bodyBytes: this.#header === undefined ? -1 : Number(this.#header.readBigUInt64BE(4)) };
    const body = Buffer.concat(this.#body);
    if (this.#begun === undefined || this.#header === undefined || body.length < bodyBytes) return;
    const message = { ...this.#begun, header: this.#header, body };
    this.#begun = undefined;
    this.#header = undefined;
    this.#body = [];
    this.published.push(message);
    if (this.#script.published === undefined) this.confirm(message.tag);
    else this.#script.published(message, this);
  }

  #method(channel: number, payload: Buffer): void {
    const [type, number] = [payload.readUInt16BE(0), payload.readUInt16BE(2)];
    const reader = new FieldReader(payload, 4);
    const name = `${type}.${number}`;
    if (this.#script.heard?.(name, this) === true) return;
    if (name === '10.11') this.#login(reader);
    else if (name === '10.40') this.say(0, METHODS.openOk, shortText(''));
    else if (name === '20.10') this.say(channel, [20, 11], longText(Buffer.alloc(0)));
    else if (name === '50.10') {
      reader.short();
      this.say(channel, [50, 11], shortText(reader.shortText()), Buffer.alloc(8));
    } else if (name === '60.20') {
      reader.short();
      reader.shortText();
      this.consumer = reader.shortText();
      this.say(channel, [60, 21], shortText(this.consumer));
    } else if (name === '60.10') {
      reader.long();
      this.prefetch = reader.short();
      this.say(channel, [60, 11]);
    } else if (name === '60.40') {
      reader.short();
      this.#tag += 1;
      this.#begun = { tag: this.#tag, exchange: reader.shortText(), routingKey: reader.shortText() };
    } else if (name === '60.80') this.acknowledged.push(Number(reader.longLong()));
    else if (PLAIN_ANSWERS.has(name)) this.say(channel, [type, number + 1]);
  }

  #login(reader: FieldReader): void {
    reader.table();
    reader.shortText();
    const refused = this.#script.refuse?.(reader.longText());
    if (refused === undefined) {
      this.say(0, METHODS.tune, short(0), Buffer.of(0, 2, 0, 0), short(this.#script.heartBeatSeconds ?? 0));
    } else {
      this.say(0, METHODS.close, short(refused.code), shortText(refused.text), short(0), short(0));
    }
  }
}
