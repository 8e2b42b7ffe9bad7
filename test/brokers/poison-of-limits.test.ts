import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { type RealBroker, STRICT_BYTES } from '../support/real-broker.js';
import { brokerKinds, startActivemq, startRabbitmq } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';
import { upTo } from '../support/scene.js';

/** What a broker with limits refuses of one message. */
interface Refused {
  readonly header?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** the broker's own words, in the failure queue */
  readonly reason: RegExp;
}

const TOO_LARGE = Buffer.alloc(STRICT_BYTES + 1, 'x');

const REFUSED: Readonly<Record<'rabbitmq' | 'activemq', readonly Refused[]>> = {
  rabbitmq: [
    { header: { destination: '/exchange/amq.direct/key' }, reason: /ERROR: access_refused/ },
    { body: TOO_LARGE, reason: /ERROR: precondition_failed/ },
    { header: { destination: '/exchange/no-such-exchange/key' }, reason: /ERROR: not_found/ },
  ],
  activemq: [
    { header: { destination: '/queue/forbidden.q' }, reason: /not authorized/i },
    { body: TOO_LARGE, reason: /maximum data length/i },
  ],
};

const STARTERS = { rabbitmq: startRabbitmq, activemq: startActivemq } as const;
const PORTION = 50;
const DEADLINE = { deadlineMs: 60_000, everyMs: 50 };

/** Healthy messages, and one of each that is refused between them; gives their numbers, in the order of `refused`. */
function mix(scene: RealScene, refused: readonly Refused[]): number[] {
  const numbers: number[] = [];
  for (const { header, body } of refused) {
    scene.produce(PORTION);
    numbers.push(scene.produced);
    scene.produce(1, header, body);
  }
  scene.produce(PORTION);
  return numbers;
}

for (const kind of brokerKinds()) {
  if (kind === 'artemis') continue; // not observed
  describe(`what ${kind} forbids or finds too large`, () => {
    let broker: RealBroker;
    before(async () => {
      broker = await STARTERS[kind]({ strict: true });
    });
    after(() => broker.stop());

    it('goes to the failure queue with the reason of the broker, and everything else arrives', async (test) => {
      const scene = await RealScene.set(test, broker);
      const poisoned = mix(scene, REFUSED[kind]);
      const receiver = scene.startReceiver(broker.uri);
      const failures = ['--failure-queue', `path=${scene.path('failed')}`];
      const sender = scene.startSender(broker.uri, ...failures, '--max-attempts', '2');
      const good = upTo(scene.produced).filter((number) => !poisoned.includes(number));
      const settled = (): boolean =>
        scene.numbers('out').length === good.length && scene.elements('failed') === poisoned.length;
      await eventually(settled, { ...DEADLINE, what: 'every message is where it belongs' });
      for (const end of [sender, receiver]) await stopsWell(end);
      assert.deepEqual(scene.numbers('out'), good);
      assert.deepEqual(scene.numbers('failed'), poisoned);
      for (const { header } of scene.messages('failed')) {
        const { reason } = REFUSED[kind][poisoned.indexOf(Number(header['x-number']))] ?? {};
        assert.match(header['x-stompctl-reason'] ?? '', reason ?? /^$/);
        assert.ok(Number(header['x-stompctl-attempts']) >= 2);
      }
    });

    it('stays without a failure queue, told once, while everything else arrives, later messages too', async (test) => {
      const scene = await RealScene.set(test, broker);
      const poisoned = mix(scene, REFUSED[kind]);
      const receiver = scene.startReceiver(broker.uri);
      const sender = scene.startSender(broker.uri, '--max-attempts', '2');
      const told = (): number => sender.log('rejected').length;
      await eventually(() => told() === poisoned.length, { ...DEADLINE, what: 'each is told' });
      scene.produce(PORTION);
      const good = upTo(scene.produced).filter((number) => !poisoned.includes(number));
      await eventually(() => scene.numbers('out').length === good.length, { ...DEADLINE, what: 'the others arrive' });
      for (const end of [sender, receiver]) await stopsWell(end);
      assert.deepEqual(scene.numbers('out'), good);
      assert.deepEqual(scene.numbers('in'), poisoned);
      assert.equal(told(), poisoned.length, 'skipped, however often it is tried: told once');
    });

    it('is tried again after a delay that grows', async (test) => {
      const scene = await RealScene.set(test, broker);
      const poisoned = scene.produced;
      scene.produce(1, REFUSED[kind][0]?.header);
      const sender = scene.startSender(broker.uri, '--max-attempts', '1', '--log-level', 'debug');
      const times = (): number[] =>
        [...sender.log('rejected'), ...sender.log('rejected-again')].map(({ time }) => Date.parse(String(time)));
      const tried = (): boolean => {
        // a refusal is the fault of the message when another one is taken between two of them
        scene.produce(1);
        return times().length >= 4;
      };
      await eventually(tried, { deadlineMs: 120_000, everyMs: 250, what: 'it is tried four times' });
      await stopsWell(sender);
      const gaps = times().flatMap((time, index, all) => (index === 0 ? [] : [time - (all[index - 1] ?? 0)]));
      const least = [1000, 2000, 4000];
      assert.ok(gaps.length >= 3 && least.every((delay, index) => (gaps[index] ?? 0) >= delay), gaps.join(' '));
      assert.ok(scene.numbers('in').includes(poisoned));
    });
  });
}
