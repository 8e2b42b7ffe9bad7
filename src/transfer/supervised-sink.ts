import { StompctlError } from '../base/errors.js';
import type { Sink } from '../flow/sink.js';
import type { Message } from '../message/message.js';
import type { Logger } from '../observe/logger.js';
import { asStompctlError, type Supervisor } from './supervisor.js';

interface Entry {
  readonly message: Message;
  readonly resolve: () => void;
  readonly reject: (error: StompctlError) => void;
  /** the opening in which it was last handed to the inner sink; 0: it waits */
  opening: number;
  /** how often it was the only message in flight when the broker ended the session */
  refusals: number;
  /** another message was accepted since its first refusal: the fault is its own */
  othersAccepted: boolean;
}

export interface SupervisedSinkOptions {
  readonly supervisor: Supervisor;
  /** refusals of one message on its own before it is rejected */
  readonly maxAttempts: number;
  readonly logger: Logger;
  /** called at each opening after the first */
  readonly onReopened?: () => void;
}

/**
 * A sink that outlives its sessions. `send` resolves when the message is safe, however many openings that takes, and
 * rejects when the message itself is at fault or the run must end.
 *
 * After a loss everything not known to be safe is sent again, in order. When the broker answered with an ERROR that names
 * no message, or sessions keep ending before anything was accepted, the culprit is found by sending what is unsettled one
 * by one: so one poison message never wedges a queue.
 */
export class SupervisedSink implements Sink {
  readonly name: string;
  readonly #inner: Sink;
  readonly #options: SupervisedSinkOptions;
  readonly #entries = new Set<Entry>();
  #state: 'new' | 'opening' | 'open' | 'probing' | 'closed' = 'new';
  #opening = 0;
  #acceptedInOpening = 0;
  #barrenOpenings = 0;
  #failure: StompctlError | undefined;

  constructor(inner: Sink, options: SupervisedSinkOptions) {
    this.name = inner.name;
    this.#inner = inner;
    this.#options = options;
  }

  /** Messages not yet known to be safe. */
  get unsettled(): number {
    return this.#entries.size;
  }

