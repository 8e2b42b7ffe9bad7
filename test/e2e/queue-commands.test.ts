import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Message, newHeader } from '../../src/message/message.js';
import { isLocked, namesOf, QUEUE_TYPES, type QueueType, remains } from '../support/queue-types.js';
import { runQueueHere } from '../support/run-main.js';
import { runQueue } from '../support/run-queue.js';
import { elementPaths, produce } from '../support/sample-messages.js';
import { type Cleaning, tempFolder } from '../support/temp-folder.js';

/** Messages with the bodies `one`, `two`, …, of which the second is bytes. */
async function filled(
  test: Cleaning,
  kind: QueueType,
  ...bodies: string[]
): Promise<{ path: string; names: string[] }> {
  const path = join(await tempFolder(test), 'q');
  const queue = kind.open(path);
  const names: string[] = [];
  for (const [index, body] of bodies.entries()) {
    const header = newHeader({ destination: `/queue/${body}`, 'x-number': String(index) });
    names.push(await queue.addMessage(new Message(header, Buffer.from(body), index !== 1)));
  }
  return { path, names };
}

async function bodies(kind: QueueType, path: string): Promise<string[]> {
  const queue = kind.open(path);
  const found: string[] = [];
  for (const name of await namesOf(queue)) {
    await queue.lock(name);
    found.push((await queue.getMessage(name)).body.toString('latin1'));
    await queue.unlock(name);
  }
  return found;
}

