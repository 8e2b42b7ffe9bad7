import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies, connectRaw, messages, send, subscribe, type Version } from '../support/raw-client.js';
import { headerOf, type RawFrame, type RawStomp } from '../support/raw-stomp.js';
import { startedBroker } from '../support/started-broker.js';
import type { Cleaning } from '../support/temp-folder.js';

const QUEUE = '/queue/acks';

interface Case {
  readonly version: Version;
  readonly ack: string | undefined;
  /** which of five messages are acknowledged, by position */
  readonly acknowledge: readonly number[];
  /** what the next session is given, in order */
  readonly left: readonly string[];
}

const CASES: readonly Case[] = (['1.0', '1.1', '1.2'] as const).flatMap((version): Case[] => [
  { version, ack: undefined, acknowledge: [], left: [] },
  { version, ack: 'auto', acknowledge: [], left: [] },
  { version, ack: 'client', acknowledge: [], left: ['a', 'b', 'c', 'd', 'e'] },
  { version, ack: 'client', acknowledge: [2], left: ['d', 'e'] },
  { version, ack: 'client', acknowledge: [0, 3], left: ['e'] },
  { version, ack: 'client', acknowledge: [4], left: [] },
  { version, ack: 'client-individual', acknowledge: [2], left: ['a', 'b', 'd', 'e'] },
  { version, ack: 'client-individual', acknowledge: [4, 0], left: ['b', 'c', 'd'] },
  { version, ack: 'client-individual', acknowledge: [3, 1, 0, 4, 2], left: [] },
]);

for (const { version, ack, acknowledge, left } of CASES) {
  test(`STOMP ${version}, ack ${ack ?? 'absent'}: acknowledging [${acknowledge}] of five leaves "${left.join('')}"`, async (t) => {
    const broker = await startedBroker(t);
    for (const body of 'abcde') broker.publish(QUEUE, {}, body);
    const client = await connectRaw(t, broker, version);
    await subscribe(client, { destination: QUEUE, id: '7', ...(ack === undefined ? {} : { ack }) });
    const given = await messages(client, 5);
    for (const position of acknowledge) {
      const answer = await client.request('ACK', ackHeaders(given[position] as RawFrame, version));
      assert.equal(answer.command, 'RECEIPT');
    }
    client.destroy();
    const next = await connectRaw(t, broker, '1.2');
    await subscribe(next, { destination: QUEUE, id: '1' });
    const redelivered = await messages(next, left.length);
    assert.deepEqual(
      redelivered.map((frame) => frame.body.toString()),
      left,
    );
    assert.ok(redelivered.every((frame) => headerOf(frame, 'redelivered') === 'true'));
    await send(next, QUEUE, 'last');
    assert.deepEqual(await bodies(next, 1), ['last'], 'nothing else was left');
    assert.deepEqual(broker.depth(QUEUE), { ready: 0, unacknowledged: 0, consumers: 1 });
    assert.equal(broker.bytes, 0);
  });
}

test('only STOMP 1.2 has an ack header, and only when there is something to acknowledge', async (t) => {
  const broker = await startedBroker(t);
  for (const version of ['1.0', '1.1', '1.2'] as const) {
    for (const ack of ['auto', 'client']) {
      const [frame] = await given(t, broker, version, ack);
      assert.equal(headerOf(frame, 'ack') !== undefined, version === '1.2' && ack === 'client', `${version} ${ack}`);
      assert.equal(headerOf(frame, 'subscription'), '7');
    }
  }
});

const REFUSED: readonly [name: string, version: Version, command: string, headers: (frame: RawFrame) => object][] = [
  ['1.2 by message-id', '1.2', 'ACK', (frame) => ({ 'message-id': headerOf(frame, 'message-id') })],
  ['1.2 with an unknown id', '1.2', 'ACK', () => ({ id: 'nonsense' })],
  ['1.2 with the message-id as id', '1.2', 'ACK', (frame) => ({ id: headerOf(frame, 'message-id') })],
  ['1.1 without subscription', '1.1', 'ACK', (frame) => ({ 'message-id': headerOf(frame, 'message-id') })],
  [
    '1.1 of another subscription',
    '1.1',
    'ACK',
    (f) => ({ 'message-id': headerOf(f, 'message-id'), subscription: '8' }),
  ],
  ['1.0 without message-id', '1.0', 'ACK', () => ({})],
  ['1.0 NACK', '1.0', 'NACK', (frame) => ({ 'message-id': headerOf(frame, 'message-id') })],
];

for (const [name, version, command, headers] of REFUSED) {
  test(`refused: ${name}; the message goes back`, async (t) => {
    const broker = await startedBroker(t);
    const [frame, client] = await given(t, broker, version, 'client-individual');
    const answer = await client.request(command, headers(frame) as Record<string, string>);
    assert.equal(answer.command, 'ERROR');
    assert.equal(headerOf(answer, 'receipt-id'), 'raw-2');
    const next = await connectRaw(t, broker);
    await subscribe(next, { destination: QUEUE, id: '1' });
    assert.deepEqual(await bodies(next, 1), ['one']);
  });
}

test('acknowledging twice is refused', async (t) => {
  const broker = await startedBroker(t);
  const [frame, client] = await given(t, broker, '1.2', 'client-individual');
  assert.equal((await client.request('ACK', ackHeaders(frame, '1.2'))).command, 'RECEIPT');
  assert.equal((await client.request('ACK', ackHeaders(frame, '1.2'))).command, 'ERROR');
});

for (const version of ['1.1', '1.2'] as const) {
  test(`STOMP ${version}: NACK moves the message to the dead-letter queue`, async (t) => {
    const broker = await startedBroker(t);
    const [frame, client] = await given(t, broker, version, 'client-individual');
    assert.equal((await client.request('NACK', ackHeaders(frame, version))).command, 'RECEIPT');
    assert.deepEqual(
      broker.drain('/queue/DLQ').map((message) => message.body.toString()),
      ['one'],
    );
    assert.equal(broker.depth(QUEUE).unacknowledged, 0);
  });
}

test('an unknown ack mode is refused', async (t) => {
  const client = await connectRaw(t, await startedBroker(t));
  const answer = await client.request('SUBSCRIBE', { destination: QUEUE, id: '1', ack: 'sometimes' });
  assert.equal(answer.command, 'ERROR');
});

function ackHeaders(frame: RawFrame, version: Version): Record<string, string> {
  if (version === '1.2') return { id: headerOf(frame, 'ack') ?? '' };
  const messageId = headerOf(frame, 'message-id') ?? '';
  return version === '1.1' ? { 'message-id': messageId, subscription: '7' } : { 'message-id': messageId };
}

async function given(
  t: Cleaning,
  broker: Awaited<ReturnType<typeof startedBroker>>,
  version: Version,
  ack: string,
): Promise<[RawFrame, RawStomp]> {
  const client = await connectRaw(t, broker, version);
  await subscribe(client, { destination: QUEUE, id: '7', ack });
  broker.publish(QUEUE, {}, 'one');
  const frame = await client.nextOf('MESSAGE');
  if (ack !== 'client-individual') client.destroy();
  return [frame, client];
}
