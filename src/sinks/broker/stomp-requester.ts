import { randomUUID } from 'node:crypto';
import { systemClock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import { messageFromFrame } from '../../message/content-type.js';
import type { Message } from '../../message/message.js';
import type { StompSession } from '../../stomp/session.js';
import type { Subscription } from '../../stomp/subscription.js';
import { BrokerRequester, type Replies } from './broker-requester.js';
import { BrokerSink, type BrokerSinkOptions } from './broker-sink.js';

const TEMPORARY = '/temp-queue/stompctl-replies';

/** Sends requests over STOMP. */
export function stompRequester(options: BrokerSinkOptions): BrokerRequester {
  const { name, clock = systemClock } = options;
  let session: StompSession | undefined;
  const onSession = (opened: StompSession): void => {
    session = opened;
    options.onSession?.(opened);
  };
  const listen = async (): Promise<Replies> => {
    if (session !== undefined) return listenForReplies(session);
    const reason = 'nothing comes back over UDP: name a broker that is connected to';
    throw new StompctlError('URI_INVALID', 'request', name, reason);
  };
  return new BrokerRequester({ name, clock, sink: new BrokerSink({ ...options, onSession }), listen });
}

async function listenForReplies(session: StompSession): Promise<Replies> {
  const { replies } = session.dialect;
  if (replies === 'made-by-send') {
    return { destination: TEMPORARY, messages: messagesOf(session.replies(TEMPORARY)) };
  }
  const destination = replies === 'named' ? `/queue/stompctl.replies.${randomUUID()}` : TEMPORARY;
  return { destination, messages: messagesOf(await session.subscribe({ destination, ack: 'auto' })) };
}

async function* messagesOf(replies: Subscription): AsyncGenerator<Message> {
  for await (const { header, body } of replies) yield messageFromFrame(header, body);
}
