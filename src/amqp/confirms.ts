import { isDeepStrictEqual } from 'node:util';
import type { Options, Message as Returned } from 'amqplib';
import { AnswerTimer } from '../base/answer-timer.js';
import type { Clock } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';

/** A message on its way to an exchange. */
export interface Publication {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: Options.Publish;
  readonly body: Buffer;
}

/** A publication that the broker has not confirmed. */
export interface Unconfirmed {
  readonly publication: Publication;
  readonly resolve: () => void;
  readonly reject: (error: StompctlError) => void;
  /** the broker gave it back: no queue takes it */
  returned: boolean;
}

export interface ConfirmsOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly peer: string;
  /** called when the broker confirms nothing for `timeoutMs` */
  readonly timedOut: (error: StompctlError) => void;
}

/** What was published and is not confirmed, in order; and how long the next confirmation is waited for. */
export class Confirms {
  readonly #options: ConfirmsOptions;
  readonly #waiting = new Set<Unconfirmed>();
  readonly #timer: AnswerTimer;
  #suspended = false;

  constructor(options: ConfirmsOptions) {
    this.#options = options;
    const { clock, timeoutMs, peer, timedOut } = options;
    this.#timer = new AnswerTimer(clock, timeoutMs, () => {
      const reason = `no confirmation within ${timeoutMs / 1000} s (timeout-broker); is the broker overloaded, or out of memory or disk?`;
      timedOut(new StompctlError('RECEIPT_TIMEOUT', 'send', peer, reason));
    });
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(entry: Unconfirmed): void {
    this.#waiting.add(entry);
    if (this.#waiting.size === 1) this.#watch();
  }

  /** The message was not published after all. */
  forget(entry: Unconfirmed): void {
    this.#waiting.delete(entry);
  }

  /**
   * The broker gives a message back; its confirmation follows. A return names no publication: it is the first with the same content,
   * for of two that are the same in everything either may be meant. Answers whether there was one.
   */
  returned({ fields, properties, content }: Returned): boolean {
    const candidates = [...this.#waiting].filter(({ publication, returned }) => {
      const { exchange, routingKey, body } = publication;
      return !returned && exchange === fields.exchange && routingKey === fields.routingKey && body.equals(content);
    });
    const same = ({ publication }: Unconfirmed) =>
      (publication.properties.messageId ?? undefined) === properties.messageId &&
      isDeepStrictEqual({ ...publication.properties.headers }, { ...properties.headers });
    const entry = candidates.find(same) ?? candidates[0];
    if (entry !== undefined) entry.returned = true;
    return entry !== undefined;
  }

  /** The broker has answered for one: `refused`: with a nack. */
  settle(entry: Unconfirmed, refused: boolean): void {
    if (!this.#waiting.delete(entry)) return;
    this.#watch();
    if (refused) {
      const reason = 'the broker refused the message (basic.nack): a queue may be full or broken, see its log';
      entry.reject(new StompctlError('MESSAGE_REFUSED', 'send', this.#options.peer, reason));
    } else if (entry.returned) entry.reject(this.#unroutable(entry.publication));
    else entry.resolve();
  }

  /** Nobody will answer any more. */
  fail(error: StompctlError): void {
    this.#timer.restart(false);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }

  /** While the broker says that it takes nothing, nothing is waited for. */
  suspend(suspended: boolean): void {
    this.#suspended = suspended;
    this.#watch();
  }

  #unroutable({ exchange, routingKey }: Publication): StompctlError {
    const where =
      exchange === ''
        ? `no queue ${JSON.stringify(routingKey)}`
        : `no queue bound to exchange ${JSON.stringify(exchange)} for the routing key ${JSON.stringify(routingKey)}`;
    const reason = `there is ${where}: nothing keeps the message; make the queue or its binding, or correct the destination`;
    return new StompctlError('MESSAGE_UNROUTABLE', 'send', this.#options.peer, reason);
  }

  #watch(): void {
    this.#timer.restart(!this.#suspended && this.#waiting.size > 0);
  }
}
