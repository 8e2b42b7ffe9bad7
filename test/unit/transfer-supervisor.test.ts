import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { Supervisor } from '../../src/transfer/supervisor.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryLogger } from '../support/memory-logger.js';

const unreachable = () => new StompctlError('CONNECT_FAILED', 'connect', 'stomp://b:1', 'connection refused');
const nobodyThere = (errno = 'ECONNREFUSED') => {
  const cause = Object.assign(new Error(errno), { code: errno });
  return new StompctlError('CONNECT_FAILED', 'connect', 'stomp://b:1', errno, cause);
};
const refusedLogin = () => new StompctlError('LOGIN_REFUSED', 'connect', 'stomp://b:1', 'wrong password');

interface Plan {
  readonly attempts?: number;
  readonly bounded?: boolean;
  /** taken from the front, one an attempt */
  readonly failures: (StompctlError | undefined)[];
  readonly allRefused?: () => boolean;
  readonly delayMs?: number;
  readonly maxDelayMs?: number;
}

function setUp(options: Plan) {
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const openedAtMs: number[] = [];
  const { failures } = options;
  const end = {
    name: 'broker',
    async open() {
      openedAtMs.push(clock.monotonicMs());
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
    },
  };
  const supervisor = new Supervisor({
    delayMs: options.delayMs ?? 1000,
    maxDelayMs: options.maxDelayMs ?? 60_000,
    attempts: options.attempts,
    bounded: options.bounded ?? false,
    ...(options.allRefused && { allRefused: options.allRefused }),
    clock,
    logger,
    random: () => 1,
  });
  return { clock, logger, end, openedAtMs, supervisor };
}

