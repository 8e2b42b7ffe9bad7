import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type FileSystem, systemFiles } from '../../src/base/file-system.js';
import { intentLine } from '../../src/dirq/id-journal.js';
import { hostName } from '../../src/dirq/journal/process-identity.js';
import { Message, newHeader } from '../../src/message/message.js';
import { QueueSink } from '../../src/sinks/queue/queue-sink.js';
import { deadPid } from '../support/child.js';
import { consume } from '../support/sample-messages.js';
import { tempFolder } from '../support/temp-folder.js';

const COULD_BE = 'AAAAAAAAAAAAAAAAAAAAAA';

interface Opened {
  readonly sink: QueueSink;
  readonly duplicates: string[];
  readonly unknown: string[];
}

async function opened(path: string, size = 100, files: FileSystem = systemFiles): Promise<Opened> {
  const duplicates: string[] = [];
  const unknown: string[] = [];
  const deduplicate = {
    size,
    onDuplicate: (name: string) => duplicates.push(name),
    onUnknown: (_: string, reason: string) => unknown.push(reason),
  };
  const sink = new QueueSink({ path, type: 'DQS', sync: 'batch', deduplicate }, files);
  await sink.open();
  return { sink, duplicates, unknown };
}

const message = (body: string) => new Message(newHeader(), Buffer.from(body), true);
const stored = (path: string) => [...consume(path)].map(({ body }) => body.toString());
const journals = (path: string) => readdirSync(join(path, 'stompctl.ids')).filter((name) => name.endsWith('.ids'));

async function queuePath(test: TestContext): Promise<string> {
  return join(await tempFolder(test), 'queue');
}

/** What a process that died has left: its journal, with the head of ours. */
async function leftByDead(path: string, body: (head: string, base: string) => string): Promise<string> {
  const { sink } = await opened(path);
  const [own = ''] = journals(path);
  const head = readFileSync(join(path, 'stompctl.ids', own), 'latin1').split('\n')[0] ?? '';
  await sink.close();
  const base = `${hostName()}.${await deadPid()}`;
  const journal = join(path, 'stompctl.ids', `${base}.ids`);
  writeFileSync(journal, body(head.replace(/^(\S+) \S+/, '$1 1'), base));
  return journal;
}

