import { randomUUID } from 'node:crypto';
import { loggedIn } from './raw-session.js';
import { headerOf, type RawFrame, type RawStomp } from './raw-stomp.js';
import type { RealBroker } from './real-broker.js';

/** A destination that no other test uses: `/queue/NAME-…`. */
export function freshQueue(name: string): string {
  return `/queue/${name}-${randomUUID().slice(0, 8)}`;
}

/** Makes a queue that survives a SIGKILL of its broker from now on. */
export async function keptQueue(broker: RealBroker, destination: string): Promise<void> {
  const client = await loggedIn(broker);
  try {
    await subscribe(client, destination);
    // RACE: a broker that has not noticed the end of this session gives it the first messages, and later others again
    const answer = await client.request('UNSUBSCRIBE', { id: '1' });
    if (answer.command !== 'RECEIPT') throw new Error(`keptQueue(${destination}): ${headerOf(answer, 'message')}`);
  } finally {
    client.destroy();
  }
  await broker.keepQueues();
}

/** SEND with a receipt; throws when the broker refuses it. */
export async function send(
  client: RawStomp,
  destination: string,
  body: string | Buffer = '',
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const answer = await client.request('SEND', { destination, persistent: 'true', ...headers }, body);
  if (answer.command !== 'RECEIPT') throw new Error(`send(${destination}): ${headerOf(answer, 'message')}`);
}

/** SUBSCRIBE with a receipt and `client-individual`, id `1`; throws when the broker refuses it. */
export async function subscribe(
  client: RawStomp,
  destination: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const usual = { destination, id: '1', ack: 'client-individual' };
  const answer = await client.request('SUBSCRIBE', { ...usual, ...headers });
  if (answer.command !== 'RECEIPT') throw new Error(`subscribe(${destination}): ${headerOf(answer, 'message')}`);
}

/** ACK of a delivery of a 1.2 session, with a receipt. */
export async function acknowledge(client: RawStomp, message: RawFrame): Promise<void> {
  const answer = await client.request('ACK', { id: headerOf(message, 'ack') ?? '' });
  if (answer.command !== 'RECEIPT') throw new Error(`acknowledge(): ${headerOf(answer, 'message')}`);
}
