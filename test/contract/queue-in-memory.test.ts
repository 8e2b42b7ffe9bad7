import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { systemFiles } from '../../src/base/file-system.js';
import { Message, newHeader } from '../../src/message/message.js';
import { QueueSink } from '../../src/sinks/queue/queue-sink.js';
import { tempFolder } from '../support/temp-folder.js';

const message = () => new Message(newHeader({ destination: '/queue/x' }), Buffer.from('x'), true);
const TMPFS = 0x01021994;

/** A file system that says of itself what `type` is, and which of both syncs it was asked for. */
function filesOfType(type: number, fails = false) {
  const asked: string[] = [];
  const files = {
    ...systemFiles,
    statfsSync: ((path: string) => ({ ...systemFiles.statfsSync(path), type })) as typeof systemFiles.statfsSync,
    fdatasync: ((fd: number, done: (error: Error | null) => void) => {
      asked.push('later');
      systemFiles.fdatasync(fd, done);
    }) as typeof systemFiles.fdatasync,
    fdatasyncSync: (fd: number) => {
      asked.push('at once');
      if (fails) throw Object.assign(new Error('EIO: as told'), { code: 'EIO' });
      systemFiles.fdatasyncSync(fd);
    },
  };
  return { files, asked };
}

describe('a queue in memory', () => {
  for (const [name, type, expected] of [
    ['tmpfs', TMPFS, 'at once'],
    ['ext4', 0xef53, 'later'],
  ] as const) {
    it(`syncs ${expected} on ${name}`, async (test) => {
      const { files, asked } = filesOfType(type);
      const sink = new QueueSink({ path: join(await tempFolder(test), 'q'), sync: 'batch' }, files);
      await sink.open();
      await Promise.all([sink.send(message()), sink.send(message())]);
      await sink.close();
      assert.deepEqual(asked, [expected, expected]);
    });
  }

  it('rejects what could not be synced, as on a disk', async (test) => {
    const { files } = filesOfType(TMPFS, true);
    const sink = new QueueSink({ path: join(await tempFolder(test), 'q'), sync: 'batch' }, files);
    await sink.open();
    await assert.rejects(
      sink.send(message()),
      (error) => error instanceof StompctlError && error.code === 'QUEUE_IO' && /fdatasync/.test(error.message),
    );
    await sink.close();
  });
});
