import type { Message } from 'amqplib';

/** The library takes the tag out of a whole message. */
export function deliveryOf(deliveryTag: number): Message {
  const fields = { deliveryTag, redelivered: false, exchange: '', routingKey: '' };
  const none = undefined;
  const properties = {
    contentType: none,
    contentEncoding: none,
    headers: none,
    deliveryMode: none,
    priority: none,
    correlationId: none,
    replyTo: none,
    expiration: none,
    messageId: none,
    timestamp: none,
    type: none,
    userId: none,
    appId: none,
    clusterId: none,
  };
  return { fields, properties, content: Buffer.alloc(0) };
}
