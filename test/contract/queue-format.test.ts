import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseTemplate } from '../../src/base/command-words.js';
import { parseSchema } from '../../src/dirq/fields/schema.js';
import { NormalQueue } from '../../src/dirq/normal-queue.js';
import type { QueueOptions } from '../../src/dirq/queue-options.js';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { Message, newHeader } from '../../src/message/message.js';
import { QueueSink } from '../../src/sinks/queue/queue-sink.js';
import { QueuePreview } from '../../src/sources/queue/queue-preview.js';
import { openSource, takeAll } from '../support/queue-ends.js';
import { filesOf } from '../support/sample-messages.js';
import { tempFolder } from '../support/temp-folder.js';

async function written(options: QueueOptions, message: Message): Promise<void> {
  const sink = new QueueSink({ ...options, sync: 'none' });
  await sink.open();
  await sink.send(message);
  await sink.close();
}

describe('a raw queue', () => {
  it('has bodies alone, whatever their bytes', async (t) => {
    const path = await tempFolder(t);
    const queue = new SimpleQueue({ path });
    const bodies = [Buffer.from('{"body":'), Buffer.from([0, 255, 10]), Buffer.alloc(0), Buffer.alloc(100_000, 'x')];
    for (const body of bodies) await queue.add(body);
    const { source, events } = await openSource(t, { path, format: 'raw' });
    const taken = await takeAll(source, (delivery) => delivery.ack());
    assert.deepEqual(
      taken.map(({ message }) => message.body),
      bodies,
    );
    for (const { message } of taken) assert.deepEqual([{ ...message.header }, message.text], [{}, false]);
    await source.close();
    assert.deepEqual([events.rejectedAs, events.leftovers, filesOf(path)], [[], [], []]);
  });

  it('is written with bodies alone', async (t) => {
    const path = await tempFolder(t);
    const body = Buffer.from('MIME-Version: 1.0\n');
    await written({ path, format: 'raw' }, new Message(newHeader({ destination: '/queue/q' }), body, true));
    const queue = new SimpleQueue({ path });
    for await (const name of queue) {
      assert.ok(await queue.lock(name));
      assert.deepEqual(await queue.get(name), body);
    }
    assert.equal(await queue.count(), 1);
  });

  it('gives its messages the headers of templates, and text where it is asked for', async (t) => {
    const path = await tempFolder(t);
    const queue = new SimpleQueue({ path });
    const names = [await queue.add('žluť'), await queue.add(Buffer.from([255]))];
    const headers = { destination: parseTemplate('/queue/q'), from: parseTemplate('%{element} of %{size}') };
    const shown: unknown[] = [];
    const options = { path, format: 'raw', rawText: true } as const;
    for await (const { name, content } of new QueuePreview(options, 99, headers).elements()) {
      assert.ok(content instanceof Message);
      shown.push([name, { ...content.header }, content.text]);
    }
    const expected = [
      [names[0], { destination: '/queue/q', from: `${names[0]} of 6` }, true],
      [names[1], { destination: '/queue/q', from: `${names[1]} of 1` }, false],
    ];
    assert.deepEqual(shown, expected);
    const { source } = await openSource(t, { ...options, headers });
    const taken = await takeAll(source, (delivery) => delivery.ack());
    assert.deepEqual(
      taken.map(({ name, message }) => [name, { ...message.header }, message.text]),
      expected,
    );
  });

  it('keeps an element over max-message-size, and says so once', async (t) => {
    const path = await tempFolder(t);
    await new SimpleQueue({ path }).add('12345678');
    const { source, events } = await openSource(t, { path, format: 'raw', maxMessageSize: 7 });
    assert.deepEqual(await takeAll(source, (delivery) => delivery.ack()), []);
    assert.deepEqual(
      events.rejectedAs.map(({ reason }) => reason.code),
      ['MESSAGE_TOO_LARGE'],
    );
    assert.equal(await new SimpleQueue({ path }).count(), 1);
  });
});

describe('a queue with a schema', () => {
  const SCHEMA = { body: 'string', signer: 'string', empaid: 'string?' } as const;
  const fields = parseSchema('body:string signer:string empaid:string?');

  it('is read', async (t) => {
    const path = await tempFolder(t);
    const queue = new NormalQueue({ path, schema: SCHEMA });
    await queue.add({ body: 'žluť', signer: '/CN=a', empaid: '1' });
    await queue.add({ body: '', signer: '/CN=b' });
    const { source } = await openSource(t, {
      path,
      type: 'DQN',
      fields,
      headers: { destination: parseTemplate('/queue/q'), signer: parseTemplate('nobody') },
    });
    const taken = await takeAll(source, (delivery) => delivery.ack());
    assert.deepEqual(
      taken.map(({ message: { header, body, text } }) => [{ ...header }, body.toString(), text]),
      [
        [{ destination: '/queue/q', signer: '/CN=a', empaid: '1' }, 'žluť', true],
        [{ destination: '/queue/q', signer: '/CN=b' }, '', true],
      ],
    );
    await source.close();
    assert.equal(await queue.count(), 0);
  });

  it('is written', async (t) => {
    const path = await tempFolder(t);
    const header = newHeader({ signer: '/CN=a', destination: '/queue/q' });
    await written({ path, type: 'DQN', fields }, new Message(header, Buffer.from('x'), false));
    const queue = new NormalQueue({ path, schema: SCHEMA });
    for await (const name of queue) {
      assert.ok(await queue.lock(name));
      assert.deepEqual(await queue.get(name), { body: 'x', signer: '/CN=a' });
    }
    assert.equal(await queue.count(), 1);
    const sink = new QueueSink({ path, type: 'DQN', fields, sync: 'none' });
    await sink.open();
    await assert.rejects(sink.send(new Message(newHeader(), Buffer.from('y'), true)), { code: 'MESSAGE_BAD_HEADER' });
    await sink.close();
    assert.equal(await queue.count(), 1);
  });

  it('keeps an element that has another file in it', async (t) => {
    const path = await tempFolder(t);
    const name = await new NormalQueue({ path, schema: SCHEMA }).add({ body: 'x', signer: 's' });
    mkdirSync(join(path, name, 'more'));
    writeFileSync(join(path, name, 'more', 'x'), 'x');
    const { source, events } = await openSource(t, { path, type: 'DQN', fields });
    assert.deepEqual(await takeAll(source, (delivery) => delivery.ack()), []);
    assert.match(
      events.rejectedAs[0]?.reason.message ?? '',
      /it holds "more", and a message has only body, signer, empaid/,
    );
  });
});
