import { StompctlError } from '../base/errors.js';
import { frameFromMessage } from './content-type.js';
import type { Message } from './message.js';

/**
 * Header and body of a message as they are sent to a broker. Throws MESSAGE_NO_DESTINATION, and MESSAGE_TOO_LARGE for a body of more
 * than `maxMessageSize` bytes; `sink` names who sends it.
 */
export function frameToSend(message: Message, maxMessageSize: number, sink: string) {
  const { header, body } = frameFromMessage(message);
  const { destination } = header;
  if (destination === undefined || destination === '') {
    const reason =
      'the message has no destination header; set it where the message is made, with a rewrite rule, or in a callback';
    throw new StompctlError('MESSAGE_NO_DESTINATION', 'send', sink, reason);
  }
  if (body.length > maxMessageSize) {
    const reason = `a body of ${body.length} bytes, more than ${maxMessageSize} (max-message-size)`;
    throw new StompctlError('MESSAGE_TOO_LARGE', 'send', sink, reason);
  }
  return { header, body, destination };
}

/** Told once, of a message of a reliable run whose `persistent` header means that it is not. */
export function notPersistentWarning(persistent: string): string {
  const text = `a message says persistent:${persistent}: the broker keeps it in memory only, and a restart of the broker loses it`;
  return `${text}; correct the producer, or delete the header in a callback`;
}
