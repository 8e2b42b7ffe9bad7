import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { groupState } from '../../src/members/member-group.js';
import type { MemberPlace } from '../../src/members/member-watch.js';
import { SpreadSink } from '../../src/members/spread-sink.js';
import type { MemberFacts } from '../../src/transfer/verdict.js';
import { fakeAlias } from '../support/fake-alias.js';
import { brokerError, FakeSink, lost, outcomes, textMessage } from '../support/fake-ends.js';

function spread(test: TestContext, members: Readonly<Record<string, FakeSink>>, attempts?: number) {
  const { options, partsOf, ...scene } = fakeAlias(members, attempts);
  const make = ({ key }: MemberPlace) => {
    const { end, parts } = partsOf(key);
    return { sink: end, ...parts };
  };
  const sink = new SpreadSink<MemberPlace>({ ...options, make });
  test.after(() => sink.close());
  return { sink, ...scene };
}

describe('a sink that is spread', () => {
  it('is open as soon as one member is', async (test) => {
    const members = { a: new FakeSink(), b: new FakeSink() };
    members.a.openFailures = [lost()];
    const { sink, clock } = spread(test, members);
    await sink.open();
    const ended = outcomes(sink, ['1', '2']);
    await clock.advance(0);
    assert.deepEqual([...ended.values()], ['safe', 'safe']);
    assert.deepEqual([members.a.safe, members.b.safe], [[], ['1', '2']]);
    await clock.advance(1000);
    assert.equal(sink.facts().filter(({ phase }) => phase === 'open').length, 2);
  });

  it('moves what was unsettled at a lost member once, and tells of it the second time', async (test) => {
    const silent = () => 'silent' as const;
    const members = { a: new FakeSink(silent), b: new FakeSink(silent), c: new FakeSink(silent) };
    const { sink, clock } = spread(test, members);
    const gone: string[] = [];
    await sink.open((error) => gone.push(error.code));
    await clock.advance(0);
    const ended = outcomes(sink, ['1']);
    const first = Object.values(members).find(({ sent }) => sent.length === 1);
    assert.ok(first !== undefined);
    first.endSession();
    await clock.advance(0);
    const second = Object.values(members).find((member) => member !== first && member.sent.length === 1);
    assert.ok(second !== undefined, 'another has it now');
    assert.equal(ended.size, 0);
    second.endSession();
    await clock.advance(0);
    assert.deepEqual([...ended], [['1', 'SESSION_LOST']]);
    assert.deepEqual(gone, [], 'one is still up');
    for (const member of Object.values(members)) if (member !== first && member !== second) member.endSession();
    assert.deepEqual(gone, ['SESSION_LOST'], 'now none is');
  });

  it('tells at once when a broker said ERROR, which another need not say as well', async (test) => {
    const members = { a: new FakeSink(() => brokerError()), b: new FakeSink(() => brokerError()) };
    const { sink, clock } = spread(test, members);
    await sink.open();
    await clock.advance(0);
    const ended = outcomes(sink, ['1']);
    await clock.advance(0);
    assert.deepEqual([...ended], [['1', 'BROKER_ERROR']]);
    assert.equal(members.a.sent.length + members.b.sent.length, 1);
  });

  it('sends a message that one member has refused to another', async (test) => {
    const refused = new StompctlError('MESSAGE_REFUSED', 'send', 'a', 'no');
    const members = { a: new FakeSink(() => refused), b: new FakeSink() };
    const { sink, clock } = spread(test, members);
    await sink.open();
    await clock.advance(0);
    const messages = ['1', '2', '3', '4'].map(textMessage);
    const results = await Promise.allSettled(messages.map((message) => sink.send(message)));
    await clock.advance(60_000);
    const again = messages.filter((_, index) => results[index]?.status === 'rejected');
    assert.ok(again.length > 0);
    await Promise.all(again.map((message) => sink.send(message)));
    assert.deepEqual([...members.b.safe].sort(), ['1', '2', '3', '4']);
  });

  it('closes a member that has left once what it has is safe; nothing goes there any more', async (test) => {
    const members = { a: new FakeSink(), b: new FakeSink() };
    const { sink, clock, alias } = spread(test, members);
    await sink.open();
    await clock.advance(0);
    alias.keys = ['b'];
    await clock.advance(60_000);
    assert.deepEqual([members.a.closed, members.b.closed], [1, 0]);
    outcomes(sink, ['1', '2']);
    await clock.advance(0);
    assert.deepEqual(members.b.safe, ['1', '2']);
  });

  it('says that it is lost when the only member that was up has left', async (test) => {
    const members = { a: new FakeSink(), b: new FakeSink() };
    members.b.openFailures = Array.from({ length: 1000 }, lost);
    const { sink, clock, alias } = spread(test, members);
    const gone: string[] = [];
    await sink.open((error) => gone.push(error.code));
    alias.keys = ['b'];
    await clock.advance(60_000);
    assert.deepEqual(gone, ['SESSION_CLOSED']);
    members.b.openFailures = [];
    const opened = sink.open();
    await clock.advance(60_000);
    await opened;
    const ended = outcomes(sink, ['1']);
    await clock.advance(0);
    assert.deepEqual([...ended], [['1', 'safe']]);
  });

  it('fails to open, for good, when every member was given up', async (test) => {
    const members = { a: new FakeSink(), b: new FakeSink() };
    for (const member of Object.values(members)) member.openFailures = [lost(), lost()];
    const { sink, clock, logger } = spread(test, members, 2);
    const opened = assert.rejects(sink.open(), { code: 'SESSION_LOST' });
    await clock.advance(60_000);
    await opened;
    assert.equal(sink.givenUp, true);
    assert.equal(logger.events('member-failed').length, 2);
  });

  it('moves nothing to another member that was given back', async (test) => {
    const members = { a: new FakeSink(() => 'silent'), b: new FakeSink(() => 'silent') };
    const { sink, clock } = spread(test, members);
    await sink.open();
    await clock.advance(0);
    const ended = outcomes(sink, ['1', '2']);
    await clock.advance(0);
    await sink.recall();
    members.a.endSession();
    await clock.advance(0);
    assert.equal(ended.size, 1);
    assert.equal(members.a.sent.length + members.b.sent.length, 2);
  });

  it('opens a member again that was lost before it was known to be open', async (test) => {
    const member = new FakeSink();
    const { sink, clock } = spread(test, { a: member });
    const gone: string[] = [];
    const opened = sink.open((error) => gone.push(error.code));
    while (member.opened === 0) await Promise.resolve();
    member.endSession();
    await clock.advance(5000);
    await opened;
    assert.equal(member.opened, 2);
    await clock.advance(0);
    assert.equal(sink.facts()[0]?.phase, 'open');
  });

  it('gives a member that joins later the delays that were set meanwhile', async (test) => {
    const members = { a: new FakeSink(), b: new FakeSink() };
    members.b.openFailures = [lost()];
    const { sink, clock, alias } = spread(test, members);
    alias.keys = ['a'];
    await sink.open();
    sink.configure({ delayMs: 30_000, maxDelayMs: 60_000, attempts: undefined, bounded: false });
    alias.keys = ['a', 'b'];
    await clock.advance(60_000);
    await clock.advance(2000);
    assert.equal(members.b.opened, 1);
    await clock.advance(30_000);
    assert.equal(members.b.opened, 2);
  });

  it('gives up opening when it is closed', async (test) => {
    const member = new FakeSink();
    member.openFailures = Array.from({ length: 1000 }, lost);
    const { sink, clock } = spread(test, { a: member });
    const opened = assert.rejects(sink.open(), { code: 'SESSION_CLOSED' });
    await clock.advance(1000);
    await sink.close();
    await opened;
  });
});

