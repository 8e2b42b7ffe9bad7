import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.js';
import { StompctlError } from '../../src/base/errors.js';
import { systemFiles } from '../../src/base/file-system.js';
import type { Message } from '../../src/message/message.js';
import { FolderScene, namesOf, taken } from '../support/folder-scene.js';

const NEVER = new AbortController().signal;
const PLENTY = { deliveries: 1000, bytes: 1 << 30 };

test('each file is a message, in order of the names, and is removed when it is acknowledged', async (t) => {
  const scene = await FolderScene.set(t);
  for (const name of ['b', 'a', 'c.txt']) scene.put(name);
  scene.put('empty', '');
  scene.put('bytes', Buffer.from([255, 0]));
  const source = await scene.source();
  const all = await taken(source);
  assert.deepEqual(
    all.map(({ name }) => name),
    ['a', 'b', 'bytes', 'c.txt', 'empty'],
  );
  assert.deepEqual(
    all.map(({ message }) => message.body.toString('latin1')),
    ['content of a', 'content of b', '\xff\0', 'content of c.txt', ''],
  );
  assert.deepEqual(
    all.map(({ message }) => message.text),
    [true, true, false, true, true],
  );
  assert.deepEqual({ ...all[0]?.message.header }, { destination: '/queue/q', file: 'a' });
  for (const delivery of all) delivery.ack();
  assert.deepEqual(await source.next(PLENTY, NEVER), { kind: 'end' });
  await source.close();
  assert.deepEqual(scene.everything(), []);
});

test('what begins with a dot, ends in .tmp or does not match the pattern is left alone', async (t) => {
  const scene = await FolderScene.set(t);
  for (const name of ['.hidden.xml', 'a.xml.tmp', 'a.txt', 'a.xml', 'ab.xml', 'a\nb.xml', 'x[1].xml']) scene.put(name);
  const source = await scene.source({ pattern: 'a*.xml' });
  assert.deepEqual(namesOf(await taken(source)), ['a\nb.xml', 'a.xml', 'ab.xml']);
  const one = await scene.source({ pattern: 'x[1].???' });
  assert.deepEqual(namesOf(await taken(one)), ['x[1].xml']);
});

test('a file that was just written or put here is left alone until it is stable', async (t) => {
  const scene = await FolderScene.set(t);
  const path = scene.put('young');
  // a producer may set the time back, as "cp -p" does: the time of the inode tells
  utimesSync(path, 1, 1);
  const source = await scene.source({ stableMs: 3_600_000 });
  assert.deepEqual(await taken(source), []);
  assert.deepEqual(scene.names(), ['young']);
});

test('one that grows while it is read is left for later, whole', async (t) => {
  const scene = await FolderScene.set(t);
  const path = scene.put('growing', 'first');
  const files = {
    ...systemFiles,
    readSync: ((...args: Parameters<typeof systemFiles.readSync>) => {
      const read = systemFiles.readSync(...args);
      // its writer has it open, whatever it is called by now
      fsyncSync(writer);
      appendFileSync(writer, ' second');
      return read;
    }) as typeof systemFiles.readSync,
  };
  const writer = openSync(path, 'a');
  const source = await scene.source({}, files);
  assert.deepEqual(await taken(source), []);
  assert.match(scene.read('growing'), /^first second/);
});

test('one that is written to after it was sent is not removed, and told', async (t) => {
  const scene = await FolderScene.set(t);
  const path = scene.put('late', 'first');
  const writer = openSync(path, 'a');
  const source = await scene.source();
  const [delivery] = await taken(source);
  appendFileSync(writer, ' second');
  delivery?.ack();
  await source.settle();
  assert.equal(scene.read('late'), 'first second');
  assert.deepEqual(
    scene.troubles.map(({ event }) => event),
    ['folder-changed'],
  );
});

test('one that vanishes is nobody’s loss', async (t) => {
  const scene = await FolderScene.set(t);
  const path = scene.put('a');
  scene.put('b');
  const files = {
    ...systemFiles,
    renameSync: ((from: string, to: string) => {
      if (from === path) unlinkSync(from);
      systemFiles.renameSync(from, to);
    }) as typeof systemFiles.renameSync,
  };
  const source = await scene.source({}, files);
  assert.deepEqual(namesOf(await taken(source)), ['b']);
});