describe('a queue sink that deduplicates', () => {
  it('drops what it has stored, in the same batch, later, and after a restart', async (test) => {
    const path = await queuePath(test);
    const first = await opened(path);
    await Promise.all([first.sink.send(message('a'), '1'), first.sink.send(message('a'), '1')]);
    await first.sink.send(message('a'), '1');
    assert.equal(first.duplicates.length, 2);
    await first.sink.close();
    const second = await opened(path);
    await second.sink.send(message('a'), '1');
    await second.sink.send(message('b'), '2');
    await second.sink.close();
    assert.deepEqual([stored(path), second.duplicates.length], [['a', 'b'], 1]);
    assert.deepEqual(
      readdirSync(join(path, 'stompctl.ids')).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });

  it('stores what has no id each time', async (test) => {
    const path = await queuePath(test);
    const { sink, duplicates } = await opened(path);
    await Promise.all([sink.send(message('a')), sink.send(message('a'))]);
    await sink.close();
    assert.deepEqual([stored(path), duplicates], [['a', 'a'], []]);
  });

  it('knows at once what another sink on the same queue has stored', async (test) => {
    const path = await queuePath(test);
    const [one, other] = [await opened(path), await opened(path)];
    for (const id of ['1', '2', '3']) {
      await one.sink.send(message(id), id);
      await other.sink.send(message(id), id);
    }
    assert.deepEqual([stored(path), other.duplicates.length], [['1', '2', '3'], 3]);
    await Promise.all([one.sink.close(), other.sink.close()]);
  });

  it('remembers the last so many, and its journal stays small', async (test) => {
    const path = await queuePath(test);
    const { sink } = await opened(path, 10);
    for (let batch = 0; batch < 50; batch += 1) {
      const ids = Array.from({ length: 200 }, (_, index) => `${batch}-${index}`);
      await Promise.all(ids.map((id) => sink.send(message(''), id)));
    }
    await sink.close();
    const sizes = journals(path).map((name) => statSync(join(path, 'stompctl.ids', name)).size);
    assert.ok(Math.max(...sizes) < 300 * 1024, `${sizes}`);
    const again = await opened(path, 10);
    await again.sink.send(message(''), '49-190');
    await again.sink.send(message(''), '49-189');
    assert.equal(again.duplicates.length, 1);
    await again.sink.close();
  });

  it('never believes an intent without its element', async (test) => {
    const path = await queuePath(test);
    await leftByDead(path, (head, base) => {
      const staged = `${base}-0123456789abcd.tmp`;
      writeFileSync(join(path, 'stompctl.ids', staged), '{}');
      const { mtimeNs } = statSync(join(path, 'stompctl.ids', staged), { bigint: true });
      const gone = intentLine(COULD_BE, { staged: `${base}-00000000000000.tmp`, modifiedNs: 1n });
      return `${head}\n${intentLine(COULD_BE.replace('A', 'B'), { staged, modifiedNs: mtimeNs })}${gone}`;
    });
    const { sink } = await opened(path);
    const [own = ''] = journals(path);
    assert.equal(
      readFileSync(join(path, 'stompctl.ids', own), 'latin1').split('\n').length,
      2,
      'nothing is remembered',
    );
    assert.equal(journals(path).length, 1, 'the journal of the dead is taken over');
    assert.ok(!readdirSync(join(path, 'stompctl.ids')).some((name) => name.endsWith('.tmp')));
    await sink.close();
  });

  it('goes by whole lines: a torn one, and damaged ones, say nothing', async (test) => {
    const path = await queuePath(test);
    const first = await opened(path);
    await first.sink.send(message('a'), '1');
    const [own = ''] = journals(path);
    const lines = readFileSync(join(path, 'stompctl.ids', own), 'latin1').split('\n');
    await first.sink.close();
    const id = lines.find((line) => line.startsWith('=')) ?? '';
    const other = await queuePath(test);
    await leftByDead(other, (head) => `${head}\n\u0000garbage\n+${COULD_BE} 1 x.tmp 00000000\n${id.slice(0, 20)}`);
    const second = await opened(other);
    await second.sink.send(message('a'), '1');
    assert.deepEqual([stored(other), second.unknown], [['a'], ['2 lines are damaged']]);
    await second.sink.close();
  });

  it('leaves alone the journal of another version, and says so once', async (test) => {
    const path = await queuePath(test);
    const journal = await leftByDead(path, (head) => `${head.replace(/ids\/1$/, 'ids/9')}\n=${COULD_BE}\n`);
    const { sink, unknown } = await opened(path);
    await sink.send(message('a'), '1');
    assert.deepEqual(unknown, ['it is of another version, or no journal']);
    await sink.close();
    assert.ok(existsSync(journal));
  });

  it('a folder in the place of a journal is no journal', async (test) => {
    const path = await queuePath(test);
    mkdirSync(join(path, 'stompctl.ids', 'host.1.ids'), { recursive: true });
    const { sink, unknown } = await opened(path);
    await sink.send(message('a'), '1');
    assert.equal(unknown.length, 1);
    await sink.close();
  });

  it('waits on a full disk: nothing is published without its intent, and nothing twice without its id', async (test) => {
    const path = await queuePath(test);
    let full = false;
    let failAt = 0;
    const writeSync = ((fd: number, data: NodeJS.ArrayBufferView, offset?: number) => {
      const lines = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1');
      if (full && /^[+=]/.test(lines)) {
        failAt -= 1;
        if (failAt <= 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      }
      return systemFiles.writeSync(fd, data, offset);
    }) as FileSystem['writeSync'];
    const { sink, duplicates } = await opened(path, 100, { ...systemFiles, writeSync });
    full = true;
    await assert.rejects(sink.send(message('a'), '1'), { code: 'QUEUE_IO' });
    assert.deepEqual(stored(path), []);
    failAt = 2;
    await sink.send(message('a'), '1');
    await sink.send(message('a'), '1');
    assert.deepEqual([stored(path), duplicates.length], [['a'], 1], 'the intent stood, the id could not be written');
    const staged = readdirSync(join(path, 'stompctl.ids')).filter((name) => name.endsWith('.tmp'));
    assert.equal(staged.length, 1, 'its file tells of it');
    full = false;
    await sink.send(message('b'), '2');
    await sink.close();
    const again = await opened(path);
    await again.sink.send(message('a'), '1');
    await again.sink.send(message('b'), '2');
    await again.sink.close();
    assert.deepEqual(stored(path), ['a', 'b']);
  });

  it('goes on after its journal was taken for a dead one’s, or damaged by an append', async (test) => {
    const path = await queuePath(test);
    const { sink } = await opened(path);
    await sink.send(message('a'), '1');
    const [own = ''] = journals(path);
    appendFileSync(join(path, 'stompctl.ids', own), 'half a li');
    systemFiles.unlinkSync(join(path, 'stompctl.ids', own));
    await sink.send(message('b'), '2');
    await sink.close();
    const again = await opened(path);
    await again.sink.send(message('a'), '1');
    await again.sink.send(message('b'), '2');
    assert.deepEqual([stored(path), again.duplicates.length], [['a', 'b'], 2]);
    await again.sink.close();
  });
});
