import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { Random, testSeed } from '../support/random.js';
import { connectRaw, subscribe } from '../support/raw-client.js';
import { headerOf, type RawStomp } from '../support/raw-stomp.js';
import { startedBroker } from '../support/started-broker.js';

const QUEUE = '/queue/c';
const COUNT = 500;
const ROUNDS = 40;

test('with sessions that come, acknowledge some and go, each message is settled once and none is lost', async (t) => {
  const seed = testSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new Random(seed);
  const broker = await startedBroker(t);
  const settled = new Map<string, number>();
  for (let number = 0; number < COUNT; number += 1) broker.publish(QUEUE, { persistent: 'true' }, String(number));

  const acknowledge = async (client: RawStomp, share: number) => {
    while (broker.depth(QUEUE).unacknowledged > 0) {
      const frame = await client.noneOf('MESSAGE', 1);
      if (frame === undefined) return;
      if (random.fraction() >= share) continue;
      const answer = await client.request('ACK', { id: headerOf(frame, 'ack') ?? '' });
      if (answer.command !== 'RECEIPT') return;
      const body = frame.body.toString();
      settled.set(body, (settled.get(body) ?? 0) + 1);
    }
  };

  for (let round = 0; round < ROUNDS; round += 1) {
    const one = await connectRaw(t, broker);
    const two = await connectRaw(t, broker);
    const prefetch = String(random.between(1, 20));
    const asked = { destination: QUEUE, id: '0', ack: 'client-individual', 'prefetch-count': prefetch };
    await Promise.all([subscribe(one, asked), subscribe(two, asked)]);
    await Promise.all([acknowledge(one, random.fraction()), acknowledge(two, random.fraction())]);
    one.destroy();
    if (random.fraction() < 0.1) await broker.restart();
    else two.destroy();
    await eventually(() => broker.connections === 0);
    const { ready, unacknowledged } = broker.depth(QUEUE);
    assert.deepEqual([ready + settled.size, unacknowledged], [COUNT, 0], `after round ${round}, seed ${seed}`);
  }

  const left = broker.drain(QUEUE).map((message) => Number(message.body.toString()));
  assert.deepEqual(
    left,
    left.toSorted((a, b) => a - b),
    'in order',
  );
  for (const number of left) settled.set(String(number), (settled.get(String(number)) ?? 0) + 1);
  assert.equal(settled.size, COUNT);
  assert.ok([...settled.values()].every((times) => times === 1));
});
