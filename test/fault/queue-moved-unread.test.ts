import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, truncateSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/base/clock.js';
import { type FileSystem, systemFiles } from '../../src/base/file-system.js';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import type { Delivery } from '../../src/flow/delivery.js';
import { largestFile } from '../../src/message/json.js';
import { QueueSink, type QueueSinkOptions } from '../../src/sinks/queue/queue-sink.js';
import type { QueueSourceOptions } from '../../src/sources/queue/queue-source.js';
import { type HeardEvents, openSource, PLENTY } from '../support/queue-ends.js';
import { bury } from '../support/queue-run.js';
import { remains } from '../support/queue-types.js';
import { tempFolder } from '../support/temp-folder.js';
import { asOnDisk } from '../support/watched-files.js';

/** an element as no library writes it; the last one is none */
const CONTENTS = ['{ "body" : "0" }', '{"body":"1"  }', '{"body":"2"}\n', '{"body":"3", "header":{}}', 'not even JSON'];

interface Ends {
  readonly from: string;
  readonly to: string;
}

async function filled(t: TestContext): Promise<Ends> {
  const folder = await tempFolder(t);
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  const queue = new SimpleQueue({ path: from });
  for (const content of CONTENTS) await queue.add(content);
  return { from, to };
}

/** The files of the elements in a queue, in order. */
function elements(path: string): string[] {
  const all = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return all.filter((name) => /^[0-9a-f]{8}\/[0-9a-f]{14}$/.test(name)).sort();
}

function contents(path: string): string[] {
  return elements(path).map((name) => readFileSync(join(path, name), 'utf8'));
}

function inodes(path: string): number[] {
  return elements(path).map((name) => statSync(join(path, name)).ino);
}

interface Moving {
  readonly files?: FileSystem;
  readonly source?: Partial<QueueSourceOptions>;
  readonly sink?: Partial<QueueSinkOptions>;
  /** what happens to what was taken, before it is moved */
  readonly meanwhile?: (deliveries: readonly Delivery[]) => void;
}

/** Takes what is there, unread, moves it, and acknowledges what is safe; the texts of what went wrong. */
async function move(
  t: TestContext,
  { from, to }: Ends,
  given: Moving = {},
): Promise<{ wrong: string[]; events: HeardEvents }> {
  const { files = systemFiles } = given;
  const { source, events } = await openSource(t, { path: from, sync: 'batch', files, ...given.source });
  const sink = new QueueSink({ path: to, sync: 'batch', clock: systemClock, ...given.sink }, files);
  await sink.open();
  const wrong: string[] = [];
  for (;;) {
    const result = await source.next({ ...PLENTY, unread: true }, new AbortController().signal);
    if (result.kind !== 'batch') break;
    given.meanwhile?.(result.deliveries);
    await Promise.all(result.deliveries.map((delivery) => settle(sink, delivery, wrong)));
  }
  await source.settle();
  await Promise.all([source.close(), sink.close()]);
  return { wrong, events };
}

async function settle(sink: QueueSink, delivery: Delivery, wrong: string[]): Promise<void> {
  try {
    await (delivery.stored === undefined ? sink.send(delivery.message) : sink.move(delivery.stored));
    delivery.ack();
  } catch (error) {
    wrong.push(String(error));
    delivery.release();
  }
}

/** The system's calls, but `name` fails with this errno where `where` is in its first argument. */
function failing(
  name: 'linkSync' | 'openSync',
  errno: string,
  where: (path: string, to: string) => boolean,
): FileSystem {
  const call = systemFiles[name] as (path: string, ...rest: unknown[]) => unknown;
  const failed = (path: string, ...rest: unknown[]) => {
    if (where(path, String(rest[0]))) throw Object.assign(new Error(`${errno}: as told`), { code: errno });
    return call(path, ...rest);
  };
  return { ...systemFiles, statfsSync: asOnDisk, [name]: failed };
}

test('what nobody looks into is moved byte for byte, in order, as the files that are there', async (t) => {
  const ends = await filled(t);
  const before = inodes(ends.from);
  assert.deepEqual((await move(t, ends)).wrong, []);
  assert.deepEqual(contents(ends.to), CONTENTS);
  assert.deepEqual(
    inodes(ends.to).slice(1),
    before.slice(1),
    'all but the first, which shows what files look like there',
  );
  assert.deepEqual([...elements(ends.from), ...remains(ends.from), ...remains(ends.to)], []);
});

test('files that would look unlike those of the other queue are copied', async (t) => {
  const ends = await filled(t);
  const before = new Set(inodes(ends.from));
  await move(t, ends, { sink: { umask: 0o77 } });
  assert.deepEqual(contents(ends.to), CONTENTS);
  for (const name of elements(ends.to)) {
    const { ino, mode } = statSync(join(ends.to, name));
    assert.equal(mode & 0o777, 0o600);
    assert.ok(!before.has(ino));
  }
});

test('between two file systems they are copied, after a single attempt', async (t) => {
  const ends = await filled(t);
  let attempts = 0;
  const files = failing('linkSync', 'EXDEV', (from, to) => {
    const crosses = from.startsWith(ends.from) && to.startsWith(ends.to);
    if (crosses) attempts += 1;
    return crosses;
  });
  assert.deepEqual((await move(t, ends, { files })).wrong, []);
  assert.deepEqual(contents(ends.to), CONTENTS);
  assert.equal(attempts, 1);
  assert.deepEqual([...elements(ends.from), ...remains(ends.from), ...remains(ends.to)], []);
});

