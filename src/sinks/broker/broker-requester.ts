import { randomUUID } from 'node:crypto';
import { systemClock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import { unlessAborted, withDeadline } from '../../base/wait.js';
import { messageFromFrame } from '../../message/content-type.js';
import { Message, newHeader } from '../../message/message.js';
import type { StompSession } from '../../stomp/session.js';
import type { Subscription } from '../../stomp/subscription.js';
import { BrokerSink, type BrokerSinkOptions } from './broker-sink.js';

const TEMPORARY = '/temp-queue/stompctl-replies';

/** Sends requests to a broker and hands out what is replied, over one session. */
export class BrokerRequester {
  readonly name: string;
  readonly #options: BrokerSinkOptions;
  readonly #sink: BrokerSink;
  #session: StompSession | undefined;

  constructor(options: BrokerSinkOptions) {
    this.name = options.name;
    this.#options = options;
    const onSession = (session: StompSession): void => {
      this.#session = session;
      options.onSession?.(session);
    };
    this.#sink = new BrokerSink({ ...options, onSession });
  }

  /** Resolves when requests can be sent. Rejects as the opening of a sink does. */
  open(): Promise<void> {
    return this.#sink.open();
  }

  /**
   * Sends the request, with a `reply-to` that only this session has, and a `correlation-id` unless it has one. Resolves to the reply.
   * Rejects with MESSAGE_TIMEOUT when none came within `timeoutMs`, SESSION_CLOSED when `signal` calls it off, and as `Sink.send`.
   */
  async request(message: Message, timeoutMs: number, signal: AbortSignal): Promise<Message> {
    const { clock = systemClock } = this.#options;
    const late = (): never => {
      const reason = `no reply within ${timeoutMs / 1000} s: does anybody receive from ${message.header.destination}?`;
      throw new StompctlError('MESSAGE_TIMEOUT', 'request', this.name, reason);
    };
    const answered = await unlessAborted(withDeadline(clock, timeoutMs, this.#exchange(message), late), signal);
    if (answered !== 'aborted') return answered;
    throw new StompctlError('SESSION_CLOSED', 'request', this.name, 'given up: no longer wanted');
  }

  close(): Promise<void> {
    return this.#sink.close();
  }

  async #exchange(message: Message): Promise<Message> {
    const session = this.#session;
    if (session === undefined) {
      const reason = 'nothing comes back over UDP: name a broker that is connected to';
      throw new StompctlError('URI_INVALID', 'request', this.name, reason);
    }
    const { destination, replies } = await listenForReplies(session);
    const header = newHeader({ 'correlation-id': randomUUID(), ...message.header, 'reply-to': destination });
    await this.#sink.send(new Message(header, message.body, message.text));
    for await (const reply of replies) {
      const about = reply.header['correlation-id'];
      // where the queue is ours alone, who replies need not say to what
      if (about === undefined || about === header['correlation-id']) return messageFromFrame(reply.header, reply.body);
    }
    throw session.over ?? new StompctlError('SESSION_CLOSED', 'request', this.name, 'the session is over');
  }
}

async function listenForReplies(session: StompSession): Promise<{ destination: string; replies: Subscription }> {
  const { replies } = session.dialect;
  if (replies === 'made-by-send') return { destination: TEMPORARY, replies: session.replies(TEMPORARY) };
  const destination = replies === 'named' ? `/queue/stompctl.replies.${randomUUID()}` : TEMPORARY;
  return { destination, replies: await session.subscribe({ destination, ack: 'auto' }) };
}
