import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/base/clock.js';
import { brokerAcceptsAndSaysNothing } from '../../src/broker/faults.js';
import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import { encodeFrame } from '../../src/stomp/codec/encoder.js';
import { openTransport } from '../../src/stomp/transport/open-transport.js';
import type { Endpoint, Transport } from '../../src/stomp/transport/transport.js';
import { authority, certificate } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { startedBroker } from '../support/started-broker.js';
import type { Cleaning } from '../support/temp-folder.js';

const KINDS = ['tcp', 'tls', 'ws', 'wss'] as const;

describe('every transport', () => {
  const tls = { ca: [authority()] };

  function brokerOptions(kind: (typeof KINDS)[number]): BrokerOptions {
    return {
      webSocket: kind === 'ws' || kind === 'wss',
      ...(kind === 'tls' || kind === 'wss' ? { tls: certificate('server') } : {}),
    };
  }

  async function opened(test: Cleaning, kind: (typeof KINDS)[number], options: BrokerOptions = {}) {
    const broker = await startedBroker(test, { ...brokerOptions(kind), ...options });
    const endpoint: Endpoint = { transport: kind, host: 'localhost', port: broker.port };
    const protocols = ['v12.stomp'];
    const transport = await openTransport(endpoint, { clock: systemClock, timeoutMs: 5000, tls, protocols });
    test.after(async () => transport.destroy());
    let received = '';
    const closed = new Promise<Error | undefined>((resolve) => {
      transport.listen({ data: (chunk) => (received += chunk.toString()), closed: resolve });
    });
    return { broker, transport, received: () => received, closed };
  }

  const write = (transport: Transport, bytes: Buffer) =>
    new Promise<void>((resolve) => transport.write(bytes, resolve));
  const CONNECT = encodeFrame('CONNECT', { 'accept-version': '1.2', host: '/' });
  const DISCONNECT = encodeFrame('DISCONNECT', { receipt: 'bye' });

  for (const kind of KINDS) {
    describe(kind, () => {
      it('carries bytes both ways, and tells that they were written', async (test) => {
        const { transport, received } = await opened(test, kind);
        await write(transport, CONNECT);
        await eventually(() => received().startsWith('CONNECTED\n'));
      });

      it('names its peer, and tells when the certificate ends', async (test) => {
        const { transport, broker } = await opened(test, kind);
        assert.match(transport.peer, new RegExp(`^localhost:${broker.port} \\[127\\.0\\.0\\.1\\]$`));
        assert.equal(transport.certificateExpiry !== undefined, kind === 'tls' || kind === 'wss');
      });

      it('closes once, without a cause, when the peer closes', async (test) => {
        const { transport, closed, received } = await opened(test, kind);
        transport.write(CONNECT, () => undefined);
        transport.write(DISCONNECT, () => undefined);
        assert.equal(await closed, undefined);
        assert.match(received(), /receipt-id:bye/);
      });

      it('gathers writes while corked', async (test) => {
        const { transport, received } = await opened(test, kind);
        transport.cork();
        transport.write(CONNECT, () => undefined);
        transport.write(encodeFrame('SEND', { destination: '/queue/a', receipt: 'one' }), () => undefined);
        transport.uncork();
        await eventually(() => /receipt-id:one/.test(received()));
      });

      it('carries a large frame', async (test) => {
        const { transport, broker } = await opened(test, kind);
        await write(transport, CONNECT);
        const body = Buffer.alloc(5_000_000, 'x');
        await write(transport, encodeFrame('SEND', { destination: '/queue/a' }, body));
        await eventually(() => broker.depth('/queue/a').ready === 1);
        assert.ok(broker.drain('/queue/a')[0]?.body.equals(body));
      });

      it('hands nothing over while paused', async (test) => {
        const { transport, received } = await opened(test, kind);
        transport.pause();
        await write(transport, CONNECT);
        await new Promise((resolve) => setTimeout(resolve, 40));
        assert.equal(received(), '');
        transport.resume();
        await eventually(() => received() !== '');
      });

      it('writes everything before it ends', async (test) => {
        const { transport, broker, closed } = await opened(test, kind);
        transport.write(CONNECT, () => undefined);
        const send = encodeFrame('SEND', { destination: '/queue/a' }, Buffer.alloc(2_000_000));
        transport.write(send, () => undefined);
        transport.end();
        await closed;
        await eventually(() => broker.depth('/queue/a').ready === 1);
      });

      it('closes when destroyed', async (test) => {
        const { transport, closed } = await opened(test, kind);
        transport.destroy();
        assert.equal(await closed, undefined);
      });

      it('closes when the broker is killed', async (test) => {
        const { broker, transport, received, closed } = await opened(test, kind);
        await write(transport, CONNECT);
        await eventually(() => received() !== '');
        broker.killConnections();
        await closed;
      });

      it('is not opened when called off', async (test) => {
        const broker = await startedBroker(test, { ...brokerOptions(kind), faults: [brokerAcceptsAndSaysNothing()] });
        const endpoint: Endpoint = { transport: kind, host: 'localhost', port: broker.port };
        const signal = AbortSignal.abort();
        await assert.rejects(openTransport(endpoint, { clock: systemClock, timeoutMs: 5000, tls, signal }), {
          code: 'SESSION_CLOSED',
        });
      });
    });
  }
});
