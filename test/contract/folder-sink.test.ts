import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseTemplate } from '../../src/base/command-words.js';
import { StompctlError } from '../../src/base/errors.js';
import { type FileSystem, systemFiles } from '../../src/base/file-system.js';
import { Message, newHeader } from '../../src/message/message.js';
import { FolderSink, type FolderSinkOptions } from '../../src/sinks/folder/folder-sink.js';
import { FolderScene, taken } from '../support/folder-scene.js';
import { type Cleaning, tempFolder } from '../support/temp-folder.js';
import { asOnDisk } from '../support/watched-files.js';

function message(body: string | Buffer, header: Readonly<Record<string, string>> = {}): Message {
  return new Message(newHeader(header), Buffer.from(body), typeof body === 'string');
}

async function opened(t: Cleaning, options: Partial<FolderSinkOptions> = {}, files: FileSystem = systemFiles) {
  const path = options.path ?? join(await tempFolder(t), 'out');
  const sink = new FolderSink(
    { path, fileName: undefined, sidecar: false, umask: undefined, sync: true, ...options },
    files,
  );
  await sink.open();
  t.after(() => sink.close());
  return { sink, path };
}

test('each message is a file with its body, under names that sort as they came, and nothing else', async (t) => {
  const { sink, path } = await opened(t);
  const bodies = Array.from({ length: 200 }, (_, number) => `body ${number}`);
  await Promise.all(bodies.map((body) => sink.send(message(body))));
  const names = readdirSync(path).sort();
  assert.deepEqual(
    names.map((name) => readFileSync(join(path, name), 'utf8')),
    bodies,
  );
});

test('a name may have headers in it, and stays one name inside the folder', async (t) => {
  const { sink, path } = await opened(t, { fileName: parseTemplate('%{file:-message}') });
  for (const file of [
    'plain.xml',
    '../../etc/passwd',
    '.hidden',
    'a/b\0c\n',
    'x.tmp',
    `é${'y'.repeat(400)}`,
    '\ud800',
    '',
  ]) {
    await sink.send(message('x', { file }));
  }
  await sink.send(message('x'));
  const names = readdirSync(path).sort();
  for (const expected of ['plain.xml', '_etc_passwd', '_hidden', 'a_b_c_', 'x_tmp', 'message']) {
    assert.ok(
      names.some((name) => name.endsWith(expected)),
      `${expected} of ${names}`,
    );
  }
  for (const name of names) {
    assert.doesNotMatch(name, /^\.|\.tmp$|[/\n]/);
    assert.ok(Buffer.byteLength(name) <= 230);
  }
  assert.equal(names.length, 9);
});

test('a name that is cut, or taken, ends in the extension it had, and never in one that incoming-folder leaves alone', async (t) => {
  const scene = await FolderScene.set(t);
  const fileName = parseTemplate('%{file}');
  const { sink } = await opened(t, { path: scene.path, fileName, sidecar: true });
  const files = [
    ...['order.xml', 'order.xml', 'all.tar.gz', 'all.tar.gz', 'order.json', 'order.tmp', 'x.json.json'],
    ...[
      `${'y'.repeat(300)}.xml`,
      `${'y'.repeat(300)}.xml`,
      `${'ž'.repeat(98)}.tmp and much more of it`,
      `${'y'.repeat(195)}.json and much more of it`,
    ],
  ];
  for (const file of files) await sink.send(message(file, { file }));
  const deliveries = await taken(await scene.source({ sidecar: true, headers: {} }));
  assert.deepEqual(deliveries.map(({ message: { body } }) => body.toString()).sort(), files.toSorted());
  for (const {
    name,
    message: { body, header },
  } of deliveries) {
    assert.equal(header.file, body.toString());
    const extension = /(?:\.tar)?\.(?:xml|gz)$/.exec(body.toString())?.[0] ?? '';
    assert.ok(name.endsWith(extension), `${name} of ${body}`);
    assert.ok(Buffer.byteLength(name) <= 230, name);
  }
  const names = deliveries.map(({ name }) => name);
  for (const name of ['order.xml', 'order_json', 'order_tmp', 'x.json_json']) assert.ok(names.includes(name), name);
});

test('without headers beside them a *.json is called so', async (t) => {
  const { sink, path } = await opened(t, { fileName: parseTemplate('%{file}') });
  await sink.send(message('{}', { file: 'order.json' }));
  assert.deepEqual(readdirSync(path), ['order.json']);
});

test('a name that is taken gets a suffix: no file is replaced, nor one that others put there', async (t) => {
  const { sink, path } = await opened(t, { fileName: parseTemplate('same.txt'), sidecar: true });
  writeFileSync(join(path, 'same.txt'), 'of somebody else');
  await Promise.all(['a', 'b', 'c'].map((body) => sink.send(message(body, { body }))));
  const names = readdirSync(path).filter((name) => !name.endsWith('.json'));
  const all = names.map((name) => readFileSync(join(path, name), 'utf8')).sort();
  assert.deepEqual(all, ['a', 'b', 'c', 'of somebody else']);
  for (const name of names.filter((one) => one !== 'same.txt')) {
    const { body } = JSON.parse(readFileSync(join(path, `${name}.json`), 'utf8'));
    assert.equal(body, readFileSync(join(path, name), 'utf8'));
  }
});

