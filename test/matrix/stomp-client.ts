import { headerOf, RawStomp } from '../support/raw-stomp.js';
import { ANSWER_MS, type BrokerClient, type Taken } from './broker-client.js';
import type { BrokerHost } from './broker-host.js';
import type { Parcel } from './corpus.js';

/** A session over STOMP, through a raw socket. */
export class StompClient implements BrokerClient {
  readonly #raw: RawStomp;

  private constructor(raw: RawStomp) {
    this.#raw = raw;
  }

  static async open(host: BrokerHost): Promise<StompClient> {
    const raw = await RawStomp.open(host);
    const { user, pass, name } = host;
    raw.frame('CONNECT', { 'accept-version': '1.2', host: '/', login: user, passcode: pass });
    const answer = await raw.next(ANSWER_MS);
    if (answer.command === 'CONNECTED') return new StompClient(raw);
    raw.destroy();
    throw new Error(`connect(${name}): ${headerOf(answer, 'message')}`);
  }

  get closed(): boolean {
    return this.#raw.closed;
  }

  async send(destination: string, all: readonly Parcel[]): Promise<void> {
    for (const parcel of all) {
      const header: [string, string][] = [
        ['destination', destination],
        ['persistent', 'true'],
        ['content-length', String(parcel.body.length)],
        ['receipt', parcel.id],
        ['x-id', parcel.id],
        ['x-note', escaped(parcel.note)],
      ];
      if (parcel.text) header.push(['content-type', 'text/plain']);
      this.#raw.frame('SEND', header, parcel.body);
    }
    // each: RabbitMQ syncs large messages and small ones by themselves
    for (let count = 0; count < all.length; count += 1) {
      const answer = await this.#raw.next(ANSWER_MS);
      if (answer.command !== 'RECEIPT') throw new Error(`SEND: ${headerOf(answer, 'message')}`);
    }
  }

  async subscribe(destination: string): Promise<void> {
    await this.#ask('SUBSCRIBE', { destination, id: '1', ack: 'auto' });
  }

  async unsubscribe(): Promise<void> {
    await this.#ask('UNSUBSCRIBE', { id: '1' });
  }

  async take(quietMs: number): Promise<Taken | undefined> {
    const frame = await this.#raw.noneOf('MESSAGE', quietMs);
    if (frame === undefined) return undefined;
    const note = unescaped(headerOf(frame, 'x-note') ?? '');
    const where = headerOf(frame, 'message-id') ?? '';
    return { id: headerOf(frame, 'x-id') ?? '', note, body: frame.body, where };
  }

  destroy(): void {
    this.#raw.destroy();
  }

  async #ask(command: string, header: Readonly<Record<string, string>>): Promise<void> {
    const answer = await this.#raw.request(command, header);
    if (answer.command !== 'RECEIPT') throw new Error(`${command}: ${headerOf(answer, 'message')}`);
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', ':': '\\c' };
const MEANINGS: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\r': '\r', '\\c': ':' };

function escaped(value: string): string {
  return value.replace(/[\\\n\r:]/g, (character) => ESCAPES[character] ?? character);
}

function unescaped(value: string): string {
  return value.replace(/\\[\\nrc]/g, (sequence) => MEANINGS[sequence] ?? sequence);
}
