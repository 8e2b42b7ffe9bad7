import { createHash } from 'node:crypto';
import type { Header } from './message.js';

/**
 * Headers in which a producer names its message, and that brokers give back with each delivery: two messages with the same
 * value are the same message. Not `correlation-id`, which all answers to a request share, nor `message-id`: where it is the
 * same at each delivery the source says so.
 */
export const PRODUCER_ID_HEADERS: readonly string[] = ['_AMQ_DUPL_ID', 'amqp-message-id', 'JMSMessageID'];
/** 128 bits: two messages never share them by chance */
const LENGTH = 22;

/**
 * What tells a message from every other one, at each of its deliveries: 22 characters. Undefined: nothing does. `id` is what
 * its source knows of it; `by` the header that the user named instead.
 */
export function duplicateId(
  header: Readonly<Header>,
  id: string | undefined,
  by: string | undefined,
): string | undefined {
  if (by !== undefined) return digest(by, header[by]);
  if (id !== undefined) return digest('', id);
  const name = PRODUCER_ID_HEADERS.find((each) => (header[each] ?? '') !== '');
  return name === undefined ? undefined : digest(name, header[name]);
}

function digest(kind: string, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  return createHash('sha256').update(`${kind}\n${value}`).digest('base64url').slice(0, LENGTH);
}
