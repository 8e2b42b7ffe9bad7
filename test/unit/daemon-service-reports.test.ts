import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pulse } from '../../src/daemon/pulse.js';
import { type ServiceLook, ServiceReports } from '../../src/daemon/service-reports.js';
import { ManualClock } from '../support/manual-clock.js';

const OPENING: ServiceLook = { ready: false, healthy: true, stopping: false, state: 'idle', text: 'idle: opening' };
const MOVING: ServiceLook = { ready: true, healthy: true, stopping: false, state: 'moving', text: 'moving: 1' };
const STUCK: ServiceLook = { ready: false, healthy: false, stopping: false, state: 'stuck', text: 'stuck: away' };
const STOPPING: ServiceLook = { ready: true, healthy: true, stopping: true, state: 'stopping', text: 'stopping: 1' };

function setUp(watchdogMs?: number) {
  const clock = new ManualClock();
  const sent: Readonly<Record<string, string>>[] = [];
  let look = OPENING;
  const reports = new ServiceReports({ clock, send: (news) => sent.push(news), watchdogMs });
  const tell = [(each: ServiceLook) => reports.look(each)];
  const pulse = new Pulse({ clock, look: () => look, stateOf: ({ state }) => state, tell });
  return {
    clock,
    start: () => pulse.start(Math.min(1000, reports.periodMs ?? 1000)),
    pulse,
    reports,
    /** what was told since it was asked last */
    news: () => sent.splice(0),
    is: (next: ServiceLook) => {
      look = next;
    },
  };
}

describe('what a service manager is told', () => {
  it('is ready once, when everything is open', () => {
    const { clock, news, is, start } = setUp();
    start();
    assert.deepEqual(news(), [{ STATUS: 'idle: opening' }]);
    is(MOVING);
    clock.skip(1000);
    assert.deepEqual(news(), [{ READY: '1', STATUS: 'moving: 1' }]);
    is(STUCK);
    clock.skip(1000);
    is(MOVING);
    clock.skip(1000);
    assert.deepEqual(news(), [{ STATUS: 'stuck: away' }, { STATUS: 'moving: 1' }]);
  });

  it('gets a text that changes all the time now and then, a state at once', () => {
    const { clock, news, is, start } = setUp();
    is(MOVING);
    start();
    news();
    for (let second = 1; second <= 30; second += 1) {
      is({ ...MOVING, text: `moving: ${second}` });
      clock.skip(1000);
    }
    assert.deepEqual(news(), [{ STATUS: 'moving: 15' }, { STATUS: 'moving: 30' }]);
    is(STUCK);
    clock.skip(1000);
    assert.deepEqual(news(), [{ STATUS: 'stuck: away' }]);
  });

  it('gets signs of life four times in the time of the watchdog, and none of a run that is stuck', () => {
    const { clock, news, is, start } = setUp(8000);
    is(MOVING);
    start();
    assert.deepEqual(news(), [{ READY: '1', STATUS: 'moving: 1', WATCHDOG: '1' }]);
    clock.skip(8000);
    assert.deepEqual(
      news(),
      [1, 2, 3, 4].map(() => ({ WATCHDOG: '1' })),
    );
    is(STUCK);
    clock.skip(60_000);
    assert.deepEqual(news(), [{ STATUS: 'stuck: away' }]);
    is(MOVING);
    clock.skip(1000);
    assert.deepEqual(news(), [{ STATUS: 'moving: 1', WATCHDOG: '1' }]);
  });

  it('looks more often for a watchdog of less than eight seconds', () => {
    const { clock, news, is, start } = setUp(400);
    is(MOVING);
    start();
    news();
    clock.skip(400);
    assert.equal(news().length, 4);
  });

  it('asks for more time while it drains', () => {
    const { clock, reports, news, is, start, pulse } = setUp();
    is(MOVING);
    start();
    news();
    is(STOPPING);
    pulse.beat();
    assert.deepEqual(news(), [{ STOPPING: '1', STATUS: 'stopping: 1', EXTEND_TIMEOUT_USEC: '30000000' }]);
    clock.skip(25_000);
    assert.deepEqual(news(), [{ EXTEND_TIMEOUT_USEC: '30000000' }, { EXTEND_TIMEOUT_USEC: '30000000' }]);
    reports.end('ended with exit code 0', true);
    clock.skip(60_000);
    assert.deepEqual(news(), [{ STATUS: 'ended with exit code 0' }]);
  });

  it('says that it was ready of a run that ended well before anybody looked', () => {
    const { reports, news, start } = setUp();
    start();
    news();
    reports.end('ended with exit code 0', true);
    assert.deepEqual(news(), [{ READY: '1' }, { STOPPING: '1', STATUS: 'ended with exit code 0' }]);
  });

  it('does not say so of one that failed', () => {
    const { reports, news, start } = setUp();
    start();
    news();
    reports.end('open: no', false);
    assert.deepEqual(news(), [{ STOPPING: '1', STATUS: 'open: no' }]);
  });

  it('is reloading until that is taken or refused, whatever the state is', () => {
    const { clock, reports, news, is, start } = setUp();
    is(MOVING);
    start();
    news();
    const before = process.hrtime.bigint() / 1000n;
    reports.reloading();
    const [reloading] = news();
    assert.deepEqual(Object.keys(reloading ?? {}), ['RELOADING', 'MONOTONIC_USEC']);
    const micros = BigInt(reloading?.MONOTONIC_USEC ?? '0');
    assert.ok(micros >= before && micros <= process.hrtime.bigint() / 1000n, String(micros));
    clock.skip(3000);
    assert.deepEqual(news(), []);
    reports.reloaded('HUP: refused');
    assert.deepEqual(news(), [{ READY: '1', STATUS: 'HUP: refused' }]);
  });

  it('is not reloading any more while it ends', () => {
    const { reports, news, is, start } = setUp();
    is(STOPPING);
    start();
    news();
    reports.reloading();
    reports.reloaded('HUP: taken');
    assert.deepEqual(news(), []);
  });

  it('gets a text on one line, of a limited length', () => {
    const { news, is, start } = setUp();
    is({ ...OPENING, text: `one\nREADY=1\n${'x'.repeat(1000)}` });
    start();
    const [{ STATUS: status = '' } = {}] = news();
    assert.match(status, /^one\\u000aREADY=1\\u000ax+…$/);
    assert.equal(status.length, 501);
  });
});