test('a folder of a directory queue is told of with the option that reads one', async (t) => {
  const scene = await FolderScene.set(t);
  mkdirSync(join(scene.path, '5f000000'));
  assert.deepEqual(await taken(await scene.source()), []);
  assert.match(
    scene.troubles[0]?.text ?? '',
    /"5f000000" is no plain file .*a directory queue is read with incoming-queue/,
  );
});

test('a pipe, a link out of the folder and a folder are left alone, and told once', async (t) => {
  const scene = await FolderScene.set(t);
  execFileSync('mkfifo', [join(scene.path, 'pipe')]);
  writeFileSync(join(scene.folder, 'outside'), 'secret');
  symlinkSync(join(scene.folder, 'outside'), join(scene.path, 'link'));
  symlinkSync('nowhere', join(scene.path, 'dangling'));
  mkdirSync(join(scene.path, 'folder'));
  writeFileSync(Buffer.concat([Buffer.from(`${scene.path}/`), Buffer.from([0xff, 0x41])]), 'odd name');
  scene.put('file');
  const source = await scene.source();
  assert.deepEqual(namesOf(await taken(source)), ['file']);
  assert.deepEqual(await taken(source), []);
  assert.deepEqual(await taken(source), []);
  assert.equal(scene.troubles.length, 5, JSON.stringify(scene.troubles));
  assert.equal(scene.names().length, 5);
});

test('what takes the place of a file between two looks is not read', async (t) => {
  const scene = await FolderScene.set(t);
  const path = scene.put('a');
  writeFileSync(join(scene.folder, 'outside'), 'secret');
  const files = {
    ...systemFiles,
    renameSync: ((from: string, to: string) => {
      if (from === path) {
        unlinkSync(path);
        symlinkSync(join(scene.folder, 'outside'), path);
      }
      systemFiles.renameSync(from, to);
    }) as typeof systemFiles.renameSync,
  };
  const source = await scene.source({}, files);
  assert.deepEqual(await taken(source), []);
  assert.deepEqual(scene.names(), ['a']);
});

test('one that is too large, or may not be read, stays, and is told once', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('large', Buffer.alloc(100));
  scene.put('small', Buffer.alloc(10));
  const source = await scene.source({ maxMessageSize: 50 });
  assert.deepEqual(namesOf(await taken(source)), ['small']);
  assert.deepEqual(await taken(source), []);
  assert.deepEqual(await taken(source), []);
  assert.deepEqual(
    scene.rejected.map(({ name, code }) => [name, code]),
    [['large', 'MESSAGE_TOO_LARGE']],
  );
  assert.ok(scene.names().includes('large'));
});

test('a released file is back; a rejected one without failure queue is passed over for a while', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('a');
  scene.put('b');
  // the delay of what was rejected is not over
  const source = await scene.source({ clock: { ...systemClock, monotonicMs: () => 0 } });
  const [first, second] = await taken(source);
  assert.deepEqual(scene.names(), []);
  first?.release();
  second?.reject(new StompctlError('MESSAGE_REFUSED', 'send', 'x', 'no'));
  await source.settle();
  assert.deepEqual(scene.names(), ['a', 'b']);
  assert.deepEqual(await source.next(PLENTY, NEVER), { kind: 'end' });
  assert.deepEqual(namesOf(await taken(source)), ['a']);
});

test('a rejected file goes to the failure queue with its headers, and is then removed', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('a');
  const stored: Message[] = [];
  const deadLetters = { store: async (message: Message) => void stored.push(message) };
  const source = await scene.source({ deadLetters });
  const [delivery] = await taken(source);
  delivery?.reject(new StompctlError('MESSAGE_REFUSED', 'send', 'x', 'no'));
  await source.settle();
  assert.equal(stored[0]?.body.toString(), 'content of a');
  await source.close();
  assert.deepEqual(scene.everything(), []);
});

test('a file is moved, and replaces none of its name', async (t) => {
  const scene = await FolderScene.set(t);
  const to = join(scene.folder, 'done');
  mkdirSync(to);
  writeFileSync(join(to, 'a'), 'an earlier one');
  scene.put('a');
  scene.put('b');
  const source = await scene.source({ afterwards: { kind: 'move', to }, sync: true });
  for (const delivery of await taken(source)) delivery.ack();
  await source.close();
  const moved = scene.names(to);
  assert.equal(moved.length, 3, String(moved));
  assert.match(moved[1] ?? '', /^a\.[0-9a-f]+-\d+-0$/);
  assert.deepEqual(scene.everything(), []);
});