for (const kind of QUEUE_TYPES) {
  describe(`stompctl queue, type ${kind.type}`, { concurrency: 2 }, () => {
    it('add: body from standard input, or a file; headers; text or bytes', async (test) => {
      const folder = await tempFolder(test);
      const path = join(folder, 'q');
      const type = ['--type', kind.type];
      const first = await runQueueHere(['add', path, ...type, '--header', 'a=1', '--header', 'b=x=y'], 'žluťoučký\n');
      assert.match(first.stdout, /^[0-9a-f]{8}\/[0-9a-f]{14}\n$/, first.stderr);
      writeFileSync(join(folder, 'body'), Buffer.from([0, 255, 10]));
      assert.equal((await runQueueHere(['add', path, join(folder, 'body')])).code, 0);
      assert.equal((await runQueueHere(['add', path, '--binary'], 'text')).code, 0);
      const queue = kind.open(path);
      const messages: Message[] = [];
      for (const name of await namesOf(queue)) {
        await queue.lock(name);
        messages.push(await queue.getMessage(name));
      }
      assert.deepEqual({ ...messages[0]?.header }, { a: '1', b: 'x=y' });
      assert.deepEqual(
        messages.map(({ body }) => body.toString('latin1')),
        [Buffer.from('žluťoučký\n').toString('latin1'), '\x00\xff\n', 'text'],
      );
      assert.deepEqual(
        messages.map(({ text }) => text),
        [true, false, false],
      );
      assert.deepEqual(
        remains(path).filter((name) => !/lck|locked/.test(name)),
        [],
      );
    });

    it('list: name, age, size, lock, destination; as JSON', async (test) => {
      const { path, names } = await filled(test, kind, 'one', 'two');
      await kind.open(path).lock(names[1] ?? '');
      const table = await runQueueHere(['list', path]);
      assert.match(table.stdout, /^NAME +AGE +SIZE +LOCKED +DESTINATION\n/);
      assert.match(table.stdout, new RegExp(`^${names[0]} +\\d+s +\\d+ +- +/queue/one$`, 'm'));
      assert.match(table.stdout, new RegExp(`^${names[1]} +\\d+s +\\d+ +\\d+s +/queue/two$`, 'm'));
      const lines = (await runQueueHere(['list', path, '--json'])).stdout.trim().split('\n');
      const [first, second] = lines.map((line) => JSON.parse(line));
      assert.deepEqual([first.name, first.locked, first.destination], [names[0], null, '/queue/one']);
      assert.ok(Math.abs(Date.parse(second.added) - Date.now()) < 60_000);
      assert.equal(typeof second.locked, 'string');
      const matched = await runQueueHere(['list', path, '--json', '--match', 'destination=o$']);
      assert.deepEqual(
        matched.stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).name),
        [names[1]],
      );
    });

    it('show: header and body, one of them, several messages', async (test) => {
      const { path, names } = await filled(test, kind, 'one', 'two');
      const oldest = await runQueueHere(['show', path]);
      assert.equal(oldest.stdout, 'destination: /queue/one\nx-number: 0\n\none');
      assert.equal((await runQueueHere(['show', path, names[1] ?? '', '--body-only'])).stdout, 'two');
      const both = await runQueueHere(['show', path, ...names, '--header-only']);
      const [first, second] = names;
      assert.equal(
        both.stdout,
        `# ${first}\ndestination: /queue/one\nx-number: 0\n\n# ${second}\ndestination: /queue/two\nx-number: 1\n`,
      );
    });

    it('count: all, or those that match', async (test) => {
      const { path, names } = await filled(test, kind, 'one', 'two', 'three');
      await kind.open(path).lock(names[0] ?? '');
      assert.equal((await runQueueHere(['count', path])).stdout, '3\n');
      assert.equal((await runQueueHere(['count', path, '--match', 'destination=^/queue/t'])).stdout, '2\n');
    });

    it('remove: by name, by expression, all; what is locked stays', async (test) => {
      const { path, names } = await filled(test, kind, 'one', 'two', 'three', 'four', 'five');
      await kind.open(path).lock(names[4] ?? '');
      assert.equal((await runQueueHere(['remove', path, names[0] ?? ''])).stdout, 'removed 1 message\n');
      assert.equal((await runQueueHere(['remove', path, '--match', 'destination=two'])).stdout, 'removed 1 message\n');
      assert.deepEqual(await namesOf(kind.open(path)), names.slice(2));
      const all = await runQueueHere(['remove', path, '--all']);
      assert.deepEqual([all.code, all.stdout], [0, 'removed 2 messages\n']);
      assert.match(all.stderr, /1 message stayed: another process has locked/);
      assert.deepEqual(await namesOf(kind.open(path)), names.slice(4));
    });

    it('unlock: by name, or all', async (test) => {
      const { path, names } = await filled(test, kind, 'one', 'two', 'three');
      for (const name of names) await kind.open(path).lock(name);
      assert.equal((await runQueueHere(['unlock', path, names[1] ?? ''])).stdout, 'unlocked 1 message\n');
      assert.deepEqual(
        names.map((name) => isLocked(kind, path, name)),
        [true, false, true],
      );
      assert.equal((await runQueueHere(['unlock', path, '--all'])).stdout, 'unlocked 2 messages\n');
      assert.deepEqual(remains(path), []);
    });

    it('purge: what crashes left, when it is old', async (test) => {
      const { path, names } = await filled(test, kind, 'one', 'two');
      for (const name of names) await kind.open(path).lock(name);
      const old = Date.now() / 1000 - 1000;
      utimesSync(join(path, names[0] ?? ''), old, old);
      const purged = await runQueueHere(['purge', path]);
      assert.equal(purged.stdout, 'removed 0 temporary elements, 1 lock, 0 empty folders\n', purged.stderr);
      assert.deepEqual(
        names.map((name) => isLocked(kind, path, name)),
        [false, true],
      );
      const kept = await runQueueHere(['purge', path, '--maxlock', '0']);
      assert.equal(kept.stdout, 'removed 0 temporary elements, 0 locks, 0 empty folders\n');
    });

    it('retry: puts messages back without the headers of the failure queue', async (test) => {
      const folder = await tempFolder(test);
      const failures = kind.open(join(folder, 'failures'));
      for (const code of ['MESSAGE_REFUSED', 'CALLBACK_THREW', 'MESSAGE_REFUSED']) {
        const header = {
          a: '1',
          'x-stompctl-mine': 'b',
          'x-stompctl-code': code,
          'x-stompctl-reason': 'why',
          'x-stompctl-attempts': '3',
        };
        await failures.addMessage(new Message(newHeader(header), Buffer.from(code), true));
      }
      const to = ['--to', join(folder, 'q')];
      const some = await runQueueHere(['retry', failures.path, ...to, '--match', 'x-stompctl-code=REFUSED$']);
      assert.deepEqual([some.code, some.stdout], [0, `put back 2 messages to ${join(folder, 'q')}\n`], some.stderr);
      assert.deepEqual(await bodies(kind, failures.path), ['CALLBACK_THREW']);
      assert.equal(
        (await runQueueHere(['retry', failures.path, ...to])).stdout,
        `put back 1 message to ${join(folder, 'q')}\n`,
      );
      const queue = kind.open(join(folder, 'q'));
      for (const name of await namesOf(queue)) {
        await queue.lock(name);
        assert.deepEqual({ ...(await queue.getMessage(name)).header }, { a: '1', 'x-stompctl-mine': 'b' });
      }
      assert.equal(await queue.count(), 3);
    });

    it('move: to the other type, in order, at most so many; what is locked stays', async (test) => {
      const { path, names } = await filled(test, kind, 'one', 'two', 'three', 'four');
      await kind.open(path).lock(names[0] ?? '');
      const other = QUEUE_TYPES.find((each) => each.type !== kind.type) as QueueType;
      const to = join(path, '..', 'other');
      const moved = await runQueueHere(['move', path, '--to', to, '--to-type', other.type, '--count', '2']);
      assert.deepEqual([moved.code, moved.stdout], [0, `moved 2 messages to ${to}\n`], moved.stderr);
      assert.deepEqual(await bodies(other, to), ['two', 'three']);
      assert.deepEqual(await namesOf(kind.open(path)), [names[0], names[3]]);
    });

    it('export and import: nothing is changed on the way, compressed or not', async (test) => {
      const path = join(await tempFolder(test), 'q');
      const queue = kind.open(path);
      const binary = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      await queue.addMessage(new Message(newHeader({ 'a\n\t\\': 'ž "quoted"' }), binary));
      await queue.addMessage(new Message(newHeader(), Buffer.from('žluťoučký\nkůň'), true));
      await queue.addMessage(new Message());
      const plain = await runQueueHere(['export', path]);
      assert.equal(plain.stdout.split('\n').length, 4, plain.stderr);
      const file = `${path}.jsonl.gz`;
      assert.equal((await runQueueHere(['export', path, file])).stdout, `exported 3 messages to ${file}\n`);
      assert.equal(gunzipSync(readFileSync(file)).toString(), plain.stdout);
      assert.equal((await runQueueHere(['import', `${path}2`, file, '--type', kind.type])).code, 0);
      assert.equal((await runQueueHere(['import', `${path}3`, '--type', kind.type], plain.stdout)).code, 0);
      for (const copy of [`${path}2`, `${path}3`])
        assert.equal((await runQueueHere(['export', copy])).stdout, plain.stdout);
      assert.equal(await queue.count(), 3);
    });
  });
}

