import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemFiles } from '../../src/base/file-system.js';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { bodies, openSource, PLENTY, take, takeAll, textOf } from '../support/queue-ends.js';
import { tempFolder } from '../support/temp-folder.js';
import { WatchedFiles } from '../support/watched-files.js';

async function fill(path: string, count: number): Promise<string[]> {
  const texts = Array.from({ length: count }, (_, number) => String(number));
  for (const text of texts) await new SimpleQueue({ path }).addMessage(textOf(text));
  return texts;
}

test('a disk that fails in the middle of a batch: what is locked is handed over, the rest comes later', async (t) => {
  const path = await tempFolder(t);
  const texts = await fill(path, 10);
  const watched = new WatchedFiles(path);
  const { source } = await openSource(t, { path, files: watched.files });
  let locks = 0;
  watched.fault = (operation, name) => {
    if (operation !== 'link' || !name.endsWith('.lck')) return undefined;
    locks += 1;
    return locks > 3 ? 'EIO' : undefined;
  };
  const taken = [...(await take(source))];
  // a batch may also end early because its time is over
  while (taken.length < 3) taken.push(...(await take(source)));
  assert.deepEqual(bodies(taken), texts.slice(0, 3));
  await assert.rejects(source.next(PLENTY, new AbortController().signal), { code: 'QUEUE_IO', message: /EIO/ });
  watched.fault = () => undefined;
  for (const delivery of taken) delivery.ack();
  assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), texts.slice(3));
});

test('a folder that could not be read is read again, not passed over', async (t) => {
  const path = await tempFolder(t);
  const texts = await fill(path, 3);
  let broken = false;
  const lookAt = (folder: unknown) => {
    if (broken && /[0-9a-f]{8}$/.test(String(folder))) throw Object.assign(new Error('EIO'), { code: 'EIO' });
  };
  const files = {
    ...systemFiles,
    opendirSync: ((folder, options) => {
      lookAt(folder);
      return systemFiles.opendirSync(folder, options);
    }) as typeof systemFiles.opendirSync,
    readdirSync: ((folder: string, options: { withFileTypes: true }) => {
      lookAt(folder);
      return systemFiles.readdirSync(folder, options);
    }) as typeof systemFiles.readdirSync,
  };
  const { source } = await openSource(t, { path, files });
  broken = true;
  await assert.rejects(source.next(PLENTY, new AbortController().signal), { code: 'QUEUE_IO', message: /EIO/ });
  broken = false;
  assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), texts);
});
