import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FileSystem, systemFiles } from '../../src/base/file-system.js';
import { NormalQueue } from '../../src/dirq/normal-queue.js';
import { Message, newHeader } from '../../src/message/message.js';
import { age } from '../support/queue-types.js';
import { filesOf } from '../support/sample-messages.js';
import { tempFolder } from '../support/temp-folder.js';

test('a message is a folder with a table of its headers and its body', async (t) => {
  const path = join(await tempFolder(t), 'queue');
  const queue = new NormalQueue({ path, rndhex: 3 });
  const header = newHeader({ b: '\\ \t \n', a: 'é', 'k\ty': '' });
  const name = await queue.addMessage(new Message(header, Buffer.from('čau'), true));
  assert.match(name, /^00000000\/[0-9a-f]{13}3$/);
  assert.equal(readFileSync(join(path, name, 'header'), 'utf8'), 'a\té\nb\t\\\\ \\t \\n\nk\\ty\t\n');
  assert.equal(readFileSync(join(path, name, 'text'), 'utf8'), 'čau');
  assert.deepEqual(readdirSync(join(path, name)).sort(), ['header', 'text']);
  assert.deepEqual(readdirSync(path).sort(), ['00000000', 'obsolete', 'temporary']);
  assert.deepEqual(readdirSync(join(path, 'temporary')), []);
  await queue.lock(name);
  assert.deepEqual(await queue.getMessage(name), new Message(header, Buffer.from('čau'), true));
});

const BODIES: readonly (readonly [name: string, body: Buffer, text: boolean, files: string[]])[] = [
  ['bytes', Buffer.from([0, 255]), false, ['binary', 'header']],
  ['text', Buffer.from('x'), true, ['header', 'text']],
  ['text that is none', Buffer.from([255]), true, ['binary', 'header']],
  ['nothing', Buffer.alloc(0), false, ['binary', 'header']],
  ['no text', Buffer.alloc(0), true, ['header', 'text']],
];

for (const [name, body, text, files] of BODIES) {
  test(`a body of ${name} stands in ${files.join(' and ')}`, async (t) => {
    const queue = new NormalQueue({ path: await tempFolder(t) });
    const element = await queue.addMessage(new Message(newHeader(), body, text));
    assert.deepEqual(readdirSync(join(queue.path, element)).sort(), files);
    await queue.lock(element);
    assert.deepEqual((await queue.getMessage(element)).body, body);
    await queue.remove(element);
    assert.deepEqual(filesOf(queue.path), []);
    assert.deepEqual(readdirSync(join(queue.path, 'obsolete')), []);
  });
}

const SPOILED: readonly (readonly [name: string, spoil: (element: string) => void])[] = [
  ['a line without a TAB', (element) => writeFileSync(join(element, 'header'), 'a\tb\nc\n')],
  ['a line with two TABs', (element) => writeFileSync(join(element, 'header'), 'a\tb\tc\n')],
  ['a header that is not UTF-8', (element) => writeFileSync(join(element, 'header'), Buffer.from([97, 9, 255]))],
  ['a text that is not UTF-8', (element) => writeFileSync(join(element, 'text'), Buffer.from([255]))],
  ['both kinds of bodies', (element) => writeFileSync(join(element, 'binary'), 'x')],
];

for (const [name, spoil] of SPOILED) {
  test(`${name} is undecodable`, async (t) => {
    const queue = new NormalQueue({ path: await tempFolder(t) });
    const element = await queue.addMessage(new Message(newHeader(), Buffer.from('x'), true));
    spoil(join(queue.path, element));
    await queue.lock(element);
    await assert.rejects(queue.getMessage(element), { code: 'ELEMENT_UNDECODABLE' });
  });
}

test('a folder without a header is undecodable, a body over the limit too large', async (t) => {
  const queue = new NormalQueue({ path: await tempFolder(t), maxMessageSize: 10 });
  mkdirSync(join(queue.path, '00000000', '5f000000000001', 'locked'), { recursive: true });
  await assert.rejects(queue.getMessage('00000000/5f000000000001'), { code: 'ELEMENT_UNDECODABLE' });
  const name = await queue.addMessage(new Message(newHeader(), Buffer.alloc(11)));
  await queue.lock(name);
  await assert.rejects(queue.getMessage(name), { code: 'MESSAGE_TOO_LARGE' });
});

for (const [name, put] of [
  ['a file', (path: string) => writeFileSync(join(path, 'body'), 'precious')],
  ['a folder', (path: string) => mkdirSync(join(path, 'sub'))],
] as const) {
  test(`what holds ${name} that no message has is undecodable: it would vanish`, async (t) => {
    const queue = new NormalQueue({ path: await tempFolder(t) });
    const element = await queue.addMessage(new Message(newHeader({ a: '1' }), Buffer.from('x')));
    put(join(queue.path, element));
    await queue.lock(element);
    await assert.rejects(queue.getMessage(element), {
      code: 'ELEMENT_UNDECODABLE',
      message: /only header, text, binary/,
    });
    await queue.remove(element);
    assert.deepEqual(filesOf(queue.path), []);
    assert.deepEqual(readdirSync(join(queue.path, 'obsolete')), []);
  });
}

