import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokerDelaysReceipts } from '../../src/broker/faults.js';
import { StompSession } from '../../src/stomp/session.js';
import { eventually } from '../support/eventually.js';
import { scriptedServer } from '../support/scripted-server.js';
import { NEVER, sourceOn, sourcePair, take } from '../support/source-pair.js';
import { startedBroker } from '../support/started-broker.js';
import { THOROUGH } from '../support/thorough.js';

/** larger than what a broker writes at once, and than the smallest limits below */
const BIG = Buffer.alloc(3_000_000);
/** to each queue; one is enough to pause many subscriptions */
const messagesFor = (subscribed: number): number => (subscribed > 2 && !THOROUGH ? 1 : 2);

/** Every limit that can pause reading, alone and together. */
const LIMITS = [
  { name: 'no limit is reached', window: 1000, windowBytes: 1_000_000_000, prefetch: undefined },
  { name: 'window-bytes is smaller than one message', window: 1000, windowBytes: 1000, prefetch: undefined },
  { name: 'window-bytes is two messages', window: 1000, windowBytes: 6_000_000, prefetch: undefined },
  { name: 'window is 1', window: 1, windowBytes: 1_000_000_000, prefetch: undefined },
  { name: 'window is 1 and window-bytes smaller than one message', window: 1, windowBytes: 1000, prefetch: undefined },
  { name: 'prefetch is 1', window: 1000, windowBytes: 1_000_000_000, prefetch: 1 },
  { name: 'prefetch is 1 and window-bytes smaller than one message', window: 1000, windowBytes: 1000, prefetch: 1 },
  { name: 'prefetch is beyond a window of 1', window: 1, windowBytes: 1000, prefetch: 50 },
] as const;

// each waits most of its time for what comes late
describe('a source that pauses reading goes on', { concurrency: 4 }, () => {
  for (const server of ['ActiveMQ/5.17.2', 'Unheard/1']) {
    for (const subscribed of [1, 2, 20]) {
      for (const { name, window, windowBytes, prefetch } of LIMITS) {
        for (const maxMessageSize of [3_000_000, 2_999_999]) {
          const fits = maxMessageSize >= BIG.length;
          const what = fits ? 'messages of 3 MB' : 'messages of 3 MB, all of them over max-message-size';
          it(`with ${subscribed} subscriptions on ${server} and ${what} when ${name}`, async (test) => {
            const each = messagesFor(subscribed);
            const names = Array.from({ length: subscribed }, (_, number) => `/queue/${number}`);
            const stored: string[] = [];
            const { server: broker, source } = await sourcePair(
              test,
              // so that messages come before the confirmations of later subscriptions
              { server, maxBytes: 1_000_000_000, faults: [brokerDelaysReceipts({ delayMs: 20 })] },
              {
                subscriptions: names.map((destination) => ({ header: { destination } })),
                window,
                windowBytes,
                prefetch,
                maxParked: 1,
                deadLetters: { store: async (_message, { code }) => void stored.push(code) },
              },
              { maxMessageSize },
            );
            for (const name of names) for (let count = 0; count < each; count++) broker.publish(name, {}, BIG);
            await source.open();
            let unsettled = 0;
            // what is too large is settled by nobody else: it needs no taking
            if (!fits) await eventually(() => stored.length === subscribed * each);
            await eventually(async () => {
              if (!fits) return true;
              const result = await source.next({ deliveries: window, bytes: windowBytes }, NEVER);
              if (result.kind !== 'batch') return false;
              for (const delivery of result.deliveries) delivery.ack();
              unsettled += result.deliveries.length;
              return unsettled === subscribed * each;
            });
            assert.deepEqual([unsettled, stored.length], fits ? [subscribed * each, 0] : [0, subscribed * each]);
            await source.settle();
            await eventually(() => names.every((name) => broker.depth(name).unacknowledged === 0));
          });
        }
      }
    }
  }

  it('opens while confirmations stand behind more than may be held, and gets them once that is settled', async (test) => {
    const subscriptions = ['/queue/a', '/queue/b'].map((destination) => ({ header: { destination }, unsubscribe: {} }));
    const server = await scriptedServer(test, undefined, 2);
    const { source } = sourceOn(test, server.port, { subscriptions, windowBytes: 1000 });
    const opening = source.open();
    await eventually(() => server.heard().includes('destination:/queue/b'));
    server.say('RECEIPT\nreceipt-id:1\n\n\0');
    for (const id of [1, 2, 3]) {
      server.say(`MESSAGE\nsubscription:1\nmessage-id:${id}\nack:${id}\n\n${'x'.repeat(200_000)}\0`);
    }
    server.say('RECEIPT\nreceipt-id:2\n\n\0');
    await opening;
    for (let count = 0; count < 3; count++) for (const delivery of await take(source, 1)) delivery.ack();
    await source.close();
    assert.match(server.heard(), /UNSUBSCRIBE\n[^\0]*id:1\n[\s\S]*UNSUBSCRIBE\n[^\0]*id:2\n/);
  });

  it('opens before the last subscription is confirmed, and tells when that is refused', async (test) => {
    const subscriptions = [
      { header: { destination: '/queue/a' } },
      { header: { destination: '/queue/b', ack: 'wrong' } },
    ];
    const { server, source } = await sourcePair(test, {}, { subscriptions, windowBytes: 1000, reliable: false });
    for (let count = 0; count < 3; count++) server.publish('/queue/a', {}, BIG);
    await source.open();
    await assert.rejects(
      async () => {
        for (let turn = 0; turn < 10; turn++) {
          const result = await source.next({ deliveries: 10, bytes: 1000 }, NEVER);
          if (result.kind === 'batch') for (const delivery of result.deliveries) delivery.ack();
        }
      },
      { code: 'BROKER_ERROR', message: /ack mode/ },
    );
  });

  it('unsubscribes at the end though confirmations stood behind messages', async (test) => {
    const subscriptions = [1, 2, 3].map((number) => ({
      header: { destination: `/queue/${number}` },
      unsubscribe: { mine: String(number) },
    }));
    const { server, source } = await sourcePair(test, {}, { subscriptions, windowBytes: 1000 });
    for (const { header } of subscriptions) server.publish(header.destination, {}, BIG);
    await source.open();
    await source.close();
    assert.deepEqual(
      server.seen('UNSUBSCRIBE').map(({ header }) => header.mine),
      ['1', '2', '3'],
    );
  });

  it('is closed at once while confirmations are missing', async (test) => {
    const server = await scriptedServer(test, undefined, 1);
    const { source } = sourceOn(test, server.port);
    const opening = source.open();
    await eventually(() => server.heard().includes('SUBSCRIBE'));
    await source.close();
    await assert.rejects(opening, { code: 'SESSION_CLOSED' });
  });
});

