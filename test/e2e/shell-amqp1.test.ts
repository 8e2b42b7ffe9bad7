import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { EventContext, Sender } from 'rhea';
import { Amqp1Peer, type Amqp1Script } from '../support/amqp1-peer.js';
import { runStompctl } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

/** A section `amqp-value` that ends within its list. */
const UNREADABLE = Buffer.from('005377c0ff0141', 'hex');

async function fileOf(test: TestContext, body: string): Promise<string> {
  const file = join(await tempFolder(test), 'body');
  writeFileSync(file, body);
  return file;
}

/** The address of a peer. */
async function peerOf(test: TestContext, script: Amqp1Script): Promise<string> {
  return `amqp://127.0.0.1:${(await Amqp1Peer.start(test, script)).port}`;
}

/** A broker that has `count` messages, the first of them `1`, and the bodies of those that were accepted. */
async function brokerWith(test: TestContext, count: number) {
  let given = 0;
  const accepted: EventContext[] = [];
  const sendable = ({ sender }: EventContext) => {
    while (sender?.sendable() === true && given < count) {
      given += 1;
      sender.send({ body: String(given) });
    }
  };
  const uri = await peerOf(test, { on: { sendable, accepted: (context) => accepted.push(context) } });
  return { uri, accepted };
}

/** Answers each request as `reply` says, at the address of the requester. */
function answering(reply: (to: Sender, asked: EventContext, peer: Amqp1Peer) => void): Amqp1Script {
  let to: Sender | undefined;
  return {
    on: {
      sender_open: ({ sender }) => {
        to = sender;
      },
      message: (asked, peer) => {
        asked.delivery?.accept();
        assert.equal(asked.message?.reply_to, 'dynamic');
        if (to !== undefined) reply(to, asked, peer);
      },
    },
  };
}

describe('over AMQP 1.0, at a broker that speaks nothing else', () => {
  it('send sends a message, and is done when that is accepted', async (test) => {
    const sent: unknown[] = [];
    const message = ({ message, delivery, receiver }: EventContext) => {
      sent.push([receiver?.target.address, String(message?.body.content), message?.application_properties?.x]);
      delivery?.accept();
    };
    const uri = await peerOf(test, { on: { message } });
    const ended = await runStompctl(['send', uri, '/queue/a', await fileOf(test, 'a body'), '--header', 'x=1']);
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'sent 1 message to /queue/a\n', stderr: '' });
    assert.deepEqual(sent, [['a', 'a body', '1']]);
  });

  it('send ends with 75 when the message is not accepted in time', async (test) => {
    const uri = await peerOf(test, { on: { message: () => undefined } });
    const args = ['send', uri, '/queue/a', await fileOf(test, 'a body'), '--timeout-broker', '0.2'];
    const ended = await runStompctl(args);
    assert.equal(ended.code, 75, ended.stderr);
    assert.equal(ended.stdout, '');
  });

  it('receive prints messages, and accepts what was printed', async (test) => {
    const { uri, accepted } = await brokerWith(test, 3);
    const ended = await runStompctl(['receive', uri, '/queue/a', '--count', '2', '--timeout', '1000']);
    assert.deepEqual(ended, { code: 0, signal: null, stdout: '1\n2\n', stderr: '' });
    assert.equal(accepted.length, 2);
  });

  it('peek prints messages, accepts none, and says that they are given back', async (test) => {
    const { uri, accepted } = await brokerWith(test, 3);
    const ended = await runStompctl(['peek', uri, '/queue/a', '--count', '2', '--timeout', '1000']);
    assert.deepEqual([ended.code, ended.stdout], [0, '1\n2\n']);
    assert.match(ended.stderr, /they are taken and given back/);
    assert.equal(accepted.length, 0);
  });

  it('request asks, and takes the reply to its own request only', async (test) => {
    const script = answering((to, { message }) => {
      to.send({ correlation_id: 'theirs', body: 'wrong' });
      to.send({ correlation_id: message?.correlation_id ?? '', body: `${message?.body.content} and more` });
    });
    const ended = await runStompctl([
      ...['request', await peerOf(test, script), '/queue/asked', await fileOf(test, '21')],
      ...['--timeout', '100'],
    ]);
    assert.deepEqual(ended, { code: 0, signal: null, stdout: '21 and more', stderr: '' });
  });

  it('request ends at once when the session is lost', async (test) => {
    const script = answering((_to, _asked, peer) => peer.cut());
    const args = ['request', await peerOf(test, script), '/queue/asked', await fileOf(test, '21'), '--timeout', '1000'];
    const ended = await runStompctl(args);
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /the broker closed the connection/);
  });

  for (const [what, body, more, said] of [
    ['is too large', 'x'.repeat(2000), ['--max-message-size', '1000'], /the reply has 20\d\d bytes, more than max-me/],
    ['cannot be read', UNREADABLE, [], /the reply cannot be read: /],
  ] as const) {
    it(`request says that a reply ${what}`, async (test) => {
      const script = answering((to) => {
        if (typeof body === 'string') to.send({ body });
        else to.send(body, undefined, 0);
      });
      const args = ['request', await peerOf(test, script), '/queue/asked', await fileOf(test, '21'), ...more];
      const ended = await runStompctl(args);
      assert.equal(ended.code, 1, ended.stderr);
      assert.match(ended.stderr, said);
    });
  }

  it('request is refused before anything is sent where the broker makes no queue for the reply', async (test) => {
    const sent: unknown[] = [];
    const none = { condition: 'amqp:not-implemented', description: 'Dynamic sources not supported' };
    const refuse = (address: string) => (address === 'dynamic' ? none : undefined);
    const uri = await peerOf(test, { refuse, on: { message: (context) => sent.push(context) } });
    const ended = await runStompctl(['request', uri, '/queue/asked', await fileOf(test, '21')]);
    assert.equal(ended.code, 69, ended.stderr);
    assert.match(ended.stderr, /makes no queue for the reply over AMQP 1\.0: .*Dynamic sources not supported/);
    assert.match(ended.stderr, /ask over amqp091 or stomp, which RabbitMQ before 4\.1 needs/);
    assert.deepEqual(sent, []);
  });
});