  /** Opens now instead of at the first message. Resolves also when interrupted. */
  async open(): Promise<void> {
    if (this.#state !== 'new') return;
    await this.#reopen();
    if (this.#failure !== undefined) throw this.#failure;
  }

  send(message: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const entry: Entry = { message, resolve, reject, opening: 0, refusals: 0, othersAccepted: false };
      this.#entries.add(entry);
      if (this.#state === 'open') this.#forward(entry);
      else if (this.#state === 'new') void this.#reopen();
      else if (this.#state === 'closed') this.#settle(entry, closed(this.name));
    });
  }

  async flush(): Promise<void> {
    if (this.#state === 'open' || this.#state === 'probing') await this.#inner.flush();
  }

  /** Closes the inner sink; whatever is not safe by then is rejected with SESSION_CLOSED. */
  async close(): Promise<void> {
    this.#options.supervisor.interrupt();
    this.#state = 'closed';
    await this.#inner.close();
    for (const entry of [...this.#entries]) this.#settle(entry, closed(this.name));
  }

  #forward(entry: Entry): void {
    const opening = this.#opening;
    entry.opening = opening;
    this.#inner.send(entry.message).then(
      () => this.#accepted(entry),
      (error: unknown) => this.#notSafe(entry, opening, asStompctlError(error, this.name)),
    );
  }

  #accepted(entry: Entry): void {
    this.#acceptedInOpening += 1;
    this.#barrenOpenings = 0;
    this.#settle(entry);
  }

  #settle(entry: Entry, error?: StompctlError): void {
    if (!this.#entries.delete(entry)) return;
    if (error === undefined) entry.resolve();
    else entry.reject(error);
  }

  #notSafe(entry: Entry, opening: number, error: StompctlError): void {
    if (error.action === 'reject' || error.action === 'stop') this.#settle(entry, error);
    entry.opening = 0;
    if (this.#state !== 'open') return;
    if (error.action === 'stop') this.#fail(error);
    else if (error.action === 'reject' && !endsSession(error)) return;
    else if (opening === this.#opening) void this.#reopen(this.#lossOf(error));
    else if (this.#entries.has(entry)) this.#forward(entry);
  }

  /** The session ended by itself, perhaps while nothing was being sent. */
  #lost(opening: number, error: StompctlError): void {
    if (this.#state === 'open' && opening === this.#opening) void this.#reopen(error);
  }

  /** Opens (again), then sends what waits. Never rejects: a failure that ends the run is kept, and every send rejects with it. */
  async #reopen(lost?: StompctlError): Promise<void> {
    this.#state = 'opening';
    if (lost !== undefined) {
      this.#barrenOpenings = this.#acceptedInOpening === 0 ? this.#barrenOpenings + 1 : 0;
    }
    const probe =
      lost !== undefined && this.#entries.size > 0 && (lost.code === 'BROKER_ERROR' || this.#barrenOpenings >= 2);
    if (!(await this.#openInner(lost))) return;
    if (probe) await this.#probe();
    if (this.#isClosed() || this.#failure !== undefined) return;
    this.#state = 'open';
    for (const entry of this.#entries) {
      // what the inner sink still has is sent again only once it says that it is not safe
      if (entry.opening === 0) this.#forward(entry);
    }
  }

  async #openInner(lost?: StompctlError): Promise<boolean> {
    try {
      const opening = this.#opening + 1;
      const end = { name: this.name, open: () => this.#inner.open((error) => this.#lost(opening, error)) };
      const open = await this.#options.supervisor.open(end, lost);
      if (!open || this.#isClosed()) return false;
    } catch (error) {
      this.#fail(asStompctlError(error, this.name));
      return false;
    }
    this.#opening += 1;
    this.#acceptedInOpening = 0;
    if (lost !== undefined) this.#options.onReopened?.();
    return true;
  }

  /** Sends what was unsettled one by one, so that a refusal names its message; then the caller goes back to full speed. */
  async #probe(): Promise<void> {
    this.#state = 'probing';
    const suspects = new Set(this.#entries);
    this.#options.logger.info(
      'probe',
      `sending ${suspects.size} unsettled messages one by one to find the refused one`,
      {
        end: this.name,
        messages: suspects.size,
      },
    );
    for (const entry of suspects) {
      if (!this.#entries.has(entry)) continue;
      entry.opening = this.#opening;
      try {
        await this.#inner.send(entry.message);
        this.#accepted(entry);
        this.#options.supervisor.succeeded();
        for (const other of suspects) other.othersAccepted ||= other.refusals > 0;
      } catch (caught) {
        const error = asStompctlError(caught, this.name);
        entry.opening = 0;
        if (!this.#judge(entry, error)) {
          // behind the others, and one more of them: what they meet tells whose fault it is
          const newcomer = [...this.#entries].find((candidate) => !suspects.has(candidate));
          if (newcomer !== undefined) suspects.add(newcomer);
          suspects.delete(entry);
          suspects.add(entry);
        }
        if (error.action === 'stop') return this.#fail(error);
        if (error.action === 'reject' && !endsSession(error)) continue;
        // an answer to the only message in flight, even a refusal, proves that the broker works
        if (error.code === 'BROKER_ERROR') this.#options.supervisor.succeeded();
        if (!(await this.#openInner(this.#lossOf(error)))) return;
      }
    }
  }

  /** What the supervisor is told: a refusal that names its message proves that the broker works, so the delays start small. */
  #lossOf(error: StompctlError): StompctlError {
    if (!endsSession(error)) return error;
    this.#barrenOpenings = 0;
    this.#acceptedInOpening += 1;
    this.#options.supervisor.succeeded();
    return new StompctlError(
      'SESSION_LOST',
      'send',
      this.name,
      'the broker refused a message and ended the session',
      error,
    );
  }

  /** Counts a refusal of a message sent on its own; true when that settles it. */
  #judge(entry: Entry, error: StompctlError): boolean {
    if (error.action === 'reject' || error.action === 'stop') {
      this.#settle(entry, error);
      return true;
    }
    entry.refusals += 1;
    const told = error.code === 'BROKER_ERROR' || entry.othersAccepted;
    if (!told || entry.refusals < this.#options.maxAttempts) return false;
    const reason = `refused ${entry.refusals} times on its own, the last time: ${error.message}`;
    this.#settle(entry, new StompctlError('MESSAGE_REFUSED', 'send', this.name, reason, error));
    return true;
  }

  /** Asked for by those who waited: the state may have changed meanwhile. */
  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #fail(error: StompctlError): void {
    this.#failure = error;
    for (const entry of [...this.#entries]) this.#settle(entry, error);
  }
}

/** A refusal that names its message still ends the session (STOMP 1.2: "ERROR": the server must then close). */
function endsSession(error: StompctlError): boolean {
  return error.code === 'MESSAGE_REFUSED';
}

function closed(name: string): StompctlError {
  return new StompctlError('SESSION_CLOSED', 'send', name, 'closed before the message was safe');
}
