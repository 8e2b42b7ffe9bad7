import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokerAcceptsAndSaysNothing, brokerFallsSilent, brokerNeverCloses } from '../../src/broker/faults.js';
import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import type { Frame } from '../../src/stomp/codec/frame.js';
import { StompSession } from '../../src/stomp/session.js';
import type { SessionOptions } from '../../src/stomp/session-options.js';
import { authority, certificate } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { startedBroker } from '../support/started-broker.js';
import type { Cleaning } from '../support/temp-folder.js';
import { THOROUGH } from '../support/thorough.js';

/** more than all that the system and both sides hold of a connection */
const MEGABYTES = THOROUGH ? 100 : 30;
const KINDS = ['tcp', 'tls', 'ws', 'wss'] as const;
type Kind = (typeof KINDS)[number];

function optionsFor(kind: Kind): BrokerOptions {
  return {
    webSocket: kind === 'ws' || kind === 'wss',
    ...(kind === 'tls' || kind === 'wss' ? { tls: certificate('server') } : {}),
  };
}

async function pair(test: Cleaning, kind: Kind, broker: BrokerOptions = {}, options: Partial<SessionOptions> = {}) {
  const server = await startedBroker(test, { ...optionsFor(kind), ...broker });
  const endpoint = { transport: kind, host: 'localhost', port: server.port, path: '/ws' } as const;
  const session = await StompSession.connect({ endpoint, tls: { ca: [authority()] }, ...options });
  test.after(async () => session.abort('end of the test'));
  return { server, session };
}

for (const kind of KINDS) {
  describe(`StompSession over ${kind}`, () => {
    it('carries every byte both ways, and acknowledges', async (test) => {
      const { server, session } = await pair(test, kind);
      const body = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
      const frames: Frame[] = [];
      await session.listen({ destination: '/queue/a' }, (frame) => frames.push(frame));
      await Promise.all([1, 2, 3].map(() => session.send({ destination: '/queue/a', x: 'a:\n' }, body)));
      await eventually(() => frames.length === 3);
      for (const frame of frames) {
        assert.ok(frame.body.equals(body));
        assert.equal(frame.header.x, 'a:\n');
        session.ack(frame);
      }
      await session.close();
      assert.equal(server.depth('/queue/a').ready, 0);
    });

    it(`carries ${MEGABYTES} MB both ways`, async (test) => {
      const limits = { maxMessageSize: 128 * 1024 * 1024 };
      const { session } = await pair(test, kind, {}, limits);
      const body = Buffer.alloc(MEGABYTES * 1_000_000, 'abcdefg\0');
      const frames: Frame[] = [];
      await session.listen({ destination: '/queue/a' }, (frame) => frames.push(frame));
      await session.send({ destination: '/queue/a' }, body);
      const frame = await eventually(() => frames[0]);
      assert.ok(frame.body.equals(body));
    });

    it('disconnects from brokerNeverCloses', async (test) => {
      const { session } = await pair(test, kind, { faults: [brokerNeverCloses()] }, { disconnectTimeoutMs: 50 });
      await session.close();
      assert.equal(await session.ended, undefined);
    });

    it('gives up on brokerAcceptsAndSaysNothing', async (test) => {
      const opening = pair(test, kind, { faults: [brokerAcceptsAndSaysNothing()] }, { connectTimeoutMs: 150 });
      await assert.rejects(opening, { code: 'CONNECT_TIMEOUT' });
    });

    it('notices brokerFallsSilent by its heart-beats', async (test) => {
      const faults = [brokerFallsSilent({ command: 'RECEIPT' })];
      const heartBeat = { clientMs: 0, serverMs: 30 };
      const { session } = await pair(test, kind, { faults, heartBeat: [30, 0] }, { heartBeat });
      await assert.rejects(session.send({ destination: '/queue/a' }), { code: 'HEARTBEAT_MISSED' });
    });

    it('tells the loss of its connection', async (test) => {
      const { server, session } = await pair(test, kind);
      server.killConnections();
      assert.equal((await session.ended)?.code, 'SESSION_LOST');
    });

    it('does not take more than it may', async (test) => {
      const { server, session } = await pair(test, kind, {}, { maxMessageSize: 1000 });
      server.publish('/queue/a', {}, Buffer.alloc(5_000_000));
      session.listen({ destination: '/queue/a' }, () => undefined).catch(() => undefined);
      assert.equal((await session.ended)?.code, 'FRAME_TOO_LARGE');
    });
  });
}
