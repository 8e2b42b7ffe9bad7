import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Message, newHeader } from '../../src/message/message.js';
import { QueueSink } from '../../src/sinks/queue/queue-sink.js';
import { openSource, take } from '../support/queue-ends.js';
import { QUEUE_TYPES, remains } from '../support/queue-types.js';
import { filesOf } from '../support/sample-messages.js';
import { tempFolder } from '../support/temp-folder.js';

/**
 * Queues shared with Python's dirq, at the same time. Needs Debian's `python3-dirq` (`apt-get install python3-dirq`), so it
 * is not part of `npm test`; without the package it fails and says so.
 */
const PYTHON = process.env.STOMPCTL_TEST_PYTHON ?? '/usr/bin/python3';
const SCRIPT = join(process.cwd(), 'test/interop/python-dirq.py');
const COUNT = 500;
const ODD = 'tab\t, line\n, back\\slash, žluť';

async function python(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(PYTHON, [SCRIPT, ...args], { timeout: 60_000, maxBuffer: 1 << 26 });
  return stdout;
}

test('python3-dirq is installed', () => {
  execFileSync(PYTHON, ['-c', 'import dirq'], { stdio: 'inherit' });
});

function messageOf(id: string, number: number): Message {
  const header = newHeader({ n: `${id}-${number}`, odd: ODD });
  // every third is bytes
  if (number % 3 === 0) return new Message(header, Buffer.from([0, 255, number % 256]), false);
  return new Message(header, Buffer.from(`tělo ${number}`), true);
}

for (const { type } of QUEUE_TYPES) {
  test(`${type}: what Python adds, we take`, async (t) => {
    const path = await tempFolder(t);
    const adding = [
      python('produce', type, path, String(COUNT), 'a'),
      python('produce', type, path, String(COUNT), 'b'),
    ];
    const { source, events } = await openSource(t, { path, type, loop: true });
    const seen = new Map<string, string[]>([
      ['a', []],
      ['b', []],
    ]);
    for (let left = 2 * COUNT, idle = 0; left > 0 && idle < 20; ) {
      const deliveries = await take(source);
      if (deliveries.length === 0) idle += 1;
      for (const delivery of deliveries) {
        const [id = '', number = ''] = (delivery.message.header.n ?? '').split('-');
        assert.equal(delivery.message.header.odd, ODD);
        assert.equal(delivery.message.text, true);
        assert.equal(delivery.message.body.toString(), `tělo ${number}`);
        seen.get(id)?.push(number);
        delivery.ack();
      }
      left -= deliveries.length;
    }
    await Promise.all(adding);
    await source.close();
    const expected = Array.from({ length: COUNT }, (_, number) => String(number));
    // each one's order is kept, but for neighbours that were added while the folder was being read: a directory listing
    // may show the later one and miss the earlier
    for (const numbers of seen.values()) {
      assert.deepEqual(
        [...numbers].sort((a, b) => Number(a) - Number(b)),
        expected,
      );
      for (const [index, number] of numbers.entries()) {
        assert.ok(Math.abs(Number(number) - index) <= 50, `${number} came as ${index}`);
      }
    }
    assert.deepEqual(events.rejectedAs, []);
    assert.deepEqual(filesOf(path), []);
    assert.deepEqual(remains(path), []);
  });

  test(`${type}: what we add, Python takes`, async (t) => {
    const path = await tempFolder(t);
    const taking = python('consume', type, path, String(COUNT));
    const sink = new QueueSink({ path, type, sync: 'none' });
    await sink.open();
    for (let number = 0; number < COUNT; number += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => sink.send(messageOf('w', number + index))));
    }
    await sink.close();
    const lines = (await taking).split('\n').slice(0, -1);
    assert.equal(lines.length, COUNT);
    for (const [number, line] of lines.entries()) {
      const { header, text, body, binary, encoding } = JSON.parse(line);
      assert.deepEqual(header, { ...messageOf('w', number).header });
      const expected = messageOf('w', number);
      assert.equal(type === 'DQS' ? text === true : text !== undefined, expected.text);
      const characters = type === 'DQS' ? body : (text ?? binary);
      const encoded = encoding === 'base64' ? 'base64' : expected.text ? 'utf8' : 'latin1';
      assert.deepEqual(Buffer.from(characters, encoded), expected.body);
    }
    assert.deepEqual(filesOf(path), []);
  });

  test(`${type}: both take from one queue, each element once`, async (t) => {
    const path = await tempFolder(t);
    const sink = new QueueSink({ path, type, sync: 'none' });
    await sink.open();
    await Promise.all(Array.from({ length: 4 * COUNT }, (_, number) => sink.send(messageOf('w', number))));
    await sink.close();
    const taking = python('consume', type, path, String(COUNT));
    const { source } = await openSource(t, { path, type, loop: true });
    const ours: string[] = [];
    let theirs: string[] | undefined;
    taking.then((out) => {
      theirs = out
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).header.n);
    });
    for (let idle = 0; idle < 1 || theirs === undefined; ) {
      const deliveries = await take(source, { deliveries: 5, bytes: 1 << 20 });
      idle = deliveries.length === 0 ? idle + 1 : 0;
      for (const delivery of deliveries) {
        ours.push(delivery.message.header.n ?? '');
        delivery.ack();
      }
      await source.settle();
    }
    await source.close();
    const all = [
      ...ours,
      ...(await taking)
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).header.n),
    ];
    assert.equal(all.length, 4 * COUNT);
    assert.equal(new Set(all).size, 4 * COUNT);
    assert.ok(ours.length > 0);
    assert.deepEqual(filesOf(path), []);
  });
}
