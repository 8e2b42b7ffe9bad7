import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { useBroker } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';

const DEADLINE = { deadlineMs: 120_000 };

describe('messages with a persistent header, sent to RabbitMQ', () => {
  const broker = useBroker('rabbitmq');

  for (const values of [
    ['false', 'true'],
    ['1', 'TRUE', 'yes', 'no'],
  ]) {
    it(`${values.join(', ')} are there when the session is over, in a queue that it made`, async (test) => {
      const scene = await RealScene.set(test, broker());
      const sender = scene.startSender(broker().uri);
      for (const persistent of values) scene.produce(1, { persistent });
      await eventually(() => scene.elements('in') === 0, DEADLINE);
      await stopsWell(sender);
      const receiver = scene.startReceiver(broker().uri);
      await eventually(() => scene.numbers('out').length === values.length, DEADLINE);
      await stopsWell(receiver);
      assert.deepEqual(
        scene.numbers('out'),
        values.map((_, number) => number),
      );
    });
  }
});
