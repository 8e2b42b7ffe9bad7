import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import type { Delivery } from '../../src/flow/delivery.js';
import type { Demand, SourceLimits, SourceResult, TunableSource } from '../../src/flow/source.js';
import type { MemberPlace } from '../../src/members/member-watch.js';
import { MergedSource } from '../../src/members/merged-source.js';
import { fakeAlias } from '../support/fake-alias.js';
import { FakeSource, lost, textMessage } from '../support/fake-ends.js';
import { settled } from '../support/manual-clock.js';

const NEVER = new AbortController().signal;
const ALL: Demand = { deliveries: 100, bytes: 1_000_000 };

/** A fake that has the same ids as every other one. */
class Member extends FakeSource implements TunableSource {
  limits: SourceLimits | undefined;

  tune(limits: SourceLimits): void {
    this.limits = limits;
  }

  override async next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    const result = await super.next(demand, interrupt);
    if (result.kind !== 'batch') return result;
    return {
      kind: 'batch',
      deliveries: result.deliveries.map((delivery, index) => ({ ...delivery, id: `id-${index}` })),
    };
  }
}

function merged(test: TestContext, members: Readonly<Record<string, Member>>, attempts?: number) {
  const { options, partsOf, ...scene } = fakeAlias(members, attempts);
  const unheard = () => undefined;
  const source = new MergedSource<MemberPlace>({
    ...options,
    make: ({ key }) => {
      const { end, parts } = partsOf(key);
      return { source: end, ...parts };
    },
    limits: { window: 90, windowBytes: 900, maxParked: 5 },
    events: { rejected: unheard, settledInVain: unheard, parked: unheard },
    onParked: unheard,
  });
  test.after(() => source.close());
  return { source, ...scene };
}

function many(name: string, count: number) {
  return Array.from({ length: count }, (_, index) => textMessage(`${name}${index}`));
}

/** Takes until `count` are there. */
async function take(source: MergedSource<MemberPlace>, count: number, demand = ALL): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  while (taken.length < count) {
    const result = await source.next(
      { ...demand, deliveries: Math.min(demand.deliveries, count - taken.length) },
      NEVER,
    );
    if (result.kind === 'batch') taken.push(...result.deliveries);
  }
  return taken;
}

describe('a merged source', () => {
  it('takes a message of each member in turn, though one has many more', async (test) => {
    const members = { a: new Member(many('a', 90), { endless: true }), b: new Member(many('b', 5), { endless: true }) };
    const { source } = merged(test, members);
    await source.open();
    const first = await take(source, 12);
    const names = first.map(({ name }) => name[0]).join('');
    assert.equal(names.match(/b/g)?.length, 5, names);
    assert.doesNotMatch(names.slice(0, names.lastIndexOf('b')), /aaa/);
  });

  it('gives no more than is asked for, in messages and in bytes, but always one', async (test) => {
    const { source } = merged(test, { a: new Member(many('a', 9)), b: new Member(many('b', 9)) });
    await source.open();
    assert.equal((await take(source, 3, { deliveries: 3, bytes: 1000 })).length, 3);
    const result = await source.next({ deliveries: 9, bytes: 1 }, NEVER);
    assert.ok(result.kind === 'batch');
    assert.equal(result.deliveries.length, 1);
  });

  it('settles each delivery at the member that it is of, and tells equal ids of two members apart', async (test) => {
    const members = { a: new Member(many('a', 1), { endless: true }), b: new Member(many('b', 1), { endless: true }) };
    const { source } = merged(test, members);
    await source.open();
    const taken = await take(source, 2);
    assert.equal(new Set(taken.map(({ id }) => id)).size, 2);
    for (const delivery of taken) delivery.ack();
    assert.deepEqual([...members.a.settledAs], [['a0', 'ack']]);
    assert.deepEqual([...members.b.settledAs], [['b0', 'ack']]);
  });

  it('divides the window among the members that it has', async (test) => {
    const members = { a: new Member([], { endless: true }), b: new Member([], { endless: true }) };
    const { source, alias, clock } = merged(test, members);
    await source.open();
    assert.deepEqual(members.a.limits, { window: 45, windowBytes: 450, maxParked: 5 });
    alias.keys = ['b'];
    await clock.advance(60_000);
    assert.deepEqual(members.b.limits, { window: 90, windowBytes: 900, maxParked: 5 });
    source.tune({ window: 10, windowBytes: 100, maxParked: 7 });
    assert.deepEqual(members.b.limits, { window: 10, windowBytes: 100, maxParked: 7 });
  });

  it('closes a member that has left once what came of it is settled, or the time for that is over', async (test) => {
    const members = { a: new Member(many('a', 3), { endless: true }), b: new Member(many('b', 3), { endless: true }) };
    const { source, alias, clock } = merged(test, members);
    await source.open();
    const taken = await take(source, 6);
    alias.keys = ['b'];
    await clock.advance(60_000);
    assert.deepEqual([members.a.closed, source.facts().length], [0, 2]);
    for (const delivery of taken) if (delivery.name.startsWith('a')) delivery.ack();
    await clock.advance(0);
    assert.deepEqual([members.a.closed, source.facts().length], [1, 1]);
    alias.keys = [];
    await clock.advance(60_000);
    assert.equal(members.b.closed, 0, 'an alias without addresses tells nobody to leave');
  });

  it('gives back what it was handed and nobody took', async (test) => {
    const member = new Member(many('a', 10), { endless: true });
    const { source } = merged(test, { a: member });
    await source.open();
    const [taken] = await take(source, 1, { deliveries: 1, bytes: 1000 });
    const rest = source.next({ deliveries: 9, bytes: 1000 }, NEVER);
    await source.close();
    await assert.rejects(
      rest.then(() => source.next(ALL, NEVER)),
      { code: 'SESSION_CLOSED' },
    );
    taken?.ack();
    assert.equal(member.settledAs.get('a0'), 'ack');
    assert.equal(member.closed, 1);
  });

  const failing = () => {
    const member = new Member([], { endless: true });
    member.failures = [lost()];
    return member;
  };

  it('goes on without a member that no attempt will help', async (test) => {
    const members = { a: failing(), b: new Member(many('b', 3), { endless: true }) };
    const { source, logger } = merged(test, members, 1);
    await source.open();
    assert.equal((await take(source, 3)).length, 3);
    const waiting = source.next(ALL, NEVER);
    await settled();
    assert.equal(logger.events('member-failed').length, 1);
    assert.equal(source.givenUp, false);
    await source.close();
    await assert.rejects(waiting, { code: 'SESSION_CLOSED' });
  });

  it('fails when no attempt will help any of them', async (test) => {
    const { source } = merged(test, { a: failing(), b: failing() }, 1);
    await source.open();
    await assert.rejects(source.next(ALL, NEVER), { code: 'SESSION_LOST' });
    assert.equal(source.givenUp, true);
  });

  it('fails at once where the run must end, though other members are up', async (test) => {
    const parked = new StompctlError('TOO_MANY_PARKED', 'next', 'a', 'set failure-queue');
    const members = { a: new Member([], { endless: true }), b: new Member([], { endless: true }) };
    members.a.failures = [parked];
    const { source } = merged(test, members);
    await source.open();
    await assert.rejects(source.next(ALL, NEVER), { code: 'TOO_MANY_PARKED' });
  });
});
