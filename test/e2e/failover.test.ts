import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { eventually } from '../support/eventually.js';
import { produce } from '../support/sample-messages.js';
import { numbered, Scene, upTo } from '../support/scene.js';
import { startedBroker } from '../support/started-broker.js';
import { logLines } from '../support/stompctl-process.js';

const QUEUE = '/queue/q';
const PORTION = 20;

/** What a broker was sent, as numbers in order. */
const numbersAt = (broker: InProcessBroker) => broker.drain(QUEUE).map(({ header }) => Number(header['x-number']));

describe('a sender with several brokers', { concurrency: 2 }, () => {
  it('sends to the one that is up, as each dies in turn', async (test) => {
    const scene = await Scene.set(test);
    const brokers = [scene.broker, await startedBroker(test), await startedBroker(test)] as const;
    const uris = brokers.map(({ uri }) => uri).join(',');
    scene.start(scene.sender('--loop', '--outgoing-broker-uri', `failover:(${uris})?randomize=false`));
    for (const [round, index] of ([0, 1, 2, 0, 1] as const).entries()) {
      const up = brokers[index];
      await eventually(() => up.connections === 1);
      produce(scene.path('in'), numbered(PORTION, { destination: QUEUE }, round * PORTION));
      await eventually(() => up.depth(QUEUE).ready === PORTION);
      assert.deepEqual(
        numbersAt(up),
        upTo(PORTION).map((number) => round * PORTION + number),
      );
      // back before its next turn
      await brokers[(index + 2) % 3]?.resumeAccepting();
      await up.kill();
    }
  });

  it('reads the file that names it again at each attempt', async (test) => {
    const scene = await Scene.set(test);
    const second = await startedBroker(test);
    const list = scene.path('brokers');
    writeFileSync(list, `# the only one\n${scene.broker.uri}\n`);
    const sender = scene.start(scene.sender('--loop', '--outgoing-broker-uri', `file:${list}`));
    scene.fill('in', PORTION);
    await eventually(() => scene.broker.depth(QUEUE).ready === PORTION);
    await scene.broker.kill();
    await eventually(() => sender.log('open-retry').length > 1);
    produce(scene.path('in'), numbered(PORTION, { destination: QUEUE }, PORTION));
    writeFileSync(`${list}.new`, `${second.uri} # the other one\n`);
    renameSync(`${list}.new`, list);
    await eventually(() => second.depth(QUEUE).ready === PORTION);
    assert.deepEqual(
      numbersAt(second),
      upTo(PORTION).map((number) => PORTION + number),
    );
    assert.equal((await sender.stop()).code, 0);
  });

  it('makes one attempt and as many reconnections as maxReconnectAttempts says', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 1);
    await scene.broker.kill();
    const uri = `failover:(${scene.broker.uri},)?maxReconnectAttempts=2&initialReconnectDelay=10&timeout=3000`;
    const ended = await scene.run(scene.sender('--outgoing-broker-uri', uri));
    assert.equal(ended.code, 75, ended.stderr);
    // the third failure ends the run, and is not tried again
    assert.equal(logLines(ended.stderr, 'open-retry').length, 2);
    assert.match(ended.stderr, /of the failover options these are ignored: timeout/);
  });
});
