import type { Clock } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';
import { withDeadline } from '../base/wait.js';
import type { Sink } from '../flow/sink.js';
import type { StoredElement } from '../flow/stored-element.js';
import { Message } from '../message/message.js';
import type { Logger } from '../observe/logger.js';
import { Evidence, newTrial, type Trial } from './evidence.js';
import { asStompctlError, type Supervisor } from './supervisor.js';
import { moveElement } from './unread.js';

interface Entry {
  readonly message: Message | StoredElement;
  readonly id: string | undefined;
  readonly to: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: StompctlError) => void;
  /** the opening in which it was last handed to the inner sink; 0: it waits */
  opening: number;
  /** given up: when it fails it is not sent again */
  recalled: boolean;
  /** refusals of it: by an ERROR that names it, or when the session ended while it was the only message in flight */
  readonly trial: Trial;
}

export interface SupervisedSinkOptions {
  readonly supervisor: Supervisor;
  /** refusals of one message, others being accepted, before it is rejected */
  readonly maxAttempts: number;
  readonly logger: Logger;
  /** called at each opening after the first */
  readonly onReopened?: () => void;
}

export interface ExchangeLimits {
  /** the longest that what was sent is waited for */
  readonly lingerMs: number;
  /** the longest that its closing is */
  readonly closeMs: number;
  readonly clock: Clock;
}

/**
 * A sink that outlives its sessions. `send` resolves when the message is safe, however many openings that takes, and
 * rejects when the message itself is at fault or the run must end.
 *
 * After a loss everything not known to be safe is sent again, in order; a refused message goes behind the others. When the
 * broker answered with an ERROR that names no message, or refused several in a row, or sessions keep ending before anything
 * was accepted, what is unsettled is sent one by one: so one poison message never wedges a queue, and a broker that takes
 * nothing is asked for one message at a time, with growing delays; not where they go `together`. `Evidence` says whose fault a refusal is.
 */
export class SupervisedSink implements Sink {
  #inner: Sink;
  #options: SupervisedSinkOptions;
  readonly #entries = new Set<Entry>();
  #state: 'new' | 'opening' | 'open' | 'probing' | 'closed' = 'new';
  #opening = 0;
  #acceptedInOpening = 0;
  #barrenOpenings = 0;
  /** which inner sink: what was begun with an earlier one ends without effect */
  #generation = 0;
  #failure: StompctlError | undefined;
  readonly #evidence: Evidence;

  constructor(inner: Sink, options: SupervisedSinkOptions) {
    this.#evidence = new Evidence(options.maxAttempts);
    this.#inner = inner;
    this.#options = options;
  }

  get name(): string {
    return this.#inner.name;
  }

  /** How often a message may be refused, from now on. */
  set maxAttempts(maxAttempts: number) {
    this.#evidence.maxAttempts = maxAttempts;
  }

