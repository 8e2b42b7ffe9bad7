import type { Connection, Delivery, EventContext, Sender, Session } from 'rhea';
import { reasonOf, StompctlError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { beginSession, counting, isMissing, outcomeError, settleSent } from './rhea-parts.js';

/** Where messages go to: AMQP 1.0, part 3, section 3.5.4. */
export interface Target {
  readonly address: string;
  /** `queue` or `topic`, where the broker asks for it */
  readonly capability: string | undefined;
}

/** What links of a session have in common. */
export interface LinkContext {
  readonly connection: Connection;
  readonly peer: string;
  /** called when something is awaited of the broker (1), or it has answered (-1) */
  readonly awaiting: (change: 1 | -1) => void;
  /** why the broker refuses or ends something, fit for an error of ours */
  readonly told: (error: unknown) => string;
  /** ends the session */
  readonly lost: (error: StompctlError) => void;
}

export interface SenderContext extends LinkContext {
  /** more waits to be written than should be */
  readonly full: () => boolean;
  /** called when credit is missing for what waits, or there again */
  readonly starved: (link: SenderLink, missing: boolean) => void;
  /** called when the link has ended, or has nothing to do */
  readonly rested: () => void;
}

interface Held {
  readonly payload: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: StompctlError) => void;
}

/** Sends to one address, over a session of its own: what the broker refuses there ends no other. */
export class SenderLink {
  readonly address: string;
  /** resolves when the broker has confirmed the end of the session */
  readonly left: Promise<void>;
  readonly #context: SenderContext;
  readonly #session: Session;
  readonly #sender: Sender;
  readonly #unsettled = new Map<Delivery, Held>();
  #waiting: Held[] = [];
  #handed = 0;
  #state: 'opening' | 'open' | 'ended' = 'opening';

  constructor({ address, capability }: Target, context: SenderContext) {
    this.address = address;
    this.#context = context;
    this.#session = beginSession(context.connection);
    this.left = leftOf(this.#session);
    context.awaiting(1);
    this.#sender = this.#session.open_sender({
      // durable, or RabbitMQ makes a queue that is not
      target: { address, durable: 2, ...(capability !== undefined && { capabilities: [capability] }) },
      snd_settle_mode: 0,
      treat_modified_as_released: false,
    });
    this.#listen();
  }

  /** Nothing is under way, or waits. */
  get idle(): boolean {
    return this.#state === 'open' && this.#waiting.length === 0 && this.#unsettled.size === 0;
  }

  get over(): boolean {
    return this.#state === 'ended';
  }

  /** Resolves when the broker has accepted the message. Errors: MESSAGE_REFUSED, MESSAGE_TOO_LARGE, and the ends of the session. */
  publish(payload: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ payload, resolve, reject });
      this.sendWaiting();
    });
  }

  /** Sends what waits, as far as the broker and the connection take it. */
  sendWaiting(): void {
    if (this.#state !== 'open') return;
    while (this.#waiting.length > 0 && this.#hasCredit && !this.#context.full()) {
      const held = this.#waiting.shift();
      if (held !== undefined) this.#send(held);
    }
    this.#context.starved(this, this.#waiting.length > 0 && this.#unsettled.size === 0 && !this.#hasCredit);
  }

  /** Ends in order. */
  close(): void {
    this.#state = 'ended';
    this.#session.close();
  }

  /** The session is over: so are all that wait. */
  fail(error: StompctlError): void {
    const waiting = [...this.#unsettled.values(), ...this.#waiting];
    this.#unsettled.clear();
    this.#waiting = [];
    this.#state = 'ended';
    for (const { reject } of waiting) reject(error);
  }

  /** The library sends later what it is handed, and counts then. */
  get #hasCredit(): boolean {
    const { credit, delivery_count: sent } = counting(this.#sender);
    return this.#sender.sendable() && credit > this.#handed - sent;
  }

  #send(held: Held): void {
    const { max_message_size: most } = this.#sender;
    if (most > 0 && held.payload.length > most) {
      const reason = `${held.payload.length} bytes, more than the broker takes at ${this.address}: ${most} (max-message-size of its link)`;
      held.reject(new StompctlError('MESSAGE_TOO_LARGE', 'send', this.#context.peer, reason));
      return;
    }
    this.#handed += 1;
    this.#context.awaiting(1);
    this.#unsettled.set(this.#sender.send(held.payload, undefined, 0), held);
  }

  #listen(): void {
    const sender = this.#sender;
    sender.on('sender_open', () => {
      if (this.#state === 'opening' && !isMissing(sender.target)) this.#opened();
    });
    sender.on('sendable', () => this.sendWaiting());
    sender.on('accepted', ({ delivery }: EventContext) => this.#answered(delivery, undefined));
    for (const what of ['rejected', 'released', 'modified'] as const) {
      sender.on(what, ({ delivery }: EventContext) => this.#answered(delivery, what));
    }
    sender.on('settled', ({ delivery }: EventContext) => this.#answered(delivery, 'settled without an outcome'));
    sender.on('sender_error', () => undefined);
    sender.on('sender_close', () => this.#gone(sender.error));
    this.#session.on('session_error', () => undefined);
    this.#session.on('session_close', () => this.#gone(this.#session.error));
  }

  #opened(): void {
    this.#state = 'open';
    this.#context.awaiting(-1);
    this.sendWaiting();
  }

  #answered(delivery: Delivery | undefined, refusal: string | undefined): void {
    const held = delivery === undefined ? undefined : this.#unsettled.get(delivery);
    if (delivery === undefined || held === undefined) return;
    this.#unsettled.delete(delivery);
    settleSent(delivery);
    this.#context.awaiting(-1);
    if (refusal === undefined) held.resolve();
    else {
      const { peer, told } = this.#context;
      const reason = `the broker did not take the message (${refusal}): ${told(outcomeError(delivery))}; see its log`;
      held.reject(new StompctlError('MESSAGE_REFUSED', 'send', peer, reason));
    }
    this.sendWaiting();
    if (this.idle) this.#context.rested();
  }

  /** The broker has ended the link, or its session. */
  #gone(error: unknown): void {
    if (this.#state === 'ended') return;
    const opening = this.#state === 'opening';
    const { peer, awaiting, lost, rested, told } = this.#context;
    const text = told(error);
    if (opening) {
      awaiting(-1);
      const reason = `the broker refused the destination ${JSON.stringify(this.address)}: ${text}`;
      this.fail(
        new StompctlError('MESSAGE_REFUSED', 'send', peer, `${reason}; make it there, or correct it in a callback`),
      );
      this.#session.close();
      rested();
      return;
    }
    const reason = `the broker ended the link to ${JSON.stringify(this.address)}: ${text}; see its log`;
    // which message it means it does not say
    lost(new StompctlError('BROKER_ERROR', 'session', peer, reason));
  }
}

/** Resolves when the broker has ended a session. */
export function leftOf(session: Session): Promise<void> {
  return new Promise((resolve) => {
    session.on('session_close', () => resolve());
  });
}

/** What an encoder of the library could not write. */
export function unwritable(error: unknown, peer: string): StompctlError {
  const reason = `AMQP cannot carry it: ${printable(reasonOf(error))}; correct its header in a callback`;
  return new StompctlError('MESSAGE_BAD_HEADER', 'send', peer, reason, error);
}
