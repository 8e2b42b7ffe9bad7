import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import type { Delivery } from '../../src/flow/delivery.js';
import type { Demand, SourceEvents, SourceLimits, SourceResult, TunableSource } from '../../src/flow/source.js';
import type { MemberPlace } from '../../src/members/member-watch.js';
import { MergedSource } from '../../src/members/merged-source.js';
import { fakeAlias } from '../support/fake-alias.js';
import { FakeSource, textMessage } from '../support/fake-ends.js';
import { settled } from '../support/manual-clock.js';

const NEVER = new AbortController().signal;
const ALL: Demand = { deliveries: 100, bytes: 1_000_000, unread: true };

class Input extends FakeSource implements TunableSource {
  limits: SourceLimits | undefined;

  tune(limits: SourceLimits): void {
    this.limits = limits;
  }
}

/** Ends the run where it is a queue that is read once. */
function missing(): Input {
  const input = new Input([], { endless: true });
  input.failures = [new StompctlError('QUEUE_INVALID', 'open queue', '/q', 'is not a folder')];
  return input;
}

function inputs(test: TestContext, members: Readonly<Record<string, Input>>, events: Partial<SourceEvents> = {}) {
  const { options, partsOf, ...scene } = fakeAlias(members);
  const unheard = () => undefined;
  const eventsOf = new Map<string, SourceEvents>();
  const parkedOf = new Map<string, (parked: number) => void>();
  const parked: number[] = [];
  const source = new MergedSource<MemberPlace>({
    ...options,
    name: 'inputs a, b',
    called: 'input',
    watch: { fixed: Object.keys(members).map((key) => ({ key })) },
    make: ({ key }, _limits, told, onParked) => {
      eventsOf.set(key, told);
      parkedOf.set(key, onParked);
      const { end, parts } = partsOf(key);
      return { source: end, ...parts };
    },
    limits: { window: 90, windowBytes: 900, maxParked: 5 },
    events: { rejected: unheard, settledInVain: unheard, parked: unheard, ...events },
    onParked: (count) => parked.push(count),
  });
  test.after(() => source.close());
  return { source, eventsOf, parkedOf, parked, ...scene };
}

function many(name: string, count: number) {
  return Array.from({ length: count }, (_, index) => textMessage(`${name}${index}`));
}

async function all(source: MergedSource<MemberPlace>): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  for (;;) {
    const result = await source.next(ALL, NEVER);
    if (result.kind === 'end') return taken;
    if (result.kind === 'batch') taken.push(...result.deliveries);
  }
}

describe('inputs with names', () => {
  it('are at their end when each is', async (test) => {
    const { source } = inputs(test, { a: new Input(many('a', 3)), b: new Input(many('b', 9)) });
    await source.open();
    assert.equal((await all(source)).length, 12);
  });

  it('have the whole window for those that are not at their end', async (test) => {
    const members = { a: new Input([]), b: new Input([], { endless: true }) };
    const { source } = inputs(test, members);
    await source.open();
    assert.equal(members.b.limits?.window, 45);
    const waiting = assert.rejects(source.next(ALL, NEVER), { code: 'SESSION_CLOSED' });
    await settled();
    assert.equal(members.b.limits?.window, 90);
    await source.close();
    await waiting;
  });

  it('are asked whether messages may come unread', async (test) => {
    const members = { a: new Input(many('a', 1)), b: new Input([]) };
    const { source } = inputs(test, members);
    await source.open();
    await all(source);
    assert.deepEqual(members.a.demands[0], { deliveries: 50, bytes: 500_000, unread: true });
  });

  it('fail when one was given up and the others are at their end: not all was read', async (test) => {
    const { source, logger } = inputs(test, { a: missing(), b: new Input(many('b', 3)) });
    await source.open();
    const taken = await source.next(ALL, NEVER);
    assert.ok(taken.kind === 'batch');
    await assert.rejects(all(source), { code: 'QUEUE_INVALID' });
    assert.equal(source.givenUp, true);
    assert.deepEqual(
      logger.events('input-failed').map(({ fields }) => fields?.input),
      ['a'],
    );
  });

  it('are told of by their names, in the order of the file whoever had the last turn', async (test) => {
    const { source } = inputs(test, { a: new Input(many('a', 1), { endless: true }), b: new Input([]) });
    await source.open();
    assert.equal((await source.next(ALL, NEVER)).kind, 'batch');
    assert.deepEqual(
      source.facts().map(({ name, called }) => [name, called]),
      [
        ['a (fake source)', 'a'],
        ['b (fake source)', 'b'],
      ],
    );
  });

  it('count what is parked at each, also where one stands for several brokers', async (test) => {
    const told: (readonly [number, number | undefined])[] = [];
    const { source, eventsOf, parkedOf, parked } = inputs(
      test,
      { a: new Input([]), b: new Input([]) },
      { parked: (_name, at, everywhere) => told.push([at, everywhere]) },
    );
    await source.open();
    eventsOf.get('a')?.parked('x', 1);
    eventsOf.get('b')?.parked('y', 2, 5);
    parkedOf.get('b')?.(3);
    assert.deepEqual(
      [told, parked],
      [
        [
          [1, 1],
          [2, 6],
        ],
        [4],
      ],
    );
  });

  it('are closed after the question that is under way has come to something', async (test) => {
    const order: string[] = [];
    class Slow extends Input {
      override async next(_demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
        await new Promise<void>((resolve) => interrupt.addEventListener('abort', () => setImmediate(resolve)));
        order.push('answered');
        return { kind: 'idle', reason: 'interrupted' };
      }

      override close(): Promise<void> {
        order.push('closed');
        return super.close();
      }
    }
    const { source } = inputs(test, { a: new Slow([]) });
    await source.open();
    const waiting = assert.rejects(source.next(ALL, NEVER), { code: 'SESSION_CLOSED' });
    await settled();
    await source.close();
    await waiting;
    assert.deepEqual(order, ['answered', 'closed']);
  });
});