test('a folder is not opened whose files would be moved into itself, by whatever name', async (t) => {
  const scene = await FolderScene.set(t);
  const to = join(scene.folder, 'link');
  symlinkSync(scene.path, to);
  const source = scene.unopened({ afterwards: { kind: 'move', to } });
  await assert.rejects(source.open(), {
    code: 'QUEUE_INVALID',
    message: /itself, where each file would be sent again/,
  });
  assert.deepEqual(scene.everything(), []);
});

test('files that are left are all handed over once a run, and not touched', async (t) => {
  const scene = await FolderScene.set(t);
  for (const name of ['a', 'b', 'c']) scene.put(name);
  const source = await scene.source({ afterwards: { kind: 'leave' } });
  const all = await taken(source);
  assert.deepEqual(namesOf(all), ['a', 'b', 'c']);
  assert.deepEqual(scene.everything(), ['a', 'b', 'c']);
  for (const delivery of all) delivery.ack();
  assert.deepEqual(await source.next(PLENTY, NEVER), { kind: 'end' });
  await source.close();
  assert.deepEqual(scene.everything(), ['a', 'b', 'c']);
});

test('NAME.json beside NAME has headers, which win; it goes with its file, and is none itself', async (t) => {
  const scene = await FolderScene.set(t);
  const to = join(scene.folder, 'done');
  scene.put('a.txt');
  scene.put('a.txt.json', '{"destination":"/queue/other","n":7,"on":true}');
  scene.put('alone');
  scene.put('nobody.json', '{}');
  const source = await scene.source({ sidecar: true, afterwards: { kind: 'move', to } });
  const [first, second] = await taken(source);
  assert.deepEqual({ ...first?.message.header }, { destination: '/queue/other', file: 'a.txt', n: '7', on: 'true' });
  assert.equal(second?.name, 'alone');
  first?.ack();
  second?.release();
  await source.close();
  assert.deepEqual(scene.names(to), ['a.txt', 'a.txt.json']);
  assert.deepEqual(scene.everything(), ['alone', 'nobody.json']);
});

const FOLDER = 'a folder';

for (const [what, json] of [
  ['no JSON', '{"geheim'],
  ['a list', '[1]'],
  ['null', 'null'],
  ['nested', '{"a":{"b":1}}'],
  ['a list in a header', '{"a":["geheim"]}'],
  ['not UTF-8', Buffer.from('{"a":"\xe9"}', 'latin1')],
  ['too long', `{"a":"${'x'.repeat(1024 * 1024)}"}`],
  ['those of a folder', FOLDER],
] as const) {
  test(`headers that are ${what} leave their file where it is, with them, told once without what is in them`, async (t) => {
    const scene = await FolderScene.set(t);
    scene.put('a');
    if (json === FOLDER) mkdirSync(join(scene.path, 'a.json'));
    else scene.put('a.json', json);
    scene.put('b');
    const stored: Message[] = [];
    const deadLetters = { store: async (message: Message) => void stored.push(message) };
    const source = await scene.source({ sidecar: true, deadLetters });
    const [b, ...others] = await taken(source);
    assert.deepEqual([b?.name, others], ['b', []]);
    b?.ack();
    assert.deepEqual(await taken(source), []);
    assert.deepEqual(await taken(source), []);
    await source.close();
    assert.deepEqual(scene.everything(), ['a', 'a.json']);
    assert.deepEqual(stored, []);
    assert.deepEqual(
      scene.rejected.map(({ name, code }) => [name, code]),
      [['a', 'ELEMENT_UNDECODABLE']],
    );
    assert.match(scene.rejected[0]?.message ?? '', /correct it or remove it/);
    assert.doesNotMatch(scene.rejected[0]?.message ?? '', /geheim/);
  });
}

test('a number beside a file keeps its text, and a byte order mark is passed over', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('a');
  scene.put('a.json', '\ufeff{"id":12345678901234567890,"price":1.10,"low":-1e-7,"on":true,"text":"1.10 \\"2"}');
  const [delivery] = await taken(await scene.source({ sidecar: true, headers: {} }));
  const header = { id: '12345678901234567890', price: '1.10', low: '-1e-7', on: 'true', text: '1.10 "2' };
  assert.deepEqual({ ...delivery?.message.header }, header);
});

