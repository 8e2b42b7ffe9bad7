import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { keptQueue } from '../support/raw-queue.js';
import { brokerKinds, startActivemq, startRabbitmq } from '../support/real-brokers.js';
import { consume, produce, sampleMessages } from '../support/sample-messages.js';
import { runStompctl } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

const MESSAGES = 300;
const STARTERS = { rabbitmq: startRabbitmq, activemq: startActivemq } as const;

describe('what a producer sends without a persistent header', { concurrency: false }, () => {
  for (const kind of brokerKinds()) {
    if (kind === 'artemis') continue; // it is never ours to kill
    it(`survives a kill of ${kind}`, async (test) => {
      const folder = await tempFolder(test);
      const broker = await STARTERS[kind]();
      test.after(() => broker.stop());
      produce(join(folder, 'in'), sampleMessages(MESSAGES, 3));
      const login = (direction: string) => [
        ...[`--${direction}-broker-uri`, broker.uri],
        ...[`--${direction}-broker-auth`, `plain name=${broker.user} pass=${broker.pass}`],
      ];
      const queue = (direction: string, name: string) => [`--${direction}-queue`, `path=${join(folder, name)}`];
      await keptQueue(broker, '/queue/kept');
      const destination = ['--callback-language', 'javascript', '--callback-code', 'hdr.destination = "/queue/kept"'];
      const sent = await runStompctl([...queue('incoming', 'in'), '--remove', ...login('outgoing'), ...destination]);
      assert.equal(sent.code, 0, sent.stderr);

      await broker.kill('SIGKILL');
      await broker.start();
      const subscription = ['--subscribe', 'destination=/queue/kept', '--timeout-inactivity', '3'];
      const received = await runStompctl([...login('incoming'), ...subscription, ...queue('outgoing', 'out')]);
      assert.equal(received.code, 0, received.stderr);
      const stored = [...consume(join(folder, 'out'))];
      assert.equal(stored.length, MESSAGES);
      assert.ok(stored.every(({ header }) => header.persistent === 'true'));
    });
  }
});
