import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parseSchema } from '../../src/dirq/fields/schema.js';
import type { QueueOptions } from '../../src/dirq/queue-options.js';
import { Message, newHeader } from '../../src/message/message.js';
import { QueueSink } from '../../src/sinks/queue/queue-sink.js';
import { openSource, takeAll } from '../support/queue-ends.js';
import { tempFolder } from '../support/temp-folder.js';

/**
 * Queues of which an element is no message, shared with Python's dirq: bodies alone, as APEL SSM's sender reads them, and the schema in which its
 * receiver writes. Needs Debian's `python3-dirq`.
 */
const PYTHON = process.env.STOMPCTL_TEST_PYTHON ?? '/usr/bin/python3';
const SCRIPT = join(process.cwd(), 'test/interop/python-dirq.py');
const COUNT = 50;
const NUMBERS = Array.from({ length: COUNT }, (_, number) => number);

async function python(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(PYTHON, [SCRIPT, ...args], { timeout: 60_000, maxBuffer: 1 << 26 });
  return stdout;
}

async function consumed(kind: string, path: string): Promise<readonly Record<string, string>[]> {
  const lines = (await python('consume', kind, path, String(COUNT))).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

async function written(options: QueueOptions, messages: readonly Message[]): Promise<void> {
  const sink = new QueueSink({ ...options, sync: 'none' });
  await sink.open();
  await Promise.all(messages.map((message) => sink.send(message)));
  await sink.close();
}

test('bodies that Python adds are taken', async (t) => {
  const path = await tempFolder(t);
  await python('produce', 'RAW', path, String(COUNT), 'a');
  const { source, events } = await openSource(t, { path, format: 'raw', rawText: true });
  const taken = await takeAll(source, (delivery) => delivery.ack());
  assert.deepEqual(
    taken.map(({ message: { header, body, text } }) => [{ ...header }, body.toString(), text]),
    NUMBERS.map((number) => [{}, `tělo a-${number}`, true]),
  );
  assert.deepEqual(events.rejectedAs, []);
});

test('bodies that are written alone are what Python gets', async (t) => {
  const path = await tempFolder(t);
  const bodies = NUMBERS.map((number) => Buffer.from([0, 255, number, 10]));
  await written(
    { path, format: 'raw' },
    bodies.map((body) => new Message(newHeader({ destination: '/queue/q' }), body, false)),
  );
  assert.deepEqual(
    (await consumed('RAW', path)).map(({ raw }) => Buffer.from(raw ?? '', 'latin1')),
    bodies,
  );
});

const fields = parseSchema('body:string signer:string empaid:string?');

test('elements that Python adds in a schema are taken', async (t) => {
  const path = await tempFolder(t);
  await python('produce', 'SSM', path, String(COUNT), 'a');
  const { source, events } = await openSource(t, { path, type: 'DQN', fields });
  const taken = await takeAll(source, (delivery) => delivery.ack());
  assert.deepEqual(
    taken.map(({ message: { header, body, text } }) => [{ ...header }, body.toString(), text]),
    NUMBERS.map((number) => [
      { signer: '/CN=a', ...(number % 2 === 0 && { empaid: String(number) }) },
      `tělo ${number}`,
      true,
    ]),
  );
  assert.deepEqual(events.rejectedAs, []);
});

test('elements that are written in a schema are what Python gets', async (t) => {
  const path = await tempFolder(t);
  const messages = NUMBERS.map((number) => {
    const header = newHeader({ signer: `/CN=é ${number}`, destination: '/queue/q' });
    if (number % 2 === 0) header.empaid = String(number);
    return new Message(header, Buffer.from(`tělo ${number}`), true);
  });
  await written({ path, type: 'DQN', fields }, messages);
  assert.deepEqual(
    (await consumed('SSM', path)).map((data) => ({ ...data })),
    NUMBERS.map((number) => ({
      body: `tělo ${number}`,
      signer: `/CN=é ${number}`,
      ...(number % 2 === 0 && { empaid: String(number) }),
    })),
  );
});