test('a long name, to which nothing can be added, goes its way like any other', async (t) => {
  const scene = await FolderScene.set(t);
  const to = join(scene.folder, 'done');
  mkdirSync(to);
  const long = 'ž'.repeat(125).concat('.x');
  for (const name of [long, 'short']) {
    writeFileSync(join(to, name), 'an earlier one');
    scene.put(name);
  }
  const options = { sidecar: true, afterwards: { kind: 'move', to } } as const;
  const first = await scene.source(options);
  assert.equal((await taken(first)).length, 2);
  await first.close();
  const source = await scene.source(options);
  for (const delivery of await taken(source)) delivery.ack();
  await source.close();
  assert.deepEqual(scene.everything(), []);
  const moved = scene.names(to);
  assert.equal(moved.length, 4, String(moved));
  assert.ok(moved.filter((name) => /^ž+(\.[0-9a-f]+-\d+-0)?\.x$/.test(name)).length === 2, String(moved));
});

test('a file that cannot be taken is told with what to do, and stops no other one', async (t) => {
  const scene = await FolderScene.set(t);
  for (const name of ['a', 'b']) scene.put(name);
  const refused = (...[from, to]: Parameters<typeof systemFiles.renameSync>): void => {
    // of another user's, in a folder with the sticky bit
    if (String(from) === join(scene.path, 'a')) throw Object.assign(new Error('EPERM: not yours'), { code: 'EPERM' });
    systemFiles.renameSync(from, to);
  };
  const source = await scene.source({}, { ...systemFiles, renameSync: refused });
  assert.deepEqual(namesOf(await taken(source)), ['b']);
  assert.match(scene.rejected[0]?.message ?? '', /EPERM.*; it stays where it is until the user .* \(chmod, chown\)/);
});

test('of two on one folder each file is taken by one', async (t) => {
  const scene = await FolderScene.set(t);
  const names = Array.from({ length: 100 }, (_, number) => `file ${number}`).sort();
  for (const name of names) scene.put(name);
  const [one, other] = [await scene.source(), await scene.source()];
  const seen: string[] = [];
  for (let taking = true; taking; ) {
    const both = [
      ...(await taken(one, { ...PLENTY, deliveries: 7 })),
      ...(await taken(other, { ...PLENTY, deliveries: 5 })),
    ];
    seen.push(...namesOf(both));
    taking = both.length > 0;
  }
  assert.deepEqual(seen.sort(), names);
  await one.close();
  await other.close();
  assert.deepEqual(scene.names(), names);
});

test('another file of the same name waits until the first one is settled, and neither replaces the other', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('a', 'first');
  const source = await scene.source({ loop: true });
  const [first] = await taken(source);
  scene.put('a', 'second');
  assert.deepEqual(await taken(source), []);
  first?.release();
  await source.settle();
  assert.equal(scene.read('a'), 'second');
  const bodies: string[] = [];
  for (let pass = 0; pass < 4; pass += 1) {
    for (const delivery of await taken(source)) {
      bodies.push(delivery.message.body.toString());
      delivery.ack();
    }
  }
  assert.deepEqual(bodies.sort(), ['first', 'second']);
  await source.close();
  assert.deepEqual(scene.everything(), []);
});

test('what a dead process has claimed is taken back; what a living one has is not', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('a');
  scene.put('b');
  const dead = await scene.source();
  assert.equal((await taken(dead)).length, 2);
  const other = await scene.source();
  assert.deepEqual(await taken(other), []);
  scene.bury();
  const next = await scene.source();
  assert.deepEqual(namesOf(await taken(next)), ['a', 'b']);
  assert.equal(scene.recovered, 2);
});

test('a file is told by the same id at each delivery, and another one by another', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('a');
  scene.put('b');
  const source = await scene.source();
  const [a, b] = await taken(source);
  a?.release();
  b?.release();
  await source.close();
  const again = await taken(await scene.source());
  assert.deepEqual(
    again.map(({ id }) => id),
    [a?.id, b?.id],
  );
  assert.notEqual(a?.id, b?.id);
});