  /**
   * Puts another sink in the place of the inner one. From now on nothing goes to the old one; what it has is made safe, for
   * `lingerMs` at most, and it is closed. What is not known to be safe then goes to the new one, which is opened at once if the
   * old one was wanted. Resolves when the old one is closed, whether or not the new one can be opened.
   */
  async exchange(inner: Sink, supervisor: Supervisor, { clock, lingerMs, closeMs }: ExchangeLimits): Promise<void> {
    const { logger } = this.#options;
    const old = this.#inner;
    const hasSent = this.#state === 'open' || this.#state === 'probing';
    this.#generation += 1;
    if (this.#state !== 'new' && this.#state !== 'closed') this.#state = 'opening';
    this.#options.supervisor.interrupt();
    try {
      if (hasSent) await withDeadline(clock, lingerMs, old.flush(), () => undefined);
      const late = () => logger.warn('close-failed', `${old.name} was not closed in time, and is left behind`);
      await withDeadline(clock, closeMs, old.close(), late);
    } catch (error) {
      logger.warn('close-failed', asStompctlError(error, old.name).message);
    }
    this.#inner = inner;
    this.#options = { ...this.#options, supervisor };
    if (this.#state === 'closed') supervisor.interrupt();
    // sent to the old one, which is not waited for any more
    for (const entry of this.#entries) entry.opening = 0;
    if (this.#state === 'opening') void this.#reopen();
  }

  /** Gives up all that is not safe: what waits for the inner sink at once, the rest when that one has given up what it can. */
  async recall(): Promise<void> {
    const recalled = [...this.#entries];
    for (const entry of recalled) {
      entry.recalled = true;
      if (entry.opening === 0) this.#giveUp(entry);
    }
    await this.#inner.recall?.();
    for (const entry of recalled) this.#giveUp(entry);
  }

  /** Opens now instead of at the first message. Resolves also when interrupted. */
  async open(): Promise<void> {
    if (this.#state !== 'new') return;
    await this.#reopen();
    if (this.#failure !== undefined) throw this.#failure;
  }

  get moves(): boolean {
    return this.#inner.moves === true;
  }

  send(message: Message, id?: string, to?: string): Promise<void> {
    return this.#enter(message, id, to);
  }

  move(element: StoredElement): Promise<void> {
    return this.#enter(element, undefined);
  }

  #enter(message: Message | StoredElement, id: string | undefined, to?: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const entry: Entry = { message, id, to, resolve, reject, opening: 0, recalled: false, trial: newTrial() };
      this.#entries.add(entry);
      if (this.#state === 'open') this.#forward(entry);
      else if (this.#state === 'new') void this.#reopen();
      else if (this.#state === 'closed') this.#giveUp(entry);
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
    for (const entry of [...this.#entries]) this.#giveUp(entry);
  }

  #forward(entry: Entry): void {
    const opening = this.#opening;
    const generation = this.#generation;
    entry.opening = opening;
    this.#sendOn(entry).then(
      () => this.#accepted(entry),
      (error: unknown) => {
        if (entry.recalled) this.#giveUp(entry);
        else if (generation === this.#generation) this.#notSafe(entry, opening, asStompctlError(error, this.name));
        // of a sink that was exchanged meanwhile: the next one gets it
        else if (entry.opening === opening) entry.opening = 0;
      },
    );
  }

  #sendOn({ message, id, to }: Entry): Promise<void> {
    return message instanceof Message ? this.#inner.send(message, id, to) : moveElement(this.#inner, message);
  }

  #accepted(entry: Entry): void {
    if (this.#acceptedInOpening === 0) this.#options.supervisor.succeeded();
    this.#acceptedInOpening += 1;
    this.#evidence.accepted();
    this.#barrenOpenings = 0;
    this.#settle(entry);
  }

  #giveUp(entry: Entry): void {
    this.#settle(entry, closed(this.name));
  }

  #settle(entry: Entry, error?: StompctlError): void {
    if (!this.#entries.delete(entry)) return;
    this.#evidence.forget(entry.trial);
    if (error === undefined) entry.resolve();
    else entry.reject(error);
  }

  #notSafe(entry: Entry, opening: number, error: StompctlError): void {
    if (isFinal(error)) this.#settle(entry, error);
    entry.opening = 0;
    const loss = endsSession(error) ? this.#refused(entry, error) : error;
    if (this.#state !== 'open') return;
    if (error.action === 'stop') this.#fail(error);
    else if (isFinal(error)) return;
    else if (opening === this.#opening) void this.#reopen(loss);
    else if (this.#entries.has(entry)) this.#forward(entry);
  }

  /** The session ended by itself, perhaps while nothing was being sent. */
  #lost(opening: number, error: StompctlError): void {
    if (this.#state === 'open' && opening === this.#opening) void this.#reopen(error);
  }

  /** Opens (again), then sends what waits. Never rejects: a failure that ends the run is kept, and every send rejects with it. */
  async #reopen(lost?: StompctlError): Promise<void> {
    const generation = this.#generation;
    this.#state = 'opening';
    if (lost !== undefined) {
      this.#barrenOpenings = this.#acceptedInOpening === 0 ? this.#barrenOpenings + 1 : 0;
    }
    const unnamed = lost?.code === 'BROKER_ERROR' && !(lost.cause instanceof StompctlError && endsSession(lost.cause));
    const suspicious = unnamed || this.#evidence.refusedInARow >= 2 || this.#barrenOpenings >= 2;
    const probe = lost !== undefined && this.#entries.size > 0 && suspicious && this.#inner.together !== true;
    if (!(await this.#openInner(lost))) return;
    if (probe) await this.#probe();
    if (this.#isOver(generation) || this.#failure !== undefined) return;
    this.#state = 'open';
    for (const entry of this.#entries) {
      // what the inner sink still has is sent again only once it says that it is not safe
      if (entry.opening === 0) this.#forward(entry);
    }
  }

  async #openInner(lost?: StompctlError): Promise<boolean> {
    const inner = this.#inner;
    const generation = this.#generation;
    try {
      const opening = this.#opening + 1;
      const end = { name: inner.name, open: () => inner.open((error) => this.#lost(opening, error)) };
      const open = await this.#options.supervisor.open(end, lost);
      if (!open || this.#isOver(generation)) return false;
    } catch (error) {
      if (!this.#isOver(generation)) this.#fail(asStompctlError(error, this.name));
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
    const generation = this.#generation;
    // what the inner sink still has, one of several brokers, is not sent twice: it says itself what becomes of it
    const suspects = new Set([...this.#entries].filter(({ opening }) => opening === 0));
    this.#options.logger.info(
      'probe',
      `sending ${suspects.size} unsettled messages one by one to find the refused one`,
      {
        end: this.name,
        messages: suspects.size,
      },
    );
    for (const entry of suspects) {
      if (this.#isOver(generation)) return;
      if (!this.#entries.has(entry)) continue;
      entry.opening = this.#opening;
      try {
        await this.#sendOn(entry);
        this.#accepted(entry);
      } catch (caught) {
        const error = asStompctlError(caught, this.name);
        if (this.#isOver(generation)) return;
        entry.opening = 0;
        if (isFinal(error)) this.#settle(entry, error);
        if (error.action === 'stop') return this.#fail(error);
        if (isFinal(error)) continue;
        const loss = this.#refused(entry, error);
        if (this.#entries.has(entry)) {
          // behind the others, and one more of them: what they meet tells whose fault it is
          const newcomer = [...this.#entries].find((candidate) => !suspects.has(candidate));
          if (newcomer !== undefined) suspects.add(newcomer);
          suspects.delete(entry);
          suspects.add(entry);
        }
        if (!(await this.#openInner(loss))) return;
        // an ERROR that names its message needs no search: those known to be at fault are sent behind the others
        const known = [...suspects].every((suspect) => !this.#entries.has(suspect) || suspect.trial.confirmed);
        if (endsSession(error) && known) return;
      }
    }
  }

  /**
   * Notes a refusal of this message: rejects it when that was the last it may have, puts it behind the others otherwise.
   * Answers what the supervisor is told: only a refusal that is the message's own fault lets the delays start small again.
   */
  #refused(entry: Entry, error: StompctlError): StompctlError {
    const { trial } = entry;
    const fault = this.#evidence.refused(trial);
    const row = this.#evidence.refusedInARow;
    if (fault === 'message') this.#options.supervisor.succeeded();
    if (this.#evidence.isFinal(trial)) {
      const reason = `refused ${trial.refusals} times while others were accepted, the last time: ${error.message}`;
      this.#settle(entry, new StompctlError('MESSAGE_REFUSED', 'send', this.name, reason, error, trial.refusals));
    } else if (this.#entries.delete(entry)) this.#entries.add(entry);
    if (!endsSession(error)) return error;
    this.#barrenOpenings = 0;
    const what = row > 1 ? `${row} different messages in a row, and accepts none` : 'a message and ended the session';
    return new StompctlError('BROKER_ERROR', 'send', this.name, `the broker refused ${what}: ${error.message}`, error);
  }

  /** Asked for by those who waited: it may have been closed meanwhile, or have another inner sink. */
  #isOver(generation: number): boolean {
    return this.#state === 'closed' || generation !== this.#generation;
  }

  #fail(error: StompctlError): void {
    this.#failure = error;
    for (const entry of [...this.#entries]) this.#settle(entry, error);
  }
}

/** No further attempt will help this message. */
function isFinal(error: StompctlError): boolean {
  return error.action === 'stop' || (error.action === 'reject' && !endsSession(error));
}

/** A refusal that names its message still ends the session (STOMP 1.2: "ERROR": the server must then close). */
function endsSession(error: StompctlError): boolean {
  return error.code === 'MESSAGE_REFUSED';
}

function closed(name: string): StompctlError {
  return new StompctlError('SESSION_CLOSED', 'send', name, 'closed before the message was safe');
}
