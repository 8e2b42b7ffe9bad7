import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompSession } from '../../src/stomp/session.js';
import { eventually } from '../support/eventually.js';
import { startedBroker } from '../support/started-broker.js';
import type { Cleaning } from '../support/temp-folder.js';

async function pair(test: Cleaning) {
  const server = await startedBroker(test, { rememberFrames: 100, server: 'RabbitMQ/3.10.8' });
  const endpoint = { transport: 'tcp', host: '127.0.0.1', port: server.port } as const;
  const session = await StompSession.connect({ endpoint });
  test.after(async () => session.abort('end of the test'));
  return { server, session };
}

describe('StompSession.subscribe', () => {
  it('iterates over messages, which are acknowledged one by one', async (test) => {
    const { server, session } = await pair(test);
    for (const body of ['1', '2', '3']) server.publish('/queue/a', {}, body);
    const subscription = await session.subscribe({ destination: '/queue/a' }, { prefetch: 7 });
    const bodies: string[] = [];
    for await (const message of subscription) {
      bodies.push(message.body.toString());
      message.ack();
      if (bodies.length === 3) break;
    }
    assert.deepEqual(bodies, ['1', '2', '3']);
    await eventually(() => server.depth('/queue/a').unacknowledged === 0);
    assert.equal(server.seen('SUBSCRIBE')[0]?.header['prefetch-count'], '7');
  });

  it('ends the iteration after unsubscribe, and gives back what was not taken', async (test) => {
    const { server, session } = await pair(test);
    for (const body of ['1', '2']) server.publish('/queue/a', {}, body);
    const subscription = await session.subscribe({ destination: '/queue/a' });
    let count = 0;
    for await (const message of subscription) {
      count += 1;
      message.ack();
      await subscription.unsubscribe();
    }
    assert.equal(count, 1);
    await session.close();
    await eventually(() => server.depth('/queue/a').ready === 1);
  });

  it('ends the iteration after close', async (test) => {
    const { session } = await pair(test);
    const subscription = await session.subscribe({ destination: '/queue/a' });
    setTimeout(() => session.close(), 10);
    for await (const _ of subscription) assert.fail('no message was sent');
  });

  it('throws the reason out of the iteration when the session is lost', async (test) => {
    const { server, session } = await pair(test);
    const subscription = await session.subscribe({ destination: '/queue/a' });
    setTimeout(() => server.killConnections(), 10);
    await assert.rejects(
      async () => {
        for await (const _ of subscription) assert.fail('no message was sent');
      },
      { code: 'SESSION_LOST' },
    );
  });

  it('pauses reading while nobody takes messages, and goes on', async (test) => {
    const { server, session } = await pair(test);
    const body = Buffer.alloc(100_000);
    for (let count = 0; count < 200; count++) server.publish('/queue/a', {}, body);
    const subscription = await session.subscribe({ destination: '/queue/a' }, { bufferBytes: 300_000 });
    const receipt = session.send({ destination: '/queue/b' }).then(() => 'came');
    const moment = new Promise((resolve) => setTimeout(resolve, 40, 'did not come'));
    assert.equal(await Promise.race([receipt, moment]), 'did not come');
    let count = 0;
    for await (const message of subscription) {
      message.ack();
      if (++count === 200) break;
    }
    assert.equal(await receipt, 'came');
  });

  it('answers a rejected subscription', async (test) => {
    const { session } = await pair(test);
    await session.subscribe({ destination: '/queue/a', id: 'one' });
    await assert.rejects(session.subscribe({ id: 'two' }), { code: 'BROKER_ERROR', message: /SUBSCRIBE|ERROR/ });
  });
});