test('hard links of one file are files of their own, also when one comes again under its name', async (t) => {
  const scene = await FolderScene.set(t);
  const kept = join(scene.folder, 'kept');
  writeFileSync(kept, 'one content');
  const ids: string[] = [];
  for (const names of [['host1', 'host2'], ['host1']]) {
    for (const name of names) linkSync(kept, join(scene.path, name));
    const source = await scene.source();
    for (const delivery of await taken(source)) {
      ids.push(delivery.id ?? '');
      delivery.ack();
    }
    await source.close();
  }
  assert.equal(new Set(ids).size, 3, ids.join('\n'));
});

test('a file that got the inode, the size and the time of an earlier one is another one', async (t) => {
  const scene = await FolderScene.set(t);
  const seen = new Map<string, string>();
  // most file systems use the number again at once
  for (let round = 0; round < 5; round += 1) {
    utimesSync(scene.put('a', 'same'), 1, 1);
    const source = await scene.source();
    const [delivery] = await taken(source);
    const id = delivery?.id ?? '';
    const looks = id.split(' ').slice(0, 5).join(' ');
    assert.notEqual(id, seen.get(looks));
    seen.set(looks, id);
    delivery?.ack();
    await source.close();
    // the next one is made at another time, by the clock of the file system
    await setTimeout(20);
  }
});

test('a folder of a million files takes the memory of the names of one chunk', async (t) => {
  const scene = await FolderScene.set(t);
  const count = 1_000_000;
  let reads = 0;
  let looked = 0;
  let ahead = 0;
  // a listing of files that are not there any more when they are looked at
  const opendirSync = (() => ({
    readSync: () => {
      reads += 1;
      ahead = Math.max(ahead, reads - looked);
      return reads <= count ? { name: `made up ${reads}` } : null;
    },
    closeSync: () => undefined,
  })) as unknown as typeof systemFiles.opendirSync;
  const lstatSync = (() => {
    looked += 1;
    return undefined;
  }) as unknown as typeof systemFiles.lstatSync;
  const source = await scene.source({ afterwards: { kind: 'leave' } }, { ...systemFiles, opendirSync, lstatSync });
  assert.deepEqual(await source.next(PLENTY, NEVER), { kind: 'end' });
  assert.equal(looked, count);
  assert.ok(ahead <= 10_001, `${ahead} names at once`);
});

test('a folder that is missing, no folder, or away is told', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('file');
  const code = (wanted: string) => (error: unknown) => error instanceof StompctlError && error.code === wanted;
  await assert.rejects(scene.unopened({ path: join(scene.path, 'no') }).open(), code('QUEUE_MISSING'));
  await assert.rejects(scene.unopened({ path: join(scene.path, 'file') }).open(), code('QUEUE_INVALID'));
  const source = await scene.source({ loop: true });
  await taken(source);
  assert.deepEqual(await source.next(PLENTY, NEVER), { kind: 'idle', reason: 'empty' });
  renameSync(scene.path, `${scene.path}.away`);
  await assert.rejects(source.next(PLENTY, NEVER), code('QUEUE_IO'));
  renameSync(`${scene.path}.away`, scene.path);
});

test('a file system without links gives files back all the same', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('a');
  scene.put('a.json', '{}');
  const linkSyncRefused = (() => {
    throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' });
  }) as typeof linkSync;
  const source = await scene.source({ sidecar: true }, { ...systemFiles, linkSync: linkSyncRefused });
  const [delivery] = await taken(source);
  delivery?.release();
  await source.close();
  assert.deepEqual(scene.everything(), ['a', 'a.json']);
});

test('a *.json that was a body is one again, though the next process takes such files for headers', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('body.json', '{"a":1}');
  const dead = await scene.source();
  assert.deepEqual(namesOf(await taken(dead)), ['body.json']);
  scene.bury();
  const next = await scene.source({ sidecar: true });
  assert.deepEqual(await taken(next), []);
  assert.equal(scene.read('body.json'), '{"a":1}');
});

test('one whose claims were taken over, since it was stopped for long, begins with new ones', async (t) => {
  const scene = await FolderScene.set(t);
  scene.put('a');
  const source = await scene.source();
  const [first] = await taken(source);
  scene.bury();
  assert.deepEqual(namesOf(await taken(await scene.source())), ['a']);
  scene.put('b');
  first?.ack();
  await assert.rejects(
    async () => {
      for (let pass = 0; pass < 3; pass += 1) await taken(source);
    },
    (error) => error instanceof StompctlError && error.code === 'QUEUE_IO',
  );
  await source.open();
  assert.deepEqual(namesOf(await taken(source)), ['b']);
});
