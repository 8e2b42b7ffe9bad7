import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { type Options, ReloadScene } from '../support/reload-scene.js';
import { startedBroker } from '../support/started-broker.js';
import { tempFolder } from '../support/temp-folder.js';

const COUNT = 20;

describe('a reload while the folder of the incoming queue is away', () => {
  it('is refused, and makes no other one in its place', async (test) => {
    const folder = await tempFolder(test);
    const options: Options = {
      'incoming-queue': { path: `${folder}/in` },
      'outgoing-queue': { path: `${folder}/out` },
      loop: true,
      remove: true,
    };
    const run = await ReloadScene.run(test, options, folder);
    await eventually(() => existsSync(`${folder}/in`));
    renameSync(`${folder}/in`, `${folder}/away`);
    await assert.rejects(run.reload({ ...options, sync: 'none' }), { code: 'QUEUE_MISSING' });
    assert.equal(existsSync(`${folder}/in`), false);
    renameSync(`${folder}/away`, `${folder}/in`);
    await run.reload({ ...options, sync: 'none' });
  });
});

describe('a source that cannot be closed in time when it is exchanged', () => {
  it('leaves no session behind that would keep messages from the new one', async (test) => {
    const broker = await startedBroker(test);
    const folder = await tempFolder(test);
    const options: Options = {
      'incoming-broker': { uri: broker.uri },
      subscribe: { destination: '/queue/in' },
      'outgoing-queue': { path: `${folder}/out` },
      'callback-language': 'javascript',
      'callback-code': 'throw new Error("no")',
      'failure-queue': { path: `${folder}/failures`, 'max-elements': 1 },
      'timeout-linger': 0.05,
      'timeout-flush': 0.01,
      'timeout-disconnect': 0.01,
    };
    const run = await ReloadScene.run(test, options, folder);
    await eventually(() => broker.connections === 1);
    for (let number = 0; number < COUNT; number += 1) broker.publish('/queue/in', {}, String(number));
    // the others wait for room in it, and the old source for them
    await eventually(() => run.logger.events('queue-full').length > 0);
    await run.reload({
      ...options,
      subscribe: { destination: '/queue/in', selector: 'true' },
      'failure-queue': { path: `${folder}/failures` },
      // the old failure queue may wait for room for so long
      'timeout-linger': 600,
    });
    await eventually(() => broker.received('/queue/in').acknowledged >= COUNT, { deadlineMs: 60_000 });
    await eventually(() => broker.connections === 1);
    assert.deepEqual(broker.queues()['/queue/in'], { ready: 0, unacknowledged: 0, consumers: 1 });
  });
});
