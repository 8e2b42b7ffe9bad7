import type { Account, Place } from './account.js';
import { Amqp1Client } from './amqp1-client.js';
import type { BrokerClient } from './broker-client.js';
import type { BrokerHost } from './broker-host.js';
import type { Parcel } from './corpus.js';
import type { Output } from './disk-place.js';
import { StompClient } from './stomp-client.js';

const RETRY_MS = 50;
const QUIET_MS = 500;

/** A destination at a broker, written and read with none of the code under test, beside the proxy that the agents go through. */
export class BrokerPlace {
  readonly destination: string;
  readonly #host: BrokerHost;
  readonly #place: Place;
  readonly #account: Account;
  /** where the agents find it */
  readonly #port: number | undefined;
  #client: BrokerClient | undefined;
  #subscribed = false;

  constructor(
    host: BrokerHost,
    port: number | undefined,
    { destination, place, account }: { destination: string; place: Place; account: Account },
  ) {
    this.#host = host;
    this.#port = port;
    this.destination = destination;
    this.#place = place;
    this.#account = account;
  }

  /** The options of an end of stompctl there. */
  options(): Output['options'] {
    const { user, pass, agents } = this.#host;
    const { scheme, protocol } = agents;
    const known = { uri: `${scheme}://127.0.0.1:${this.#port}`, auth: `plain name=${user} pass=${pass}` };
    return protocol === undefined ? known : { ...known, protocol };
  }

  output(): Output {
    return { kind: 'broker', options: this.options() };
  }

  /** Makes the destination: a broker that is killed is asked before to keep it. */
  async declare(): Promise<void> {
    await this.subscribe();
    // RACE: a broker that has not noticed the end of this session gives it the first message, for good
    await this.#client?.unsubscribe();
    this.close();
  }

  /** Sends all, and again when not all are confirmed: what may be there twice then, the account knows. */
  async put(all: readonly Parcel[], signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      for (const parcel of all) this.#account.put(parcel);
      try {
        this.#client ??= await openClient(this.#host);
        await this.#client.send(this.destination, all);
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
    this.#client = await openClient(this.#host);
    await this.#client.subscribe(this.destination);
    this.#subscribed = true;
  }

  /** Takes what comes until nothing has come for a while. */
  async look(quietMs = QUIET_MS): Promise<void> {
    for (;;) {
      const taken = await this.#client?.take(quietMs);
      if (taken === undefined) return;
      this.#account.found(this.#place, taken, taken.where);
    }
  }

  close(): void {
    this.#client?.destroy();
    this.#client = undefined;
    this.#subscribed = false;
  }
}

/** RabbitMQ keeps the headers of AMQP 1.0 apart: who sends and who receives speak the same. */
function openClient(host: BrokerHost): Promise<BrokerClient> {
  return host.agents.protocol === 'amqp1' ? Amqp1Client.open(host) : StompClient.open(host);
}
