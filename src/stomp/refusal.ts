import { StompctlError } from '../base/errors.js';
import type { Frame } from './codec/frame.js';
import { messageOf } from './connection.js';
import type { Receipts } from './receipts.js';

/**
 * The error that an ERROR frame ends the session with. One with the `receipt-id` of a SEND means that message: it alone is refused.
 */
export function refusal(peer: string, frame: Frame, receipts: Receipts | undefined): StompctlError {
  const message = messageOf(frame);
  const id = frame.header['receipt-id'] ?? '';
  const command = receipts?.commandOf(id);
  if (command === 'SEND') {
    receipts?.refuse(
      id,
      new StompctlError('MESSAGE_REFUSED', 'send', peer, `the broker refused the message: ${message}`),
    );
    const reason = `the broker ended the session after it refused another message: ${message}`;
    return new StompctlError('SESSION_LOST', 'session', peer, reason);
  }
  const what = command === undefined ? '' : ` to ${command}`;
  return new StompctlError('BROKER_ERROR', 'session', peer, `the broker answered ERROR${what}: ${message}`);
}