describe('a receipt', () => {
  it('is missed though reading is paused again and again, by the time that was read', async (test) => {
    const server = await scriptedServer(test, undefined, 1);
    const endpoint = { transport: 'tcp', host: '127.0.0.1', port: server.port } as const;
    const session = await StompSession.connect({ endpoint, receiptTimeoutMs: 500 });
    test.after(async () => session.abort('end of the test'));
    const sent = session.send({ destination: '/queue/a' });
    sent.catch(() => undefined);
    let paused = false;
    const timer = setInterval(() => {
      paused = !paused;
      if (paused) session.pause();
      else session.resume();
    }, 1);
    test.after(() => clearInterval(timer));
    await assert.rejects(sent, { code: 'RECEIPT_TIMEOUT' });
  });

  it('is not missed while reading is paused by who does not wait for it', async (test) => {
    const server = await scriptedServer(test);
    const endpoint = { transport: 'tcp', host: '127.0.0.1', port: server.port } as const;
    const session = await StompSession.connect({ endpoint, receiptTimeoutMs: 40 });
    test.after(async () => session.abort('end of the test'));
    session.pause();
    const sent = session.send({ destination: '/queue/a' });
    const until = performance.now() + 150;
    await eventually(() => performance.now() > until);
    session.resume();
    await sent;
  });
});

describe('a subscription of the library that is full', () => {
  it('lets receipts through to who waits for one before he takes more', async (test) => {
    const server = await startedBroker(test, { server: 'ActiveMQ/5.17.2' });
    const endpoint = { transport: 'tcp', host: '127.0.0.1', port: server.port } as const;
    const session = await StompSession.connect({ endpoint });
    test.after(async () => session.abort('end of the test'));
    for (let count = 0; count < 20; count++) server.publish('/queue/a', {}, BIG);
    const options = { prefetch: 5, bufferBytes: 4_000_000 };
    let count = 0;
    for await (const message of await session.subscribe({ destination: '/queue/a' }, options)) {
      await session.send({ destination: '/queue/replies' }, message.body.subarray(0, 10));
      message.ack();
      if (++count === 20) break;
    }
    assert.equal(server.depth('/queue/replies').ready, 20);
  });

  it('says why a receipt cannot come once four times its limit waits', async (test) => {
    const server = await startedBroker(test, { server: 'Unheard/1' });
    const endpoint = { transport: 'tcp', host: '127.0.0.1', port: server.port } as const;
    const session = await StompSession.connect({ endpoint, receiptTimeoutMs: 60 });
    test.after(async () => session.abort('end of the test'));
    for (let count = 0; count < 20; count++) server.publish('/queue/a', {}, BIG);
    await session.subscribe({ destination: '/queue/a' }, { bufferBytes: 1000 });
    await assert.rejects(session.send({ destination: '/queue/b' }), {
      code: 'RECEIPT_TIMEOUT',
      message: /bufferBytes/,
    });
  });

  it('counts headers, so that messages without a body are bounded too', async (test) => {
    const server = await startedBroker(test, { server: 'Unheard/1' });
    const endpoint = { transport: 'tcp', host: '127.0.0.1', port: server.port } as const;
    const session = await StompSession.connect({ endpoint });
    test.after(async () => session.abort('end of the test'));
    for (let count = 0; count < 500; count++) server.publish('/queue/a', { x: 'y'.repeat(10_000) });
    await session.subscribe({ destination: '/queue/a' }, { bufferBytes: 10_000 });
    const until = performance.now() + 50;
    await eventually(() => performance.now() > until);
    assert.ok(server.received('/queue/a').delivered < 500, 'reading was paused');
  });
});
