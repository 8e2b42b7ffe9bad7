import type { Options } from 'amqplib';
import { AnswerTimer } from '../base/answer-timer.js';
import type { Clock } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';
import type { AmqpReturn } from './delivery-reader.js';
import { type Content, contentOf, likeness, sameContent } from './returned-content.js';

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
  /** what it says besides its body, once that has been compared */
  content?: Content;
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
   * The broker gives a message back; its confirmation follows. A return names no publication: it is the earliest of those with all of
   * this content, for of two that are the same in everything either may be meant. Answers why the session cannot go on, when it is
   * none of them, or several that differ may be meant.
   */
  returned({ exchange, routingKey, properties, body }: AmqpReturn): StompctlError | undefined {
    const { peer } = this.#options;
    const candidates = [...this.#waiting].filter(
      ({ publication, returned }) =>
        !returned &&
        publication.exchange === exchange &&
        publication.routingKey === routingKey &&
        publication.body.equals(body),
    );
    const content = contentOf(properties);
    const judged = candidates.map((entry) => ({ entry, like: likeness(sentContent(entry), content) }));
    const most = Math.max(...judged.map(({ like }) => like));
    const [first, ...others] = judged.filter(({ like }) => like === most).map(({ entry }) => entry);
    if (first === undefined) {
      const reason = 'the broker gave back a message that was not sent in this session; see its log';
      return new StompctlError('FRAME_MALFORMED', 'session', peer, reason);
    }
    if (others.some((other) => !sameContent(sentContent(other), sentContent(first)))) {
      // sent one by one, each is known
      const reason = 'the broker gave a message back, changed, and several were sent that may be meant; see its log';
      return new StompctlError('BROKER_ERROR', 'session', peer, reason);
    }
    first.returned = true;
    return undefined;
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

function sentContent(entry: Unconfirmed): Content {
  entry.content ??= contentOf(entry.publication.properties);
  return entry.content;
}
