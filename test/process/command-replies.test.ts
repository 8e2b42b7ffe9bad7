import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import type { Sink } from '../../src/flow/sink.js';
import type { Message } from '../../src/message/message.js';
import { CommandScene, message } from '../support/command-scene.js';
import { eventually } from '../support/eventually.js';

/** Where replies go: holds each until it is let go. */
class HeldReplies implements Sink {
  readonly name = 'held replies';
  readonly held: { message: Message; resolve: () => void; reject: (error: StompctlError) => void }[] = [];
  isOpen = false;

  async open(): Promise<void> {
    this.isOpen = true;
  }

  send(sent: Message): Promise<void> {
    return new Promise((resolve, reject) => this.held.push({ message: sent, resolve, reject }));
  }

  async flush(): Promise<void> {}

  async recall(): Promise<void> {
    for (const { reject } of this.held) reject(new StompctlError('SESSION_CLOSED', 'send', this.name, 'recalled'));
  }

  async close(): Promise<void> {
    this.isOpen = false;
  }
}

const REQUEST = { 'reply-to': '/queue/answers', 'correlation-id': 'c 1', 'message-id': 'm', destination: '/queue/q' };

async function held(scene: CommandScene, script: string, maxBytes = 1000) {
  const replies = new HeldReplies();
  const sink = await scene.sink(scene.script(script), { replies: { sink: replies, maxBytes } });
  return { replies, sink };
}

test('what a command writes is the reply; the request is done when that is safe, not before', async (t) => {
  const scene = await CommandScene.set(t);
  const { replies, sink } = await held(scene, 'echo noise >&2; printf "answer to "; cat');
  assert.equal(replies.isOpen, true);
  let done = false;
  const sent = sink.send(message('é?', REQUEST)).then(() => {
    done = true;
  });
  const [reply] = await eventually(() => replies.held.length > 0 && replies.held);
  assert.equal(done, false);
  assert.deepEqual({ ...reply?.message.header }, { destination: '/queue/answers', 'correlation-id': 'c 1' });
  assert.equal(reply?.message.body.toString(), 'answer to é?');
  assert.equal(reply?.message.text, true);
  reply?.resolve();
  await sent;
  assert.deepEqual(scene.lines, ['stderr noise']);
});

test('without correlation-id the reply refers to the message-id; bytes that are no text stay bytes', async (t) => {
  const scene = await CommandScene.set(t);
  const { replies, sink } = await held(scene, `printf '\\377\\0'`);
  const sent = sink.send(message('', { 'reply-to': '/queue/a', 'message-id': 'm 7' }));
  const [reply] = await eventually(() => replies.held.length > 0 && replies.held);
  assert.equal(reply?.message.header['correlation-id'], 'm 7');
  assert.deepEqual([...(reply?.message.body ?? [])], [255, 0]);
  assert.equal(reply?.message.text, false);
  reply?.resolve();
  await sent;
});

test('a message that asks for no reply has what is written in the log', async (t) => {
  const scene = await CommandScene.set(t);
  const { replies, sink } = await held(scene, 'echo nobody asked');
  await sink.send(message(''));
  assert.deepEqual(scene.lines, ['stdout nobody asked']);
  assert.deepEqual(replies.held, []);
});

test('a failed run sends nothing, and what it wrote is not part of the next one', async (t) => {
  const scene = await CommandScene.set(t);
  const { replies, sink } = await held(
    scene,
    'if [ -e "$D/once" ]; then echo good; else : >"$D/once"; echo bad; exit 1; fi',
  );
  const sent = sink.send(message('', REQUEST));
  const [reply] = await eventually(() => replies.held.length > 0 && replies.held);
  assert.equal(reply?.message.body.toString(), 'good\n');
  reply?.resolve();
  await sent;
  assert.equal(replies.held.length, 1);
});

test('a reply larger than a message may be ends the run and rejects the request', async (t) => {
  const scene = await CommandScene.set(t);
  const { sink } = await held(scene, 'cat /dev/zero', 100_000);
  await assert.rejects(
    sink.send(message('', REQUEST)),
    (error) =>
      error instanceof StompctlError && error.code === 'MESSAGE_TOO_LARGE' && /100000 bytes/.test(error.message),
  );
});

test('a reply that is refused rejects its request, for the same reason', async (t) => {
  const scene = await CommandScene.set(t);
  const { replies, sink } = await held(scene, 'echo x');
  const sent = sink.send(message('', REQUEST));
  const [reply] = await eventually(() => replies.held.length > 0 && replies.held);
  const refusal = new StompctlError('MESSAGE_REFUSED', 'send', 'broker', 'no');
  reply?.reject(refusal);
  await assert.rejects(sent, refusal);
});

test('closing gives up a reply that nobody takes, and the request with it', async (t) => {
  const scene = await CommandScene.set(t);
  const { replies, sink } = await held(scene, 'echo x');
  const sent = sink.send(message('', REQUEST));
  await eventually(() => replies.held.length > 0);
  const ended = assert.rejects(sent, /SESSION_CLOSED|recalled/);
  await sink.close();
  await ended;
  assert.equal(replies.isOpen, false);
});