test('a full folder makes the next number; one that was purged makes another', async (t) => {
  const queue = new NormalQueue({ path: await tempFolder(t), maxElts: 3 });
  const names: string[] = [];
  for (let count = 0; count < 7; count += 1) names.push(await queue.addMessage(new Message()));
  assert.deepEqual(
    names.map((name) => name.slice(0, 8)),
    ['00000000', '00000000', '00000000', '00000001', '00000001', '00000001', '00000002'],
  );
  for (const name of names.slice(0, 3)) {
    await queue.lock(name);
    await queue.remove(name);
  }
  assert.deepEqual(await queue.purge(), { temporary: 0, locks: 0, folders: 1 });
  assert.equal(existsSync(join(queue.path, '00000000')), false);
  assert.equal((await queue.addMessage(new Message())).slice(0, 8), '00000002');
});

test('where folders have no links of their own a folder is not read for each element', async (t) => {
  const path = await tempFolder(t);
  let reads = 0;
  const files: FileSystem = {
    ...systemFiles,
    statSync: ((...given: Parameters<typeof systemFiles.statSync>) => {
      const stats = systemFiles.statSync(...given);
      if (stats !== undefined) stats.nlink = 1;
      return stats;
    }) as typeof systemFiles.statSync,
    readdirSync: ((folder: string, options?: { withFileTypes: true }) => {
      if (/[0-9a-f]{8}$/.test(folder)) reads += 1;
      return options === undefined ? systemFiles.readdirSync(folder) : systemFiles.readdirSync(folder, options);
    }) as typeof systemFiles.readdirSync,
  };
  const queue = new NormalQueue({ path, maxElts: 100 }, files);
  const names: string[] = [];
  for (let count = 0; count < 250; count += 1) names.push(await queue.addMessage(new Message()));
  const counts = [0, 1, 2].map((folder) => names.filter((name) => name.startsWith(`0000000${folder}/`)).length);
  assert.deepEqual(counts, [100, 100, 50]);
  // once a folder, and once a second besides
  assert.ok(reads < 125, `${reads} reads for 250 elements`);
});

test('purge frees old locks and empties what stands aside for long', async (t) => {
  const path = await tempFolder(t);
  const queue = new NormalQueue({ path });
  const names = [await queue.addMessage(new Message()), await queue.addMessage(new Message())];
  for (const name of names) await queue.lock(name);
  age(path, names[0] ?? '', 601);
  const aside = ['temporary/5f000000000001', 'temporary/5f000000000002', 'obsolete/5f000000000003', 'obsolete/theirs'];
  for (const name of aside) {
    mkdirSync(join(path, name, 'locked'), { recursive: true });
    writeFileSync(join(path, name, 'header'), '');
    age(path, name, name.endsWith('2') ? 290 : 301);
  }
  assert.deepEqual(await queue.purge(), { temporary: 2, locks: 1, folders: 0 });
  assert.deepEqual(readdirSync(join(path, 'temporary')), ['5f000000000002']);
  assert.deepEqual(readdirSync(join(path, 'obsolete')), ['theirs']);
  assert.equal(await queue.lock(names[0] ?? ''), true);
  assert.equal(await queue.lock(names[1] ?? ''), false);
});

test('another schema: files as it says', async (t) => {
  const queue = new NormalQueue({
    path: await tempFolder(t),
    schema: { data: 'binary', note: 'string?', map: 'table?' },
  });
  const name = await queue.add({ data: Buffer.from([1]), map: { a: 'b' } });
  await assert.rejects(queue.get(name), { code: 'ELEMENT_NOT_LOCKED' });
  await queue.lock(name);
  const data = await queue.get(name);
  assert.deepEqual(data.data, Buffer.from([1]));
  assert.deepEqual({ ...(data.map as object) }, { a: 'b' });
  assert.equal('note' in data, false);
  await assert.rejects(queue.add({ note: 'x' }), { code: 'USAGE', message: /data/ });
  await assert.rejects(queue.add({ data: 'x' }), { code: 'USAGE' });
  await assert.rejects(queue.add({ data: Buffer.alloc(0), other: 'x' }), { code: 'USAGE', message: /schema/ });
  assert.throws(() => new NormalQueue({ path: 'x', schema: { locked: 'binary' } }), { code: 'USAGE' });
});

test('list tells name, size, age and lock', async (t) => {
  const path = await tempFolder(t);
  const queue = new NormalQueue({ path });
  const name = await queue.addMessage(new Message(newHeader(), Buffer.alloc(100)));
  const other = await queue.addMessage(new Message());
  await queue.lock(other);
  utimesSync(join(path, other), 1_700_000_000, 1_700_000_000);
  const all = [];
  for await (const one of queue.list()) all.push(one);
  assert.deepEqual(
    all.map((one) => [one.name, one.lockedMs]),
    [
      [name, undefined],
      [other, 1_700_000_000_000],
    ],
  );
  assert.ok((all[0]?.size ?? 0) >= 100);
  assert.ok(Math.abs((all[0]?.addedMs ?? 0) - statSync(join(path, name)).ctimeMs) < 5000);
});
