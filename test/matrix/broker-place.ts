import { headerOf, type RawFrame, RawStomp } from '../support/raw-stomp.js';
import type { Account, Place } from './account.js';
import type { BrokerHost } from './broker-host.js';
import type { Parcel } from './corpus.js';

const RETRY_MS = 50;
const RECEIPT_MS = 30_000;
const QUIET_MS = 500;

/** A destination at a broker, written and read through a raw socket, beside the proxy that the agents go through. */
export class BrokerPlace {
  readonly destination: string;
  readonly #host: BrokerHost;
  readonly #place: Place;
  readonly #account: Account;
  #client: RawStomp | undefined;
  #subscribed = false;

  constructor(host: BrokerHost, destination: string, place: Place, account: Account) {
    this.#host = host;
    this.destination = destination;
    this.#place = place;
    this.#account = account;
  }

  /** Makes the destination: a broker that is killed is asked before to keep it. */
  async declare(): Promise<void> {
    await this.subscribe();
    // RACE: a broker that has not noticed the end of this session gives it the first message, for good
    await this.#ask('UNSUBSCRIBE', { id: '1' });
    this.close();
  }

  /** Sends all, and again when not all receipts come: what may be there twice then, the account knows. */
  async put(all: readonly Parcel[], signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      for (const parcel of all) this.#account.put(parcel);
      try {
        this.#client ??= await this.#connect();
        for (const parcel of all) this.#send(this.#client, parcel);
        // each: RabbitMQ syncs large messages and small ones by themselves
        for (let count = 0; count < all.length; count += 1) {
          const answer = await this.#client.next(RECEIPT_MS);
          if (answer.command !== 'RECEIPT') throw new Error(`SEND: ${headerOf(answer, 'message')}`);
        }
        return;
      } catch {
        this.close();
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Begins to take everything out; only while nobody harms the broker. */
  async subscribe(): Promise<void> {
    // what the broker has given to a session that is closed would be lost
    if (this.#subscribed && this.#client?.closed === false) return;
    this.close();
    this.#client = await this.#connect();
    await this.#ask('SUBSCRIBE', { destination: this.destination, id: '1', ack: 'auto' });
    this.#subscribed = true;
  }

  /** Takes what comes until nothing has come for a while. */
  async look(quietMs = QUIET_MS): Promise<void> {
    for (;;) {
      const frame = await this.#client?.noneOf('MESSAGE', quietMs);
      if (frame === undefined) return;
      const note = unescaped(headerOf(frame, 'x-note') ?? '');
      const id = headerOf(frame, 'x-id') ?? '';
      this.#account.found(this.#place, { id, note, body: frame.body }, headerOf(frame, 'message-id') ?? '');
    }
  }

  close(): void {
    this.#client?.destroy();
    this.#client = undefined;
    this.#subscribed = false;
  }

  async #ask(command: string, header: Readonly<Record<string, string>>): Promise<void> {
    const answer = await this.#client?.request(command, header);
    if (answer?.command === 'RECEIPT') return;
    throw new Error(`${command}(${this.destination}): ${answer && headerOf(answer, 'message')}`);
  }

  #send(client: RawStomp, parcel: Parcel): void {
    const header: [string, string][] = [
      ['destination', this.destination],
      ['persistent', 'true'],
      ['content-length', String(parcel.body.length)],
      ['receipt', parcel.id],
      ['x-id', parcel.id],
      ['x-note', escaped(parcel.note)],
    ];
    if (parcel.text) header.push(['content-type', 'text/plain']);
    client.frame('SEND', header, parcel.body);
  }

  async #connect(): Promise<RawStomp> {
    const client = await RawStomp.open(this.#host);
    const { user, pass } = this.#host;
    client.frame('CONNECT', { 'accept-version': '1.2', host: '/', login: user, passcode: pass });
    const answer: RawFrame = await client.next(RECEIPT_MS);
    if (answer.command === 'CONNECTED') return client;
    client.destroy();
    throw new Error(`connect(${this.#host.name}): ${headerOf(answer, 'message')}`);
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
