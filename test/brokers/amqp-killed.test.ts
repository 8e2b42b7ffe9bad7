import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { amqpUriOf } from '../support/amqp-client.js';
import { eventually } from '../support/eventually.js';
import { keptQueue } from '../support/raw-queue.js';
import { type RealBroker, startRabbitmq } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';
import { filesOf } from '../support/sample-messages.js';
import { upTo } from '../support/scene.js';
import { THOROUGH } from '../support/thorough.js';

const WINDOW = 100;
const DEADLINE = { deadlineMs: 180_000 };

/** What each end speaks: the other protocol at one of them shows that both agree on what is safe. */
const PAIRS = [
  { name: 'over AMQP', sender: amqpUriOf, receiver: amqpUriOf, protocol: 'amqp' },
  {
    name: 'over AMQP to a receiver over STOMP',
    sender: amqpUriOf,
    receiver: ({ uri }: RealBroker) => uri,
    protocol: undefined,
  },
  {
    name: 'over STOMP to a receiver over AMQP',
    sender: ({ uri }: RealBroker) => uri,
    receiver: amqpUriOf,
    protocol: undefined,
  },
  { name: 'over AMQP 1.0', sender: amqpUriOf, receiver: amqpUriOf, protocol: 'amqp1' },
] as const;

const EACH_ONCE = ['sender', 'broker', 'receiver'] as const;
const VICTIMS = THOROUGH ? ([...EACH_ONCE, 'broker', 'sender', 'receiver'] as const) : EACH_ONCE;

const speaking = (side: 'incoming' | 'outgoing', protocol: string | undefined) =>
  protocol === undefined ? [] : [`--${side}-broker-protocol`, protocol];

describe('a sender and a receiver lose nothing', { concurrency: false }, () => {
  for (const { name, protocol, ...uris } of PAIRS) {
    it(`${name} when each of them and RabbitMQ are killed in turn`, async (test) => {
      const broker = await startRabbitmq();
      test.after(() => broker.stop());
      const scene = await RealScene.set(test, broker);
      await keptQueue(broker, scene.destination);
      const options = ['--window', String(WINDOW), '--max-parked', '1'];
      const start = {
        sender: () => scene.startSender(uris.sender(broker), ...options, ...speaking('outgoing', protocol)),
        receiver: () => scene.startReceiver(uris.receiver(broker), ...options, ...speaking('incoming', protocol)),
      };
      const runs = { sender: start.sender(), receiver: start.receiver() };
      const load = scene.keepBusy(test);
      for (const [index, victim] of VICTIMS.entries()) {
        const before = scene.elements('out');
        scene.produce(2 * WINDOW);
        const busy = () => scene.elements('in') > 0 && scene.elements('out') > before + WINDOW / 2;
        const told = `both are busy before kill ${index + 1}; ${runs.sender.stderr.slice(-1500)}; ${runs.receiver.stderr.slice(-1500)}`;
        await eventually(busy, { ...DEADLINE, everyMs: 1, what: told });
        if (victim === 'broker') {
          await broker.kill('SIGKILL');
          await broker.start();
        } else {
          assert.equal((await runs[victim].stop('SIGKILL')).signal, 'SIGKILL');
          runs[victim] = start[victim]();
        }
      }
      clearInterval(load);
      await eventually(() => scene.elements('in') === 0, { ...DEADLINE, what: 'all is sent' });
      const complete = () => scene.elements('out') >= scene.produced && scene.numbers('out').length === scene.produced;
      await eventually(complete, { ...DEADLINE, everyMs: 50, what: 'every message arrives' });
      for (const end of Object.values(runs)) await stopsWell(end);
      assert.deepEqual(scene.numbers('out'), upTo(scene.produced));
      assert.deepEqual(filesOf(scene.path('in')), [], 'no lock, journal or temporary file');
      const duplicates = scene.elements('out') - scene.produced;
      test.diagnostic(`${scene.produced} messages, ${duplicates} duplicates after ${VICTIMS.length} kills`);
      // those of the broker strike both ends
      assert.ok(duplicates <= 8 * (WINDOW + 1), `${duplicates} duplicates`);
    });
  }
});
