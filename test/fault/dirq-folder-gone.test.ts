import assert from 'node:assert/strict';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemFiles } from '../../src/base/file-system.js';
import { LockJournal } from '../../src/dirq/journal/lock-journal.js';
import { bodies, openSource, take, textOf } from '../support/queue-ends.js';
import { namesOf, QUEUE_TYPES, type QueueType, remains } from '../support/queue-types.js';
import { tempFolder } from '../support/temp-folder.js';

// Elements that are not found because their queue was moved away come back with it: they are not settled yet.

type Test = { after(run: () => Promise<void>): void };

/** A queue of two elements, taken by a source that goes round for ever, and its folder moved away under it. */
async function movedAway(t: Test, { type, open }: QueueType) {
  const folder = await tempFolder(t);
  const [path, away] = [join(folder, 'queue'), join(folder, 'away')];
  const queue = open(path);
  for (const body of ['first', 'second']) await queue.addMessage(textOf(body));
  const { source } = await openSource(t, { type, path, loop: true, sync: 'batch' });
  const taken = await take(source);
  assert.deepEqual(bodies(taken), ['first', 'second']);
  renameSync(path, away);
  return { path, queue, source, taken, putBack: () => renameSync(away, path) };
}

for (const kind of QUEUE_TYPES) {
  test(`${kind.type}: what is acknowledged while the folder is away is removed when it is back`, async (t) => {
    const { path, queue, source, taken, putBack } = await movedAway(t, kind);
    for (const delivery of taken) delivery.ack();
    await assert.rejects(source.settle(), { code: 'QUEUE_IO', message: /^settle\(.*ENOENT/ });
    putBack();
    await source.open();
    await source.settle();
    assert.deepEqual(await namesOf(queue), []);
    await source.close();
    assert.deepEqual(remains(path), []);
  });

  test(`${kind.type}: what is released while the folder is away is handed out again when it is back`, async (t) => {
    const { path, source, taken, putBack } = await movedAway(t, kind);
    for (const delivery of taken) delivery.release();
    await assert.rejects(source.settle(), { code: 'QUEUE_IO' });
    putBack();
    await source.open();
    await source.settle();
    const again = await take(source);
    assert.deepEqual(bodies(again), ['first', 'second']);
    for (const delivery of again) delivery.ack();
    await source.close();
    assert.deepEqual(remains(path), []);
  });

  test(`${kind.type}: a source that closes while the folder is away leaves the journal that names its locks`, async (t) => {
    const { path, source, putBack } = await movedAway(t, kind);
    await source.close();
    putBack();
    assert.ok(
      remains(path).some((name) => name.endsWith('.locks')),
      'the journal names the locks',
    );
  });
}

test('a journal that was moved away with its queue is removed when it is back', async (t) => {
  const folder = await tempFolder(t);
  const [path, away] = [join(folder, 'queue'), join(folder, 'away')];
  systemFiles.mkdirSync(path);
  const journal = new LockJournal(path, systemFiles);
  journal.append(['5f000000/5f0000000000a1'], 1);
  renameSync(path, away);
  journal.drop();
  renameSync(away, path);
  journal.drop();
  assert.deepEqual(readdirSync(path), []);
});