describe('stompctl queue on a queue of another make', { concurrency: 2 }, () => {
  it('lists and moves what a shell script made, undecodable elements byte for byte', async (test) => {
    const folder = await tempFolder(test);
    const path = join(folder, 'q');
    produce(path, [{ number: 1, header: { destination: '/queue/a' }, body: Buffer.from('body'), text: true }]);
    const [element = ''] = elementPaths(path);
    const bytes = Buffer.from('{"body": \xff', 'latin1');
    writeFileSync(join(element, '..', '5f000000fffff0'), bytes);
    const listed = await runQueueHere(['list', path]);
    assert.match(listed.stdout, /5f000000fffff0 .*\(decode\(.*not valid UTF-8; .*\)\n/);
    assert.equal(
      (await runQueueHere(['show', path, '5f000000/5f000000fffff0', '--raw'])).stdoutBytes.compare(bytes),
      0,
    );
    const moved = await runQueueHere(['move', path, '--to', join(folder, 'other')]);
    assert.deepEqual([moved.code, moved.stdout], [0, `moved 2 messages to ${join(folder, 'other')}\n`], moved.stderr);
    assert.ok(elementPaths(join(folder, 'other')).some((each) => readFileSync(each).equals(bytes)));
    assert.deepEqual(elementPaths(path), []);
  });

  it('add --json-lines: many messages; lines that are none are told, and the exit code is 1', async (test) => {
    const path = join(await tempFolder(test), 'q');
    const lines = '{"body":"one","text":true}\n\n{"body":1,\n{"header":{"a":"1"}}';
    const added = await runQueueHere(['add', path, '--json-lines', '--header', 'a=2'], lines);
    assert.deepEqual([added.code, added.stdout], [1, `added 2 messages to ${path}\n`]);
    assert.match(added.stderr, /^stompctl: decode\(standard input:3\): not JSON[^\n]*\n$/);
    const headers = (await runQueueHere(['export', path])).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).header);
    assert.deepEqual(headers, [{ a: '2' }, { a: '2' }]);
  });

  it('only looks: a queue that may not be written is listed, shown, counted and exported', async (test) => {
    const folder = await tempFolder(test);
    const path = join(folder, 'q');
    produce(path, [{ number: 1, header: { destination: '/queue/a' }, body: Buffer.from('body'), text: true }]);
    mkdirSync(join(folder, 'empty'));
    chmodSync(path, 0o555);
    const before = readdirSync(folder, { recursive: true });
    for (const command of ['list', 'show', 'count', 'export']) {
      assert.equal((await runQueue([command, path], '', true)).code, 0, command);
    }
    assert.equal((await runQueueHere(['count', join(folder, 'empty')])).stdout, '0\n');
    assert.deepEqual(readdirSync(folder, { recursive: true }), before);
  });
});