test('files get the modes of the umask', async (t) => {
  const { sink, path } = await opened(t, { umask: 0o027, sidecar: true });
  await sink.send(message('x'));
  for (const name of readdirSync(path)) assert.equal(statSync(join(path, name)).mode & 0o777, 0o640);
});

test('a message is safe only after its file, and then its folder, is synced', async (t) => {
  const calls: string[] = [];
  const files: FileSystem = {
    ...systemFiles,
    statfsSync: asOnDisk,
    fdatasync: ((fd: number, done: (error: Error | null) => void) => {
      calls.push('data');
      systemFiles.fdatasync(fd, done);
    }) as typeof systemFiles.fdatasync,
    linkSync: (from, to) => {
      calls.push('link');
      systemFiles.linkSync(from, to);
    },
    fsync: ((fd: number, done: (error: Error | null) => void) => {
      calls.push('folder');
      systemFiles.fsync(fd, done);
    }) as typeof systemFiles.fsync,
  };
  const { sink } = await opened(t, {}, files);
  calls.length = 0;
  await sink.send(message('x'));
  assert.deepEqual(calls, ['data', 'link', 'folder']);
});

test('a disk that is full rejects the message for later, and leaves nothing half-written', async (t) => {
  let full = true;
  const writeSync = ((...args: Parameters<typeof systemFiles.writeSync>) => {
    if (full) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    return systemFiles.writeSync(...args);
  }) as typeof systemFiles.writeSync;
  const { sink, path } = await opened(t, {}, { ...systemFiles, writeSync });
  await assert.rejects(sink.send(message('x')), (error) => error instanceof StompctlError && error.action === 'wait');
  assert.deepEqual(readdirSync(path), []);
  full = false;
  await sink.send(message('x'));
  assert.equal(readdirSync(path).length, 1);
});

test('the headers of a message never stand beside the file of another one, not even when they cannot be removed', async (t) => {
  const seen: string[] = [];
  const files = {
    ...systemFiles,
    linkSync: (...[from, to]: Parameters<typeof systemFiles.linkSync>) => {
      seen.push(String(to));
      systemFiles.linkSync(from, to);
    },
    unlinkSync: () => {
      throw Object.assign(new Error('EIO: as told'), { code: 'EIO' });
    },
  } as FileSystem;
  const { sink, path } = await opened(t, { sidecar: true, fileName: parseTemplate('order.xml') }, files);
  writeFileSync(join(path, 'order.xml'), 'somebody else’s');
  await sink.send(message('ours', { of: 'ours' }));
  assert.ok(!seen.includes(join(path, 'order.xml.json')), seen.join());
  assert.equal(readFileSync(join(path, 'order.xml'), 'utf8'), 'somebody else’s');
});

test('headers whose body got no name go again; those of one that has it stay, whatever the disk said', async (t) => {
  let after = false;
  const files = {
    ...systemFiles,
    linkSync: (...[from, to]: Parameters<typeof systemFiles.linkSync>) => {
      if (after || String(to).endsWith('.json')) systemFiles.linkSync(from, to);
      if (!String(to).endsWith('.json')) throw Object.assign(new Error('EIO: as told'), { code: 'EIO' });
    },
  } as FileSystem;
  const { sink, path } = await opened(t, { sidecar: true, fileName: parseTemplate('a') }, files);
  await assert.rejects(sink.send(message('x')), { code: 'QUEUE_IO' });
  assert.deepEqual(readdirSync(path), []);
  after = true;
  await assert.rejects(sink.send(message('x')), { code: 'QUEUE_IO' });
  assert.deepEqual(readdirSync(path).sort(), ['a', 'a.json']);
});

test('what a kill left half-written is removed when it is old, and nothing else', async (t) => {
  const path = join(await tempFolder(t), 'out');
  mkdirSync(path);
  const old = join(path, '.stompctl.0123456789abcd.body.tmp');
  for (const file of [old, join(path, '.stompctl.ffffffffffffff.body.tmp'), join(path, '.other.tmp')])
    writeFileSync(file, '');
  utimesSync(old, 1, 1);
  await opened(t, { path });
  assert.deepEqual(readdirSync(path).sort(), ['.other.tmp', '.stompctl.ffffffffffffff.body.tmp']);
});

test('there and back: headers and bodies arrive as they were sent', async (t) => {
  const scene = await FolderScene.set(t);
  const { sink } = await opened(t, { path: scene.path, sidecar: true, fileName: parseTemplate('%{n}.bin') });
  const sent = [
    message('text é\n', { n: '1', destination: '/queue/é', 'odd "name"\n': 'odd\0value' }),
    message(Buffer.from([0, 255, 10, 13]), { n: '2' }),
    message('', { n: '3' }),
    message(Buffer.alloc(900_000, 200), { n: '4' }),
  ];
  await Promise.all(sent.map((one) => sink.send(one)));
  const source = await scene.source({ sidecar: true, headers: {} });
  const got = await taken(source);
  assert.deepEqual(
    got.map(({ message: { header, body, text } }) => ({ header: { ...header }, body, text })),
    sent.map(({ header, body, text }) => ({ header: { ...header }, body, text })),
  );
});
