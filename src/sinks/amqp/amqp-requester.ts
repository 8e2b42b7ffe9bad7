import { randomUUID } from 'node:crypto';
import type { AmqpSession } from '../../amqp/amqp-session.js';
import type { AmqpDelivery } from '../../amqp/delivery-reader.js';
import { systemClock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import { messageFromFrame } from '../../message/content-type.js';
import type { Message } from '../../message/message.js';
import { BrokerRequester, type Replies, replyTooLarge } from '../broker/broker-requester.js';
import { WaitingReplies } from '../broker/waiting-replies.js';
import { AmqpSink, type AmqpSinkOptions } from './amqp-sink.js';

/** Replies that wait to be looked at, of each queue. */
const MOST_WAITING = 10;
const OWN_QUEUE = { durable: false, exclusive: true, autoDelete: true } as const;

/** Sends requests over AMQP 0-9-1. */
export function amqpRequester(options: AmqpSinkOptions): BrokerRequester {
  const { name, clock = systemClock } = options;
  let session: AmqpSession | undefined;
  const onSession = (opened: AmqpSession): void => {
    session = opened;
    options.onSession?.(opened);
  };
  const listen = async (): Promise<Replies> => {
    if (session !== undefined) return listenForReplies(session, options);
    throw new StompctlError('SESSION_CLOSED', 'request', name, 'not open');
  };
  return new BrokerRequester({ name, clock, sink: new AmqpSink({ ...options, onSession }), listen });
}

/**
 * Two queues of this session: who replies over AMQP takes `reply-to` for a routing key, and so for the name of a queue; RabbitMQ's STOMP
 * plugin, and this program, take it for a destination, which names the queue behind its prefix.
 */
async function listenForReplies(session: AmqpSession, options: AmqpSinkOptions): Promise<Replies> {
  const queue = `stompctl.replies.${randomUUID()}`;
  const destination = `/reply-queue/${queue}`;
  const queues = [queue, destination];
  const waiting = new WaitingReplies<AmqpDelivery>(session, queues.length * MOST_WAITING);
  await session.prefetch(MOST_WAITING);
  for (const name of queues) {
    await session.declareQueue(name, OWN_QUEUE);
    await session.consume(name, { tag: name, noAck: false }, waiting.arrived);
  }
  return { destination, messages: messagesOf(session, waiting, options) };
}

async function* messagesOf(
  session: AmqpSession,
  waiting: WaitingReplies<AmqpDelivery>,
  { name, maxMessageSize }: AmqpSinkOptions,
): AsyncGenerator<Message> {
  const { headerOf } = await import('../../amqp/amqp-library.js');
  for (;;) {
    const delivery = await waiting.next();
    session.ack(delivery.deliveryTag);
    const { body, skippedBytes } = delivery;
    if (skippedBytes !== undefined) throw replyTooLarge(skippedBytes, name, maxMessageSize);
    yield messageFromFrame(headerOf(delivery), body);
  }
}
