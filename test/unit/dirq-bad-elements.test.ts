import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { ManualClock } from '../support/manual-clock.js';
import { bodies, openSource, take, takeAll, textOf } from '../support/queue-ends.js';
import { filesOf } from '../support/sample-messages.js';
import { tempFolder } from '../support/temp-folder.js';

async function filled(t: { after(run: () => Promise<void>): void }, count: number): Promise<SimpleQueue> {
  const queue = new SimpleQueue({ path: join(await tempFolder(t), 'queue') });
  for (let number = 0; number < count; number += 1) await queue.addMessage(textOf(String(number)));
  return queue;
}

test('what cannot be read stays, is told once, and stops nobody', async (t) => {
  const queue = await filled(t, 1);
  await queue.add('{"body":');
  await queue.add(`{"body":"${'x'.repeat(2000)}"}`);
  await queue.add(`{"body":"${'x'.repeat(100_000)}"}`);
  mkdirSync(join(queue.path, '5f000000', '5f000000000001'), { recursive: true });
  await queue.addMessage(textOf('1'));
  const clock = new ManualClock();
  const { source, events } = await openSource(t, { path: queue.path, loop: true, clock, maxMessageSize: 1000 });
  const seen: string[] = [];
  for (let pass = 0; pass < 3; pass += 1) {
    const batch = take(source);
    await clock.advance(1000);
    seen.push(...bodies(await batch));
  }
  assert.deepEqual(seen, ['0', '1']);
  const codes = events.rejectedAs.map(({ reason }) => reason.code);
  assert.deepEqual(codes, ['ELEMENT_UNREADABLE', 'ELEMENT_UNDECODABLE', 'MESSAGE_TOO_LARGE', 'MESSAGE_TOO_LARGE']);
  for (const { name, reason } of events.rejectedAs) assert.ok(reason.message.includes(name), reason.message);
  assert.equal(filesOf(queue.path).filter((file) => file.endsWith('.lck')).length, 2, 'the two that are in flight');
});

test('of an element that is no message at all it is told how it can be a body', async (t) => {
  const queue = await filled(t, 0);
  await queue.add('hello');
  const { source, events } = await openSource(t, { path: queue.path });
  assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), []);
  assert.match(events.rejectedAs[0]?.reason.message ?? '', /: not JSON: .*'h'; it is no message; format = raw takes/);
});

test('plain files beside the folders of a queue are told once; what programs keep there is not', async (t) => {
  const queue = await filled(t, 1);
  for (const name of ['a.txt', 'b.txt', 'stompctl.x.1.locks', 'sender.pid', '.hidden']) {
    writeFileSync(join(queue.path, name), '');
  }
  for (const name of ['obsolete', 'temporary']) mkdirSync(join(queue.path, name));
  const clock = new ManualClock();
  const { source, events } = await openSource(t, { path: queue.path, loop: true, clock });
  for (let pass = 0; pass < 3; pass += 1) {
    const batch = take(source);
    await clock.advance(1000);
    await batch;
  }
  assert.deepEqual(events.strangersTold, [2]);
});

test('symbolic links are not followed', async (t) => {
  const queue = await filled(t, 1);
  const folder = join(queue.path, '5f000000');
  mkdirSync(folder);
  const target = join(queue.path, 'secret');
  writeFileSync(target, '{"body":"secret"}');
  symlinkSync(target, join(folder, '5f000000000001'));
  const { source, events } = await openSource(t, { path: queue.path });
  assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), ['0']);
  assert.deepEqual(
    events.rejectedAs.map(({ reason }) => reason.code),
    ['ELEMENT_UNREADABLE'],
  );
});

test('an empty file is removed when it is old, and left alone while it is young', async (t) => {
  const queue = await filled(t, 1);
  const names = [await queue.add(''), await queue.add('')];
  const old = Date.now() / 1000 - 301;
  utimesSync(join(queue.path, names[0] ?? ''), old, old);
  const { source, events } = await openSource(t, { path: queue.path });
  assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), ['0']);
  await source.close();
  assert.deepEqual(events.leftovers, [names[0]]);
  assert.deepEqual(events.leftoversKept, [names[1]]);
  assert.deepEqual(filesOf(queue.path), [join(queue.path, names[1] ?? '')]);
  assert.deepEqual(events.rejectedAs, []);
});
