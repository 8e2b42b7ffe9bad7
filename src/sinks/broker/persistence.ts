import { notPersistentWarning } from '../../message/frame-to-send.js';
import type { Header } from '../../message/message.js';
import { meansNotPersistent } from '../../stomp/client-dialects.js';

export type AmqpSinkWarning = 'not-persistent' | 'blocked' | 'unrouted-dropped';

export type BrokerWarnings = (event: AmqpSinkWarning, text: string) => void;

export interface PersistenceOptions {
  /** a message that says nothing of it is persistent */
  readonly reliable: boolean;
  readonly persistent: 'true' | 'keep';
  readonly onWarning?: BrokerWarnings;
}

/** Whether a broker of AMQP is to keep a message on its disk; it is told once of one that says no. */
export class Persistence {
  readonly #options: PersistenceOptions;
  #warned = false;

  constructor(options: PersistenceOptions) {
    this.#options = options;
  }

  /** undefined: the message says nothing of it. */
  of({ persistent: given }: Readonly<Header>): boolean | undefined {
    const { reliable, persistent, onWarning } = this.#options;
    if (given === undefined) return reliable && persistent === 'true' ? true : undefined;
    const kept = !meansNotPersistent(given);
    if (!kept && reliable && !this.#warned) {
      this.#warned = true;
      onWarning?.('not-persistent', notPersistentWarning(given));
    }
    return kept;
  }
}
