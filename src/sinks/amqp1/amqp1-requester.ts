import type { Amqp1Delivery, ReceiverLink } from '../../amqp1/amqp1-receiver.js';
import type { Amqp1Session } from '../../amqp1/amqp1-session.js';
import { systemClock } from '../../base/clock.js';
import { reasonOf, StompctlError } from '../../base/errors.js';
import { messageFromFrame } from '../../message/content-type.js';
import type { Message } from '../../message/message.js';
import { BrokerRequester, type Replies, replyTooLarge } from '../broker/broker-requester.js';
import { WaitingReplies } from '../broker/waiting-replies.js';
import { Amqp1Sink, type Amqp1SinkOptions } from './amqp1-sink.js';

/** replies that the broker sends ahead */
const CREDIT = 10;
/** A queue that the broker makes for this session, and removes with it: part 3, section 3.5.3. */
const OWN_QUEUE = { name: undefined, address: undefined, durable: false, settled: false, credit: CREDIT } as const;
/** of AMQP-JMS: RabbitMQ 4 makes no other queue for a session */
const TEMPORARY = 'temporary-queue';

/** Sends requests over AMQP 1.0. */
export function amqp1Requester(options: Amqp1SinkOptions): BrokerRequester {
  const { name, clock = systemClock } = options;
  let session: Amqp1Session | undefined;
  const onSession = (opened: Amqp1Session): void => {
    session = opened;
    options.onSession?.(opened);
  };
  const listen = async (): Promise<Replies> => {
    if (session !== undefined) return listenForReplies(session, options);
    throw new StompctlError('SESSION_CLOSED', 'request', name, 'not open');
  };
  return new BrokerRequester({ name, clock, sink: new Amqp1Sink({ ...options, onSession }), listen });
}

async function listenForReplies(session: Amqp1Session, options: Amqp1SinkOptions): Promise<Replies> {
  const waiting = new WaitingReplies<Amqp1Delivery>(session, CREDIT);
  const link = session.receiver({ ...OWN_QUEUE, capability: TEMPORARY }, waiting.arrived);
  try {
    await link.opened();
  } catch (error) {
    throw noOwnQueue(error, options.name);
  }
  return { destination: link.address, messages: messagesOf(session, link, waiting, options) };
}

/** RabbitMQ makes none before 4.1: a queue that it was named would stay, one for each request. */
function noOwnQueue(error: unknown, name: string): unknown {
  if (!(error instanceof StompctlError) || error.code !== 'BROKER_ERROR') return error;
  const reason = `the broker makes no queue for the reply over AMQP 1.0: ${error.message}`;
  const next =
    'ask over amqp091 or stomp, which RabbitMQ before 4.1 needs, or use "send" and "receive" with a queue of yours';
  return new StompctlError('BROKER_ERROR', 'request', name, `${reason}; ${next}`, error);
}

async function* messagesOf(
  session: Amqp1Session,
  link: ReceiverLink,
  waiting: WaitingReplies<Amqp1Delivery>,
  { name, maxMessageSize }: Amqp1SinkOptions,
): AsyncGenerator<Message> {
  const { headerFromSections, readSections } = await import('../../amqp1/amqp1-library.js');
  for (;;) {
    const delivery = await waiting.next();
    link.accept(delivery);
    const { payload, skippedBytes, id } = delivery;
    if (skippedBytes !== undefined) throw replyTooLarge(skippedBytes, name, maxMessageSize);
    const received = { broker: session.broker, subscribed: link.address, subscription: 'replies', deliveryId: id };
    const { header, body } = readable(() => {
      const sections = readSections(payload);
      return { header: headerFromSections(sections, received), body: sections.body };
    }, name);
    if (body.length > maxMessageSize) throw replyTooLarge(body.length, name, maxMessageSize);
    yield messageFromFrame(header, body);
  }
}

function readable<T>(read: () => T, name: string): T {
  try {
    return read();
  } catch (error) {
    const reason = `the reply cannot be read: ${reasonOf(error)}; see who replies`;
    throw new StompctlError('ELEMENT_UNDECODABLE', 'request', name, reason, error);
  }
}
