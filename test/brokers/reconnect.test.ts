import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../support/eventually.js';
import { brokerKinds, type RealBroker, startActivemq, startRabbitmq, useBroker } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';
import { filesOf } from '../support/sample-messages.js';
import { upTo } from '../support/scene.js';
import type { StompctlProcess } from '../support/stompctl-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const WINDOW = 100;
const STOPS = 5;
const CUTS = 5;
const DEADLINE = { deadlineMs: 120_000 };

/** What happens to both ends at once; resolves when it is over. */
type Fault = (index: number) => Promise<void>;

/**
 * A sender and a receiver, kept busy, meet the fault so many times. Each time both must open a session again before the
 * next one. Checks that every message arrives, and that there are no more duplicates than a window for each end and fault.
 */
async function survives(
  test: TestContext,
  broker: RealBroker,
  uri: string,
  faults: { readonly times: number; readonly strike: Fault },
): Promise<void> {
  const scene = await RealScene.set(test, broker);
  const window = ['--window', String(WINDOW), '--max-parked', '1'];
  const ends = [scene.startSender(uri, ...window), scene.startReceiver(uri, ...window)];
  // more than nothing always waits: while the broker is away, what comes in piles up
  const load = scene.keepBusy(test);
  for (let index = 0; index < faults.times; index += 1) {
    const before = scene.elements('out');
    scene.produce(2 * WINDOW);
    const busy = () => scene.elements('in') > 0 && scene.elements('out') > before + WINDOW / 2;
    await eventually(busy, { ...DEADLINE, everyMs: 1, what: `both ends are busy before fault ${index + 1}` });
    const sessions = ends.map(sessionsOf);
    await faults.strike(index);
    await eventually(() => ends.every((end, which) => sessionsOf(end) > (sessions[which] ?? 0)), {
      ...DEADLINE,
      what: `both ends come back after fault ${index + 1}`,
    });
  }
  clearInterval(load);
  await eventually(() => scene.elements('in') === 0, { ...DEADLINE, what: 'all is sent' }).catch((error: unknown) => {
    const left = filesOf(scene.path('in')).slice(0, 20);
    throw new Error(`left: ${left.join(', ')}; ${ends[0]?.stderr.slice(-4000)}`, { cause: error });
  });
  const complete = () => scene.elements('out') >= scene.produced && scene.numbers('out').length === scene.produced;
  await eventually(complete, { ...DEADLINE, everyMs: 50, what: 'every message arrives' });
  for (const end of ends) await stopsWell(end);
  assert.deepEqual(scene.numbers('out'), upTo(scene.produced));
  assert.deepEqual(filesOf(scene.path('in')), [], 'no lock, journal or temporary file');
  const duplicates = scene.elements('out') - scene.produced;
  test.diagnostic(`${scene.produced} messages, ${duplicates} duplicates after ${faults.times} faults`);
  assert.ok(duplicates <= faults.times * (2 * WINDOW + 1), `${duplicates} duplicates`);
}

function sessionsOf(end: StompctlProcess): number {
  assert.ok(end.running, end.stderr.slice(-2000));
  return end.log('session-open').length;
}

describe('a sender and a receiver under load', { concurrency: false }, () => {
  const starters = { rabbitmq: startRabbitmq, activemq: startActivemq } as const;
  for (const kind of brokerKinds()) {
    if (kind === 'artemis') continue; // it is never ours to kill
    it(`both come back each of the ${STOPS} times that ${kind} is stopped and started`, async (test) => {
      const broker = await starters[kind]();
      test.after(() => broker.stop());
      await survives(test, broker, broker.uri, {
        times: STOPS,
        async strike(index) {
          await broker.kill(index % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
          await broker.start();
        },
      });
    });
  }

  for (const kind of brokerKinds()) {
    const broker = useBroker(kind);
    it(`both come back each of the ${CUTS} times that their connections to ${kind} are cut`, async (test) => {
      const proxy = await TcpProxy.start(test, broker());
      await survives(test, broker(), `stomp://127.0.0.1:${proxy.port}`, {
        times: CUTS,
        strike: async () => proxy.cut(),
      });
    });
  }
});
