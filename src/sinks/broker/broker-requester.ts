import { randomUUID } from 'node:crypto';
import type { Clock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import { unlessAborted, withDeadline } from '../../base/wait.js';
import type { Sink } from '../../flow/sink.js';
import { Message, newHeader } from '../../message/message.js';

/** What comes to a destination that is made for it. */
export interface Replies {
  /** for `reply-to` */
  readonly destination: string;
  /** throws what ended the session */
  readonly messages: AsyncIterable<Message>;
}

export interface RequesterOptions {
  readonly name: string;
  /** sends the requests */
  readonly sink: Sink;
  /** Begins to receive replies, in the session that the sink has opened. */
  readonly listen: () => Promise<Replies>;
  readonly clock: Clock;
}

/** Of a reply that was not read. */
export function replyTooLarge(bytes: number, name: string, maxMessageSize: number): StompctlError {
  const reason = `the reply has ${bytes} bytes, more than max-message-size (${maxMessageSize}); raise that`;
  return new StompctlError('MESSAGE_TOO_LARGE', 'request', name, reason);
}

/** Who sends requests. */
export type Requester = Pick<BrokerRequester, 'name' | 'open' | 'request' | 'close'>;

/** Sends requests to a broker and hands out what is replied, over one session. */
export class BrokerRequester {
  readonly name: string;
  readonly #options: RequesterOptions;

  constructor(options: RequesterOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Resolves when requests can be sent. Rejects as the opening of a sink does. */
  open(): Promise<void> {
    return this.#options.sink.open();
  }

  /**
   * Sends the request, with a `reply-to` that only this session has, and a `correlation-id` unless it has one. Resolves to the reply.
   * Rejects with MESSAGE_TIMEOUT when none came within `timeoutMs`, SESSION_CLOSED when `signal` calls it off, and as `Sink.send`.
   */
  async request(message: Message, timeoutMs: number, signal: AbortSignal): Promise<Message> {
    const { clock } = this.#options;
    const late = (): never => {
      const reason = `no reply within ${timeoutMs / 1000} s: does anybody receive from ${message.header.destination}?`;
      throw new StompctlError('MESSAGE_TIMEOUT', 'request', this.name, reason);
    };
    const answered = await unlessAborted(withDeadline(clock, timeoutMs, this.#exchange(message), late), signal);
    if (answered !== 'aborted') return answered;
    throw new StompctlError('SESSION_CLOSED', 'request', this.name, 'given up: no longer wanted');
  }

  close(): Promise<void> {
    return this.#options.sink.close();
  }

  async #exchange(message: Message): Promise<Message> {
    const { destination, messages } = await this.#options.listen();
    const header = newHeader({ 'correlation-id': randomUUID(), ...message.header, 'reply-to': destination });
    await this.#options.sink.send(new Message(header, message.body, message.text));
    for await (const reply of messages) {
      const about = reply.header['correlation-id'];
      // where the queue is ours alone, who replies need not say to what
      if (about === undefined || about === header['correlation-id']) return reply;
    }
    throw new StompctlError('SESSION_CLOSED', 'request', this.name, 'the session is over');
  }
}
