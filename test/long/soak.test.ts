import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as faults from '../../src/broker/faults.js';
import { eventually } from '../support/eventually.js';
import { ProcessGauge } from '../support/process-gauge.js';
import { filesOf } from '../support/sample-messages.js';
import { DESTINATION, Scene } from '../support/scene.js';
import { SoakQueues } from '../support/soak-queues.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** five minutes; in CI a second for each minute of its budget, 20 at most */
const SECONDS = Number(
  process.env.STOMPCTL_TEST_SOAK_SECONDS ??
    (process.env.CI_MINUTES === undefined ? 300 : Math.min(20, Number(process.env.CI_MINUTES))),
);
const FAULT_EVERY_MS = 1000;
const WINDOW = 200;
/** prefetch: the window and what may be parked */
const MOST_DUPLICATES = WINDOW + (WINDOW + 1);
/**
 * Allowed on top of what each process had when it was warm. The young generation of the heap takes up to forty seconds of this to reach its
 * size (90 to 110 MiB in all, and 109.4 to 110.0 from then on), so that in a short run the warm part is not yet as warm as it gets.
 */
const MORE_RSS_MIB = SECONDS < 100 ? 24 : 12;
/** a socket or a file in the moment of the fewest */
const MORE_DESCRIPTORS = 2;
const MOST_RSS_MIB = 150;

/** Short, so that a silent broker costs a second or two. */
const TIMEOUTS = [
  '--timeout-server',
  '0.5',
  '--timeout-client',
  '0.5',
  '--timeout-broker',
  '2',
  '--timeout-connect',
  '2',
];

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Everything that goes wrong, one after the other, again and again. */
function troubles(scene: Scene, proxy: TcpProxy): readonly (readonly [string, () => unknown])[] {
  const { broker } = scene;
  const during = async (ms: number, begin: () => void) => {
    begin();
    await wait(ms);
    proxy.cut();
    proxy.heal();
  };
  return [
    ['the connections are cut', () => proxy.cut()],
    ['the broker restarts', () => broker.restart()],
    ['a receipt is withheld', () => broker.addFault(faults.brokerWithholdsReceipt())],
    ['an ERROR that names its message', () => broker.addFault(faults.brokerAnswersError({ receiptId: true }))],
    [
      'half a message, then the end',
      () => broker.addFault(faults.brokerSendsHalfFrame({ command: 'MESSAGE', afterwards: 'close' })),
    ],
    [
      'an ERROR that names nothing',
      () => broker.addFault(faults.brokerAnswersError({ receiptId: false, close: true })),
    ],
    ['the network goes dead', () => during(2000, () => proxy.blackHole())],
    [
      'half a receipt, then silence',
      () => broker.addFault(faults.brokerSendsHalfFrame({ command: 'RECEIPT', afterwards: 'silence' })),
    ],
    [
      'connections are refused',
      () =>
        during(500, () => {
          proxy.refuse();
          proxy.cut();
        }),
    ],
    ['something that is not STOMP', () => broker.addFault(faults.brokerSendsMalformedFrame())],
    ['the broker stops reading', () => broker.addFault(faults.brokerStopsReading({ command: 'SEND' }))],
    ['a message comes twice', () => broker.addFault(faults.brokerDeliversTwice())],
    ['the connections are cut in the middle of a frame', () => proxy.cutAfter(100_003)],
    ['a message too large', () => broker.addFault(faults.brokerSendsOversizedFrame({ command: 'MESSAGE' }))],
    ['the network is slow', () => during(500, () => proxy.delay(50))],
  ];
}

describe('a sender and a receiver at full speed', () => {
  it(`meet a fault every second for ${SECONDS} s, lose nothing and grow by nothing`, async (test) => {
    const scene = await Scene.set(test, { server: 'RabbitMQ/3.10.8', heartBeat: [500, 500] });
    const proxy = await TcpProxy.start(test, scene.broker);
    const uri = `stomp://127.0.0.1:${proxy.port}`;
    const args = ['--window', String(WINDOW), '--max-parked', '1', ...TIMEOUTS];
    const failures = ['--failure-queue', `path=${scene.path('failed')}`];
    const sender = scene.start(scene.sender('--loop', '--outgoing-broker-uri', uri, ...failures, ...args));
    const receiver = scene.start(scene.receiver('--incoming-broker-uri', uri, ...args));
    await eventually(() => [sender, receiver].every((end) => end.log('session-open').length > 0));
    const emptied = [scene.path('out'), scene.path('failed')];
    const queues = new SoakQueues(scene.path('in'), emptied, { destination: DESTINATION });
    queues.start();
    test.after(() => queues.stop());
    const gauges = [sender, receiver].map(({ pid }) => new ProcessGauge(pid));

    const started = performance.now();
    const all = troubles(scene, proxy);
    let count = 0;
    // each at least once
    for (; count < all.length || performance.now() < started + SECONDS * 1000; count += 1) {
      const [name, strike] = all[count % all.length] as (typeof all)[number];
      const [sent, before] = [scene.broker.received(DESTINATION).received, queues.different];
      await strike();
      await wait(FAULT_EVERY_MS);
      // more than what was in flight: both ends work again
      const through = () =>
        scene.broker.received(DESTINATION).received > sent + 2 * WINDOW && queues.different > before + 2 * WINDOW;
      await eventually(through, { deadlineMs: 120_000, what: `messages go through after: ${name}` });
      assert.ok(sender.running && receiver.running, `${sender.stderr.slice(-1000)}\n${receiver.stderr.slice(-1000)}`);
    }
    const seconds = (performance.now() - started) / 1000;
    for (const gauge of gauges) gauge.stop();
    queues.stopFilling();
    await eventually(() => queues.different === queues.produced, {
      deadlineMs: 120_000,
      what: 'every message arrives',
    });
    await eventually(async () => (await queues.waiting()) === 0);
    for (const end of [sender, receiver]) {
      const ended = await end.stop();
      assert.equal(ended.code, 0, ended.stderr.slice(-2000));
    }
    await queues.stop();

    test.diagnostic(
      `${queues.produced} messages in ${seconds.toFixed(0)} s, ${count} faults, ${queues.duplicates} duplicates`,
    );
    assert.ok(queues.duplicates <= count * MOST_DUPLICATES, `${queues.duplicates} duplicates`);
    assert.deepEqual(filesOf(scene.folder), [], 'no element, lock, journal or temporary file');
    for (const [index, name] of ['sender', 'receiver'].entries()) {
      const gauge = gauges[index] as ProcessGauge;
      const [warm, late] = [gauge.between(0.3, 0.6), gauge.between(0.7, 1)];
      test.diagnostic(`${name}: warm ${JSON.stringify(warm)}, at the end ${JSON.stringify(late)}`);
      assert.ok(late.rssMiB <= warm.rssMiB + MORE_RSS_MIB, `${name}: ${late.rssMiB} MiB, was ${warm.rssMiB}`);
      assert.ok(late.mostRssMiB <= MOST_RSS_MIB, `${name}: ${late.mostRssMiB} MiB`);
      assert.ok(
        late.descriptors <= warm.descriptors + MORE_DESCRIPTORS,
        `${name}: ${late.descriptors} descriptors, were ${warm.descriptors}`,
      );
    }
  });
});