describe('the supervisor', () => {
  it('keeps attempts 0.1 s apart after ten in a row, whatever delays are asked for', async () => {
    const failures = Array.from({ length: 30 }, unreachable);
    const { supervisor, clock, end, openedAtMs } = setUp({ failures, delayMs: 0, maxDelayMs: 0 });
    const opening = supervisor.open(end);
    await clock.advance(10_000);
    assert.equal(await opening, true);
    const delays = openedAtMs.slice(1).map((atMs, index) => atMs - (openedAtMs[index] ?? 0));
    assert.deepEqual(delays, [...Array(10).fill(0), ...Array(20).fill(100)]);
  });

  it('doubles its delays from 1 s to 60 s, first connection included', async () => {
    const { supervisor, clock, end, openedAtMs } = setUp({ failures: Array.from({ length: 9 }, unreachable) });
    const opening = supervisor.open(end);
    await clock.advance(400_000);
    assert.equal(await opening, true);
    const delays = openedAtMs.slice(1).map((atMs, index) => (atMs - (openedAtMs[index] ?? 0)) / 1000);
    assert.deepEqual(delays, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  for (const errno of ['ECONNREFUSED', 'EHOSTUNREACH']) {
    it(`knocks every 3 s where nobody listens, and counts and tells of no more attempts than else: ${errno}`, async () => {
      const failures = Array.from({ length: 100 }, () => nobodyThere(errno));
      const { supervisor, clock, end, openedAtMs, logger } = setUp({ failures });
      const opening = supervisor.open(end);
      await clock.advance(63_000);
      const delays = openedAtMs.slice(1).map((atMs, index) => atMs - (openedAtMs[index] ?? 0));
      assert.ok(
        delays.every((ms) => ms > 0 && ms <= 3000),
        String(delays),
      );
      const told = logger.events('open-retry').map(({ fields }) => fields.attempt);
      assert.deepEqual(told, [1, 2, 3, 4, 5, 6, 7]);
      assert.ok((supervisor.state.nextTryMs ?? Number.NaN) <= 3000);
      assert.equal(supervisor.state.attempt, 7);
      failures.length = 0;
      await clock.advance(3000);
      assert.equal(await opening, true);
    });
  }

  it('gives up where nobody listens after as many attempts, and as late, as else', async () => {
    const failures = Array.from({ length: 100 }, () => nobodyThere());
    const { supervisor, clock, end, openedAtMs } = setUp({ attempts: 5, failures });
    const opening = assert.rejects(supervisor.open(end), { code: 'CONNECT_FAILED' });
    await clock.advance(400_000);
    await opening;
    assert.equal(openedAtMs.at(-1), 15_000, '1 + 2 + 4 + 8');
  });

  it('knocks no more once somebody has answered: another broker of the list that refuses the login', async () => {
    const failures = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? refusedLogin() : nobodyThere()));
    const { supervisor, clock, end, openedAtMs } = setUp({ failures, allRefused: () => false });
    const opening = supervisor.open(end);
    await clock.advance(64_000);
    assert.deepEqual([...new Set(openedAtMs)], [0, 1000, 3000, 7000, 15_000, 31_000, 63_000]);
    supervisor.interrupt();
    assert.equal(await opening, false);
  });

  it('counts an end that is lost at once after each opening as away all the time', async () => {
    const { supervisor, clock, end } = setUp({ failures: [] });
    await supervisor.open(end);
    await clock.advance(10_000);
    for (const awayMs of [0, 1000, 3000]) {
      const opening = supervisor.open(end, unreachable());
      assert.equal(supervisor.state.awayMs, awayMs);
      await clock.advance(awayMs + 1000);
      assert.equal(await opening, true);
      assert.equal(supervisor.state.awayMs, undefined);
    }
  });

  it('counts one that was open for a while, or of use, as away since its loss', async () => {
    const { supervisor, clock, end } = setUp({ failures: [] });
    await supervisor.open(end);
    for (const meanwhile of [() => clock.advance(1000), async () => supervisor.succeeded()]) {
      await meanwhile();
      const opening = supervisor.open(end, unreachable());
      assert.equal(supervisor.state.awayMs, 0);
      await clock.advance(10_000);
      assert.equal(await opening, true);
    }
  });

  it('starts small again after 30 healthy seconds, not before', async () => {
    const { supervisor, clock, end, openedAtMs } = setUp({ failures: [unreachable(), unreachable()] });
    const first = supervisor.open(end);
    await clock.advance(3000);
    await first;
    await clock.advance(29_000);
    const second = supervisor.open(end, unreachable());
    await clock.advance(4000);
    await second;
    assert.equal(openedAtMs.at(-1), 36_000, 'the third delay is 4 s');
    await clock.advance(30_000);
    const third = supervisor.open(end, unreachable());
    await clock.advance(1000);
    await third;
    assert.equal(openedAtMs.at(-1), 67_000, 'the first delay again');
  });

  it('gives up with the last error when the attempts are used up', async () => {
    const { supervisor, clock, end, openedAtMs } = setUp({
      attempts: 3,
      failures: Array.from({ length: 9 }, unreachable),
    });
    const opening = assert.rejects(supervisor.open(end), { code: 'CONNECT_FAILED' });
    await clock.advance(400_000);
    await opening;
    assert.equal(openedAtMs.length, 3);
  });

  it('ends a bounded run at once when the login is refused', async () => {
    const { supervisor, end, openedAtMs } = setUp({ bounded: true, attempts: 10, failures: [refusedLogin()] });
    await assert.rejects(supervisor.open(end), { code: 'LOGIN_REFUSED' });
    assert.equal(openedAtMs.length, 1);
  });

  it('ends a bounded run at once when what to log in with cannot be read, unless it could be before', async () => {
    const unreadable = () => new StompctlError('CREDENTIAL_UNREADABLE', 'credential', '/p', 'no such file');
    const { supervisor, end, openedAtMs } = setUp({ bounded: true, attempts: 10, failures: [unreadable()] });
    await assert.rejects(supervisor.open(end), { code: 'CREDENTIAL_UNREADABLE' });
    assert.equal(openedAtMs.length, 1);

    const later = setUp({ bounded: true, attempts: 10, failures: [undefined, unreadable()] });
    await later.supervisor.open(later.end);
    const again = later.supervisor.open(later.end, unreachable());
    await later.clock.advance(60_000);
    assert.equal(await again, true);
  });

  it('tries a refused login of an endless run once a minute, and says so each time', async () => {
    const { supervisor, clock, end, openedAtMs, logger } = setUp({ failures: [refusedLogin(), refusedLogin()] });
    const opening = supervisor.open(end);
    await clock.advance(120_000);
    assert.equal(await opening, true);
    assert.deepEqual(openedAtMs, [0, 60_000, 120_000]);
    assert.match(logger.events('open-retry')[0]?.text ?? '', /wrong password; next attempt in 60\.0 s/);
  });

  it('does not try again what no attempt can mend', async () => {
    const noFolder = new StompctlError('QUEUE_INVALID', 'open', '/q', 'not a folder');
    const { supervisor, end, openedAtMs } = setUp({ failures: [noFolder] });
    await assert.rejects(supervisor.open(end), { code: 'QUEUE_INVALID' });
    assert.equal(openedAtMs.length, 1);
  });

  for (const code of ['QUEUE_PERMISSION', 'QUEUE_CANNOT_CREATE', 'QUEUE_MISSING'] as const) {
    const gone = () => new StompctlError(code, 'open', '/q', 'away');

    it(`waits for what somebody may mend when the run has no end, and says for what: ${code}`, async () => {
      const { supervisor, clock, end, openedAtMs } = setUp({ failures: [gone(), gone(), gone()] });
      const opening = supervisor.open(end);
      await clock.advance(500);
      assert.match(supervisor.waitingFor ?? '', /^broker: open\(\/q\): away$/);
      await clock.advance(10_000);
      assert.equal(await opening, true);
      assert.deepEqual([openedAtMs.length, supervisor.waitingFor], [4, undefined]);
    });

    it(`ends a bounded run at once because of it: ${code}`, async () => {
      const { supervisor, end, openedAtMs } = setUp({ bounded: true, attempts: 10, failures: [gone()] });
      await assert.rejects(supervisor.open(end), { code });
      assert.equal(openedAtMs.length, 1);
    });
  }

  const halfWritten = () => new StompctlError('CREDENTIAL_INVALID', 'connect', 'b', 'do not fit together');

  it('waits for a certificate that was replaced by one that is not whole, when the run has no end', async () => {
    for (const before of [[], [unreachable()]]) {
      const failures = [...before];
      const { supervisor, clock, end } = setUp({ failures });
      if (before.length === 0) await supervisor.open(end);
      failures.push(halfWritten(), halfWritten());
      const opening = before.length === 0 ? supervisor.open(end, unreachable()) : supervisor.open(end);
      await clock.advance(10_000);
      assert.equal(await opening, true);
    }
  });

  it('ends a run at once whose certificate is not whole from the first, and a bounded one always', async () => {
    const first = setUp({ failures: [halfWritten()] });
    await assert.rejects(first.supervisor.open(first.end), { code: 'CREDENTIAL_INVALID' });
    const { supervisor, clock, end } = setUp({ bounded: true, failures: [unreachable(), halfWritten()] });
    const opening = assert.rejects(supervisor.open(end), { code: 'CREDENTIAL_INVALID' });
    await clock.advance(1000);
    await opening;
  });

  it('tries the next broker of a list at once after a refused login, and ends a bounded run when all have refused', async () => {
    const answers = [false, false, true];
    const { supervisor, end, openedAtMs, logger } = setUp({
      bounded: true,
      failures: [refusedLogin(), refusedLogin(), refusedLogin()],
      allRefused: () => answers.shift() ?? true,
    });
    await assert.rejects(supervisor.open(end), { code: 'LOGIN_REFUSED' });
    assert.deepEqual(openedAtMs, [0, 0, 0]);
    assert.match(logger.events('open-retry')[0]?.text ?? '', /wrong password; trying the next broker of the list/);
  });

  it('counts only sessions without progress as failed attempts', async () => {
    const { supervisor, clock, end } = setUp({ attempts: 3, bounded: true, failures: [] });
    assert.equal(await supervisor.open(end), true);
    for (let session = 0; session < 10; session += 1) {
      supervisor.succeeded();
      const opening = supervisor.open(end, unreachable());
      await clock.advance(1000);
      assert.equal(await opening, true);
    }
    const barren = async () => {
      const opening = supervisor.open(end, unreachable()).catch((error: StompctlError) => error.code);
      await clock.advance(5000);
      return opening;
    };
    assert.deepEqual([await barren(), await barren(), await barren()], [true, true, 'CONNECT_FAILED']);
  });

  it('resolves false at once when interrupted while it waits, and leaves no timer', async () => {
    const { supervisor, clock, end } = setUp({ failures: [unreachable()] });
    const opening = supervisor.open(end);
    await clock.advance(500);
    supervisor.interrupt();
    assert.equal(await opening, false);
    assert.equal(clock.pending, 0);
  });

  it('resolves false at once when interrupted while an attempt is under way', async () => {
    const { supervisor } = setUp({ failures: [] });
    const opening = supervisor.open({ name: 'silent broker', open: () => new Promise(() => undefined) });
    supervisor.interrupt();
    assert.equal(await opening, false);
  });
});
