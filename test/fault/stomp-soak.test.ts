import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { Message, newHeader } from '../../src/message/message.js';
import { BrokerSink } from '../../src/sinks/broker/broker-sink.js';
import { BrokerSource } from '../../src/sources/broker/broker-source.js';
import { eventually } from '../support/eventually.js';
import { startedBroker } from '../support/started-broker.js';

const MESSAGES = 5000;
const KILLS = 20;
const WINDOW = 100;

/** Sends the numbers up to `MESSAGES`, each until it is safe, over as many sessions as it takes. */
async function sendAll(sink: BrokerSink, safe: (number: number) => void): Promise<void> {
  const left = new Set(Array.from({ length: MESSAGES }, (_, number) => number));
  while (left.size > 0) {
    await sink.open();
    while (left.size > 0) {
      const batch = [...left].slice(0, WINDOW);
      const message = (number: number) =>
        new Message(newHeader({ destination: '/queue/a', number: String(number) }), Buffer.alloc(200));
      const results = await Promise.allSettled(batch.map((number) => sink.send(message(number))));
      for (const [index, result] of results.entries()) {
        if (result.status === 'rejected') continue;
        left.delete(batch[index] as number);
        safe(batch[index] as number);
      }
      if (results.some(({ status }) => status === 'rejected')) break;
    }
  }
}

/** Receives until `done`, over as many sessions as it takes. */
async function receiveAll(source: BrokerSource, received: Set<string>, done: () => boolean): Promise<void> {
  const never = new AbortController().signal;
  while (!done()) {
    await source.open();
    try {
      while (!done()) {
        const result = await source.next({ deliveries: WINDOW, bytes: 1_000_000 }, never);
        if (result.kind !== 'batch') continue;
        for (const delivery of result.deliveries) {
          received.add(delivery.message.header.number ?? '');
          delivery.ack();
        }
      }
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'SESSION_LOST');
    }
  }
}

const descriptors = () => readdirSync('/proc/self/fd').length;

function ends(broker: InProcessBroker) {
  const connect = async () => ({ endpoint: { transport: 'tcp', host: '127.0.0.1', port: broker.port } }) as const;
  const sink = new BrokerSink({
    name: 'sink',
    connect,
    reliable: true,
    persistent: 'true',
    contentLength: 'auto',
    maxMessageSize: 1000,
    flushMs: 1000,
  });
  const source = new BrokerSource({
    name: 'source',
    connect,
    subscriptions: [{ header: { destination: '/queue/a' } }],
    reliable: true,
    prefetch: undefined,
    window: WINDOW,
    windowBytes: 1_000_000,
    maxParked: 10,
    events: { rejected: () => undefined, settledInVain: () => undefined, parked: () => undefined },
  });
  return { sink, source };
}

describe('a sender and a receiver', () => {
  it(`lose nothing, and leak nothing, while their connections are cut ${KILLS} times`, async (test) => {
    const broker = await startedBroker(test, { server: 'ActiveMQ/5.17.2' });
    const { sink, source } = ends(broker);
    const before = descriptors();
    const received = new Set<string>();
    let kills = 0;
    let sent = 0;
    // at progress, not at times, so that each cut meets messages in flight
    const sending = sendAll(sink, () => {
      sent += 1;
      if (sent < ((kills + 1) * MESSAGES) / (KILLS + 1) || kills === KILLS) return;
      kills += 1;
      broker.killConnections();
    });
    const receiving = receiveAll(source, received, () => received.size === MESSAGES);
    await Promise.all([sending, receiving]);
    assert.equal(kills, KILLS);
    await source.close();
    await sink.close();
    await eventually(() => broker.connections === 0);
    await eventually(() => descriptors() <= before);
    const depth = broker.depth('/queue/a');
    assert.equal(depth.unacknowledged, 0);
    assert.ok(depth.ready <= KILLS * WINDOW, `${depth.ready} duplicates left`);
  });
});
