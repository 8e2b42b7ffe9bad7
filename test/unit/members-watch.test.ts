import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { type Found, type MemberPlace, MemberWatch, MOST_MEMBERS } from '../../src/members/member-watch.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryLogger } from '../support/memory-logger.js';

const places = (...keys: string[]): Found<MemberPlace> => ({
  places: keys.map((key) => ({ key })),
  incomplete: undefined,
});
const gone = new StompctlError('CONFIG_NOT_FOUND', 'read', 'brokers', 'no such file');

function watching(first: Found<MemberPlace> | Error) {
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const script = { answer: first };
  const changes: string[] = [];
  const lookUp = async () => {
    if (script.answer instanceof Error) throw script.answer;
    return script.answer;
  };
  const watch = new MemberWatch<MemberPlace>(
    { name: 'broker alias', lookUp, intervalMs: 1000, clock, logger },
    ({ joined, left }) => changes.push(`${joined.map(({ key }) => `+${key}`)}${left.map((key) => `-${key}`)}`),
  );
  return { watch, clock, logger, script, changes };
}

describe('the watch over an alias', () => {
  it('tells who has joined and who has left, and nothing while nothing changes', async () => {
    const { watch, clock, script, changes } = watching(places('a', 'b'));
    await watch.start();
    await clock.advance(3000);
    script.answer = places('b', 'c');
    await clock.advance(1000);
    assert.deepEqual(changes, ['+a,+b', '+c-a']);
    watch.stop();
    script.answer = places('d');
    await clock.advance(5000);
    assert.equal(changes.length, 2);
    assert.equal(clock.pending, 0);
  });

  it('rejects while nobody is known, as the look-up does, and may be started again', async () => {
    const { watch, script, changes } = watching(gone);
    await assert.rejects(watch.start(), { code: 'CONFIG_NOT_FOUND' });
    script.answer = places();
    await assert.rejects(watch.start(), { code: 'HOST_UNKNOWN' });
    script.answer = places('a');
    await watch.start();
    assert.deepEqual(changes, ['+a']);
    watch.stop();
  });

  it('keeps who is known when a look-up fails, finds nobody, or only a part', async () => {
    const { watch, clock, logger, script, changes } = watching(places('a', 'b'));
    await watch.start();
    const unknown = new StompctlError('HOST_UNKNOWN', 'look up', 'x', 'ENOTFOUND');
    for (const answer of [gone, places(), { ...places('a', 'c'), incomplete: unknown }]) {
      script.answer = answer;
      await clock.advance(3000);
    }
    assert.deepEqual(changes, ['+a,+b', '+c']);
    assert.equal(logger.events('members-unknown').length, 3, 'each is told once');
    watch.stop();
  });

  it('speaks to no more members than there may be', async () => {
    const many = places(...Array.from({ length: 100 }, (_, index) => `m${index}`));
    const { watch, clock, script, changes, logger } = watching(many);
    await watch.start();
    assert.equal(changes[0]?.split(',').length, MOST_MEMBERS);
    await clock.advance(3000);
    const [told, ...again] = logger.events('members-left-out');
    assert.match(told?.text ?? '', /^broker alias: a session with 64 of them, .* and none with 36 more; .*name fewer/);
    assert.deepEqual([told?.level, again], ['warn', []]);
    script.answer = places('m1');
    await clock.advance(1000);
    script.answer = many;
    await clock.advance(1000);
    assert.equal(logger.events('members-left-out').length, 2);
    watch.stop();
  });
});
