import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type FileSystem, systemFiles } from '../../src/base/file-system.js';
import type { QueueType } from '../../src/dirq/queue-options.js';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { Message, newHeader } from '../../src/message/message.js';
import { QueueSink } from '../../src/sinks/queue/queue-sink.js';
import { openSource, PLENTY } from '../support/queue-ends.js';
import { tempFolder } from '../support/temp-folder.js';

const MESSAGES = 3;
const TYPES = { tmpfs: 0x01021994, ramfs: 0x858458f6, ext4: 0xef53 };
const message = () => new Message(newHeader({ destination: '/queue/x' }), Buffer.from('x'), true);

/**
 * The system's calls on what says that it is of this type, and the paths of the files that were synced or opened to be read. `inside`: the
 * type of the folders that elements are in.
 */
function filesOfType(type: number, inside = type) {
  const opened = new Map<number, string>();
  const synced: string[] = [];
  const folders: string[] = [];
  const read: string[] = [];
  const files = {
    ...systemFiles,
    statfsSync: ((path: string) => {
      const isInside = /\/([0-9a-f]{8}|temporary)$/.test(path);
      return { ...systemFiles.statfsSync(path), type: isInside ? inside : type };
    }) as FileSystem['statfsSync'],
    openSync: ((path: string, flags: number, mode?: number) => {
      const fd = systemFiles.openSync(path, flags, mode);
      opened.set(fd, path);
      if (/\/[0-9a-f]{14}$/.test(path)) read.push(path);
      return fd;
    }) as FileSystem['openSync'],
    fdatasync: ((fd: number, done: (error: Error | null) => void) => {
      synced.push(opened.get(fd) ?? '');
      systemFiles.fdatasync(fd, done);
    }) as FileSystem['fdatasync'],
    fsync: ((fd: number, done: (error: Error | null) => void) => {
      folders.push(opened.get(fd) ?? '');
      systemFiles.fsync(fd, done);
    }) as FileSystem['fsync'],
  };
  return { files, synced, folders, read };
}

async function openSink(t: TestContext, path: string, files: FileSystem, type?: QueueType): Promise<QueueSink> {
  const sink = new QueueSink({ path, type, sync: 'batch' }, files);
  await sink.open();
  t.after(() => sink.close());
  return sink;
}

describe('a queue in memory', () => {
  for (const [name, type] of Object.entries(TYPES)) {
    const expected = name === 'ext4' ? MESSAGES : 0;
    it(`syncs ${expected} of ${MESSAGES} files on ${name}`, async (t) => {
      const { files, synced } = filesOfType(type);
      const path = join(await tempFolder(t), 'q');
      const sink = await openSink(t, path, files);
      await Promise.all(Array.from({ length: MESSAGES }, () => sink.send(message())));
      assert.equal(synced.length, expected);
      assert.equal(await new SimpleQueue({ path }).count(), MESSAGES);
    });

    it(`syncs ${expected === 0 ? 'no' : 'every'} file and folder of a DQN on ${name}`, async (t) => {
      const { files, folders } = filesOfType(type);
      const sink = await openSink(t, join(await tempFolder(t), 'q'), files, 'DQN');
      await sink.send(message());
      assert.equal(folders.length > 0, expected > 0);
    });

    it(`opens ${expected} files that are moved, all but the first, on ${name}`, async (t) => {
      const { files, synced, read } = filesOfType(type);
      const folder = await tempFolder(t);
      const [from, to] = [join(folder, 'from'), join(folder, 'to')];
      const queue = new SimpleQueue({ path: from });
      for (let index = 0; index <= MESSAGES; index += 1) await queue.addMessage(message());
      const sink = await openSink(t, to, files);
      const { source } = await openSource(t, { path: from, sync: 'batch' });
      const taken = await source.next({ ...PLENTY, unread: true }, new AbortController().signal);
      const stored = taken.kind === 'batch' ? taken.deliveries.map((delivery) => delivery.stored) : [];
      await Promise.all(stored.map((element) => (element === undefined ? undefined : sink.move(element))));
      assert.equal(read.length, expected);
      // the first one is written, and shows what files look like there
      assert.equal(synced.length, expected === 0 ? 0 : expected + 1);
      assert.equal(await new SimpleQueue({ path: to }).count(), MESSAGES + 1);
    });
  }

  it('is asked folder by folder: one may be on a disk', async (t) => {
    const { files, synced, folders } = filesOfType(TYPES.tmpfs, TYPES.ext4);
    const path = join(await tempFolder(t), 'q');
    const sink = await openSink(t, path, files);
    await Promise.all([sink.send(message()), sink.send(message())]);
    assert.equal(synced.length, 2);
    assert.ok(folders.some((folder) => /\/[0-9a-f]{8}$/.test(folder)));
  });
});