test('a file whose sync failed is written anew', async (t) => {
  const ends = await filled(t);
  const bad = statSync(join(ends.from, elements(ends.from)[2] ?? '')).ino;
  const { fdatasync } = systemFiles;
  const failed = (fd: number, done: (error: Error | null) => void) => {
    const isBad = systemFiles.fstatSync(fd).ino === bad;
    fdatasync(fd, (error) => done(isBad ? Object.assign(new Error('EIO'), { code: 'EIO' }) : error));
  };
  const files = { ...systemFiles, statfsSync: asOnDisk, fdatasync: failed as FileSystem['fdatasync'] };
  assert.deepEqual((await move(t, ends, { files })).wrong, []);
  assert.deepEqual(contents(ends.to).sort(), [...CONTENTS].sort());
  assert.ok(!inodes(ends.to).includes(bad));
});

test('what another process took meanwhile is not said to be safe', async (t) => {
  const ends = await filled(t);
  const { wrong } = await move(t, ends, {
    meanwhile: ([, , taken]) => {
      if (taken?.stored === undefined) return;
      unlinkSync(taken.stored.path);
      unlinkSync(`${taken.stored.path}.lck`);
    },
  });
  assert.equal(wrong.length, 1);
  assert.match(wrong[0] ?? '', /another process took it/);
  assert.deepEqual(contents(ends.to).sort(), CONTENTS.filter((_, index) => index !== 2).sort());
});

test('each is read where those that are bad are set apart, or the elements stay', async (t) => {
  const ends = await filled(t);
  const taken: string[] = [];
  const deadLetters = {
    store: async () => undefined,
    storeRaw: async (bytes: Buffer) => void taken.push(bytes.toString()),
  };
  await move(t, ends, { source: { deadLetters } });
  assert.deepEqual(taken, CONTENTS.slice(-1));
  assert.equal(elements(ends.to).length, CONTENTS.length - 1);
  const again = await filled(t);
  const before = inodes(again.from);
  const { events } = await move(t, again, { source: { remove: false } });
  assert.equal(events.rejectedAs.length, 1);
  assert.deepEqual(inodes(again.from), before);
  assert.ok(!inodes(again.to).some((ino) => before.includes(ino)));
});

for (const [what, given, expected] of [
  [
    'elements that are bodies, into messages',
    { source: { format: 'raw' } },
    ['{"body":"{ \\"body\\" : \\"0\\" }"}', 5],
  ],
  ['messages that get headers', { source: { headers: { a: ['b'] } } }, ['{"body":"0","header":{"a":"b"}}', 4]],
] as const) {
  test(`each is read where its bytes are not those of the other queue: ${what}`, async (t) => {
    const ends = await filled(t);
    await move(t, ends, given);
    const [first = '', ...rest] = contents(ends.to);
    assert.deepEqual([first, rest.length + 1], expected);
  });
}

test('a queue whose elements have another form wants messages', () => {
  const plain = { path: '/q', sync: 'batch', clock: systemClock } as const;
  const others = [{ format: 'raw' }, { type: 'DQN' }, { compression: 'zlib' }] as const;
  assert.equal(new QueueSink(plain).moves, true);
  for (const other of others) assert.equal(new QueueSink({ ...plain, ...other }).moves, false);
});

test('a large file counts against max-message-size, and stays', async (t) => {
  const ends = await filled(t);
  truncateSync(join(ends.from, elements(ends.from)[1] ?? ''), largestFile(1) + 1);
  const { events } = await move(t, ends, { source: { maxMessageSize: 1 } });
  assert.deepEqual(
    events.rejectedAs.map(({ reason }) => reason.code),
    ['MESSAGE_TOO_LARGE'],
  );
  assert.equal(elements(ends.to).length, CONTENTS.length - 1);
});

const CHANGING = [
  'linkSync',
  'mkdirSync',
  'renameSync',
  'rmdirSync',
  'unlinkSync',
  'writeSync',
  'lutimesSync',
] as const;

/** The system's calls, until `left` of those that change something were made: then the process is dead, and does nothing more. */
function mortal(left: number): { files: FileSystem; died: () => boolean } {
  let calls = 0;
  const files = { ...systemFiles };
  for (const name of CHANGING) {
    const call = systemFiles[name] as (...args: unknown[]) => unknown;
    const watched = (...args: unknown[]) => {
      calls += 1;
      if (calls > left) throw Object.assign(new Error('the process is dead'), { code: 'EIO' });
      return call(...args);
    };
    Object.assign(files, { [name]: watched });
  }
  return { files, died: () => calls > left };
}

test('killed before any call that changes something, each is in one of the two queues, and a next run ends the work', async (t) => {
  let steps = 0;
  for (let died = true; died; steps += 1) {
    const ends = await filled(t);
    const dying = mortal(steps);
    await move(t, ends, { files: dying.files }).catch(() => undefined);
    died = dying.died();
    const where = `killed after ${steps} steps`;
    const there = new Set(
      [ends.from, ends.to].filter((path) => systemFiles.statSync(path, { throwIfNoEntry: false })).flatMap(contents),
    );
    assert.deepEqual([...there].sort(), [...CONTENTS].sort(), where);
    for (const path of [ends.from, ends.to]) if (systemFiles.statSync(path, { throwIfNoEntry: false })) bury(path);
    await move(t, ends);
    assert.deepEqual([...new Set(contents(ends.to))].sort(), [...CONTENTS].sort(), where);
    assert.deepEqual([...elements(ends.from), ...remains(ends.from)], [], where);
    assert.ok(contents(ends.to).length <= 2 * CONTENTS.length, where);
  }
  assert.ok(steps > 30, String(steps));
});