describe('the state of a group', () => {
  const own = { phase: 'open', attempt: 0 } as const;
  const up: MemberFacts = { name: 'a', phase: 'open', attempt: 0, opened: 2, inFlight: 3, messages: 7 };
  const error = { code: 'CONNECT_FAILED', message: 'refused', agoMs: 500 };
  const away = (awayMs: number): MemberFacts => ({
    ...{ name: 'b', phase: 'waiting', attempt: 4, opened: 1, awayMs, nextTryMs: awayMs / 10, lastError: error },
    inFlight: 0,
    messages: 0,
  });

  it('is that of one end that is open while one member is', () => {
    const state = groupState(own, [away(5000), up]);
    assert.deepEqual([state.phase, state.attempt, state.awayMs, state.opened], ['open', 0, undefined, 3]);
    assert.equal(state.members?.length, 2);
  });

  it('is away for as long as all members are', () => {
    const state = groupState(own, [away(5000), away(3000)]);
    assert.deepEqual([state.phase, state.attempt, state.awayMs, state.nextTryMs], ['waiting', 4, 3000, 300]);
    assert.deepEqual(state.lastError, error);
  });

  it('is its own while it waits itself, or is not wanted', () => {
    for (const phase of ['waiting', 'closed'] as const) assert.equal(groupState({ ...own, phase }, [up]).phase, phase);
  });
});
