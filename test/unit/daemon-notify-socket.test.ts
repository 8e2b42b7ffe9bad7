import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ServiceRequest, serviceRequest } from '../../src/daemon/notify-socket.js';

interface Case {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly request?: ServiceRequest;
  readonly trouble?: RegExp;
}

const NOTIFY_SOCKET = '/run/systemd/notify';
const unwatched = { socket: NOTIFY_SOCKET, watchdogMs: undefined };

const CASES: readonly Case[] = [
  { name: 'nobody asks', env: {} },
  { name: 'an empty NOTIFY_SOCKET', env: { NOTIFY_SOCKET: '', WATCHDOG_USEC: '1000000' } },
  { name: 'a path', env: { NOTIFY_SOCKET }, request: unwatched },
  {
    name: 'an abstract name',
    env: { NOTIFY_SOCKET: '@stompctl' },
    request: { socket: '@stompctl', watchdogMs: undefined },
  },
  {
    name: 'the longest path',
    env: { NOTIFY_SOCKET: `/${'n'.repeat(106)}` },
    request: { socket: `/${'n'.repeat(106)}`, watchdogMs: undefined },
  },
  {
    name: 'a path that is too long',
    env: { NOTIFY_SOCKET: `/${'n'.repeat(107)}` },
    trouble: /^NOTIFY_SOCKET\(\/n{106}…\): is longer than 107 bytes: .*unix socket$/,
  },
  {
    name: 'a path that is too long in bytes',
    env: { NOTIFY_SOCKET: `/${'é'.repeat(54)}` },
    trouble: /is longer than 107 bytes/,
  },
  {
    name: 'a relative path',
    env: { NOTIFY_SOCKET: 'notify' },
    trouble: /^NOTIFY_SOCKET\(notify\): is neither an absolute path nor an abstract name/,
  },
  { name: 'an @ without a name', env: { NOTIFY_SOCKET: '@' }, trouble: /is neither/ },
  {
    name: 'a watchdog',
    env: { NOTIFY_SOCKET, WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' },
    request: { socket: NOTIFY_SOCKET, watchdogMs: 30_000 },
  },
  { name: 'a watchdog of another', env: { NOTIFY_SOCKET, WATCHDOG_USEC: '1', WATCHDOG_PID: '43' }, request: unwatched },
  ...['0', '-1', '1e6', 'soon'].map((micros) => ({
    name: `a watchdog of ${micros}`,
    env: { NOTIFY_SOCKET, WATCHDOG_USEC: micros },
    request: unwatched,
    trouble: /^WATCHDOG_USEC\(.*\): is no number of microseconds/,
  })),
];

describe('what a service manager asks for', () => {
  for (const { name, env, request, trouble } of CASES) {
    it(name, () => {
      const troubles: string[] = [];
      const got = serviceRequest(env, 42, ({ code, message }) => {
        assert.equal(code, 'NOTIFY_FAILED');
        troubles.push(message);
      });
      assert.deepEqual(got, request);
      assert.equal(troubles.length, trouble === undefined ? 0 : 1);
      if (trouble !== undefined) assert.match(troubles.join(), trouble);
    });
  }
});
