import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { eventually } from './eventually.js';
import { type RawFrame, type RawHeaders, RawStomp } from './raw-stomp.js';
import type { Cleaning } from './temp-folder.js';

export type Version = '1.0' | '1.1' | '1.2';

/** A raw connection to a broker on loopback, destroyed when the test ends; no CONNECT is sent. */
export async function openRaw(test: Cleaning, broker: { readonly port: number }): Promise<RawStomp> {
  const client = await RawStomp.open({ host: '127.0.0.1', port: broker.port });
  test.after(async () => client.destroy());
  return client;
}

/** As `openRaw`, after CONNECTED in exactly that version. */
export async function connectRaw(
  test: Cleaning,
  broker: { readonly port: number },
  version: Version = '1.2',
  headers: Readonly<Record<string, string>> = {},
): Promise<RawStomp> {
  const client = await openRaw(test, broker);
  client.frame('CONNECT', { 'accept-version': version, host: '/', ...headers });
  const connected = await client.next();
  assert.equal(connected.command, 'CONNECTED');
  return client;
}

/** Subscribes, and resolves when the broker has confirmed it. */
export async function subscribe(client: RawStomp, headers: Readonly<Record<string, string>>): Promise<void> {
  assert.equal((await client.request('SUBSCRIBE', headers)).command, 'RECEIPT');
}

/** Sends a message, and resolves to the RECEIPT or ERROR. */
export function send(client: RawStomp, destination: string, body = '', headers: RawHeaders = {}): Promise<RawFrame> {
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
  return client.request('SEND', [['destination', destination], ...pairs], body);
}

/** The next `count` MESSAGE frames. */
export async function messages(client: RawStomp, count: number): Promise<RawFrame[]> {
  const frames: RawFrame[] = [];
  while (frames.length < count) frames.push(await client.nextOf('MESSAGE'));
  return frames;
}

/** The bodies of the next `count` MESSAGE frames. */
export async function bodies(client: RawStomp, count: number): Promise<string[]> {
  return (await messages(client, count)).map((frame) => frame.body.toString());
}

/** A connection of which only the bytes are looked at. */
export class RawBytes {
  readonly socket: Duplex;
  #chunks: Buffer[] = [];
  #closed = false;

  /** `to`: a broker on loopback, or a stream that leads to one. */
  constructor(test: Cleaning, to: { readonly port: number } | Duplex) {
    this.socket = to instanceof Duplex ? to : connect({ port: to.port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.socket.on('error', () => this.socket.destroy());
    this.socket.on('end', () => this.socket.destroy());
    this.socket.on('close', () => {
      this.#closed = true;
    });
    test.after(async () => {
      this.socket.destroy();
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** everything that has arrived */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  get length(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** Resolves to the text once it has `part` in it. */
  async until(part: string): Promise<string> {
    await eventually(() => this.text.includes(part), { what: `${part} in ${this.text}` });
    return this.text;
  }

  async untilClosed(): Promise<void> {
    await eventually(() => this.#closed, { what: 'the broker closes' });
  }
}
