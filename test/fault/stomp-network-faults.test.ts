import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Demand } from '../../src/flow/source.js';
import { BrokerSource } from '../../src/sources/broker/broker-source.js';
import { StompSession } from '../../src/stomp/session.js';
import { EndpointChooser } from '../../src/stomp/transport/endpoint-chooser.js';
import { BlackHoleProxy } from '../support/black-hole-proxy.js';
import { eventually } from '../support/eventually.js';
import { startedBroker } from '../support/started-broker.js';

const TO = { destination: '/queue/a' };
/** the peer lives in this process: what makes it late makes its beats late */
const BEAT_MS = 500;

describe('a half-open connection', () => {
  it('is noticed by missing heart-beats', async (test) => {
    const broker = await startedBroker(test, { heartBeat: [BEAT_MS, 0] });
    const proxy = await BlackHoleProxy.start(test, broker.port);
    const endpoint = { transport: 'tcp', host: '127.0.0.1', port: proxy.port } as const;
    const session = await StompSession.connect({ endpoint, heartBeat: { clientMs: 0, serverMs: BEAT_MS } });
    await session.send(TO);
    proxy.swallow();
    const sent = session.send(TO);
    await assert.rejects(sent, { code: 'HEARTBEAT_MISSED' });
    assert.ok(proxy.swallowed > 0);
  });

  it('is noticed by a missing receipt where there are no heart-beats', async (test) => {
    const broker = await startedBroker(test);
    const proxy = await BlackHoleProxy.start(test, broker.port);
    const endpoint = { transport: 'tcp', host: '127.0.0.1', port: proxy.port } as const;
    const session = await StompSession.connect({ endpoint, heartBeat: 'off', receiptTimeoutMs: 60 });
    proxy.swallow();
    await assert.rejects(session.send(TO), { code: 'RECEIPT_TIMEOUT' });
  });

  it('does not hold up a close', async (test) => {
    const broker = await startedBroker(test);
    const proxy = await BlackHoleProxy.start(test, broker.port);
    const endpoint = { transport: 'tcp', host: '127.0.0.1', port: proxy.port } as const;
    const session = await StompSession.connect({ endpoint, disconnectTimeoutMs: 50 });
    proxy.swallow();
    await session.close();
  });

  it('gives up connecting', async (test) => {
    const broker = await startedBroker(test);
    const proxy = await BlackHoleProxy.start(test, broker.port);
    proxy.swallow();
    const endpoint = { transport: 'tcp', host: '127.0.0.1', port: proxy.port } as const;
    await assert.rejects(StompSession.connect({ endpoint, connectTimeoutMs: 60 }), { code: 'CONNECT_TIMEOUT' });
  });
});

describe('a name with several addresses', () => {
  const resolve = async () => ['127.0.0.2', '127.0.0.3', '127.0.0.1'];

  it('is tried until one answers', async (test) => {
    const broker = await startedBroker(test);
    const endpoint = { transport: 'tcp', host: 'alias.example', port: broker.port } as const;
    const session = await StompSession.connect({ endpoint, socket: { resolve } });
    test.after(async () => session.abort('end of the test'));
    assert.equal(session.peer, `alias.example:${broker.port} [127.0.0.1]`);
  });

  it('tells what each said when none answers', async (test) => {
    const broker = await startedBroker(test);
    await broker.pauseAccepting();
    const endpoint = { transport: 'tcp', host: 'alias.example', port: broker.port } as const;
    await assert.rejects(StompSession.connect({ endpoint, socket: { resolve } }), {
      code: 'CONNECT_FAILED',
      message: /127\.0\.0\.2 ECONNREFUSED, 127\.0\.0\.3 ECONNREFUSED, 127\.0\.0\.1 ECONNREFUSED/,
    });
  });

  it('gives up a name server that does not answer', async () => {
    const endpoint = { transport: 'tcp', host: 'alias.example', port: 1 } as const;
    const never = { resolve: () => new Promise<string[]>(() => undefined) };
    await assert.rejects(StompSession.connect({ endpoint, socket: never, connectTimeoutMs: 30 }), {
      code: 'CONNECT_TIMEOUT',
      message: /not resolved/,
    });
  });
});

describe('the clock of the host', () => {
  for (const [name, stepMs] of [
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ] as const) {
    it(`may step ${name} by an hour`, async (test) => {
      const broker = await startedBroker(test, { heartBeat: [BEAT_MS, BEAT_MS] });
      const endpoint = { transport: 'tcp', host: '127.0.0.1', port: broker.port } as const;
      const session = await StompSession.connect({ endpoint, heartBeat: { clientMs: BEAT_MS, serverMs: BEAT_MS } });
      test.after(async () => session.abort('end of the test'));
      const real = Date.now;
      Date.now = () => real() + stepMs;
      test.after(async () => {
        Date.now = real;
      });
      const until = performance.now() + 3 * BEAT_MS;
      await eventually(() => performance.now() > until);
      assert.equal(session.over, undefined);
      await session.send(TO);
    });
  }
});

describe('two brokers to choose from', () => {
  it('serve in turn as each dies', async (test) => {
    const brokers = [await startedBroker(test), await startedBroker(test)] as const;
    const [a, b] = brokers;
    a.publish('/queue/a', {}, 'from a');
    b.publish('/queue/a', {}, 'from b');
    const chooser = new EndpointChooser();
    const source = new BrokerSource({
      name: 'failover',
      connect: async () => {
        const port = Number(chooser.choose([String(a.port), String(b.port)]).uri);
        return { endpoint: { transport: 'tcp', host: '127.0.0.1', port } };
      },
      subscriptions: [{ header: TO }],
      reliable: true,
      prefetch: undefined,
      window: 10,
      windowBytes: 1_000_000,
      maxParked: 10,
      events: { rejected: () => undefined, settledInVain: () => undefined, parked: () => undefined },
    });
    test.after(() => source.close());
    const all: Demand = { deliveries: 10, bytes: 10_000 };
    const never = new AbortController().signal;
    const served: string[] = [];
    const serve = async () => {
      await eventually(async () => {
        await source.open();
        return true;
      });
      const result = await source.next(all, never);
      assert.ok(result.kind === 'batch');
      for (const delivery of result.deliveries) {
        served.push(delivery.message.body.toString());
        delivery.ack();
      }
      await source.settle();
      await eventually(() => a.depth('/queue/a').unacknowledged + b.depth('/queue/a').unacknowledged === 0);
    };
    await serve();
    await a.kill();
    await serve();
    await a.resumeAccepting();
    a.publish('/queue/a', {}, 'from a again');
    await b.kill();
    await serve();
    assert.deepEqual(served, ['from a', 'from b', 'from a again']);
  });
});
