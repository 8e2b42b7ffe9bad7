import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Message, newHeader } from '../../src/message/message.js';
import { namesOf, QUEUE_TYPES, type QueueType, remains } from '../support/queue-types.js';
import { StompctlProcess } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

const HEADER = newHeader({ destination: '/queue/x', odd: 'tab\t line\n back\\slash' });
const MESSAGES = [
  new Message(HEADER, Buffer.from('žluťoučký kůň '.repeat(100)), true),
  new Message(HEADER, Buffer.from([0, 255]), false),
  new Message(HEADER, Buffer.alloc(0), false),
];

async function run(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await new StompctlProcess(args).ended();
  assert.equal(code, 0, stderr);
}

async function messagesOf(kind: QueueType, path: string): Promise<Message[]> {
  const queue = kind.open(path);
  const messages: Message[] = [];
  for (const name of await namesOf(queue)) {
    await queue.lock(name);
    messages.push(await queue.getMessage(name));
  }
  return messages;
}

for (const from of QUEUE_TYPES) {
  for (const to of QUEUE_TYPES) {
    test(`from ${from.type} to ${to.type}: every message arrives as it was`, async (t) => {
      const folder = await tempFolder(t);
      const [incoming, outgoing] = [join(folder, 'in'), join(folder, 'out')];
      for (const message of MESSAGES) await from.open(incoming).addMessage(message);
      const queues = [`path=${incoming} type=${from.type}`, `path=${outgoing} type=${to.type}`];
      await run('--incoming-queue', queues[0] ?? '', '--outgoing-queue', queues[1] ?? '', '--remove');
      assert.deepEqual(remains(incoming), []);
      assert.deepEqual(await namesOf(from.open(incoming)), []);
      assert.deepEqual(await messagesOf(to, outgoing), MESSAGES);
    });
  }
}
