import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { cleanEnvironment } from '../../src/command/clean-environment.js';
import { headerVariables } from '../../src/sinks/command/command-environment.js';

test('a command gets nothing of the environment but what every program needs', () => {
  const env = {
    PATH: '/bin',
    HOME: '/home/x',
    LC_ALL: 'C',
    SECRET: 's',
    LD_PRELOAD: '/evil.so',
    NODE_OPTIONS: '--inspect',
    CREDENTIALS_DIRECTORY: '/run/credentials',
    NOTIFY_SOCKET: '/run/notify',
    STOMPCTL_HEADER_A: 'not a header',
    TZ: undefined,
  };
  assert.deepEqual(cleanEnvironment(env, new Set()), { PATH: '/bin', HOME: '/home/x', LC_ALL: 'C' });
});

test('a variable that holds a password stays out, whatever it is called', () => {
  assert.deepEqual(Object.keys(cleanEnvironment({ LC_PASS: 'x', HOME: 'y', TZ: 'z' }, new Set(['LC_PASS', 'HOME']))), [
    'PATH',
    'TZ',
  ]);
});

test('without PATH there is the usual one: the current folder is not looked into', () => {
  assert.match(cleanEnvironment({}, new Set()).PATH ?? '', /^\/usr\/local\/sbin:.*:\/bin$/);
});

test('header names that are no names of variables are made such; of two that become the same the first counts', () => {
  const header = {
    destination: '/queue/q',
    'content-type': 'text/plain',
    'Content-Type': 'second',
    'a=b': 'equals',
    'é x\n': 'odd',
    '': 'empty name',
    '1': 'digit',
    __proto__x: 'p',
  };
  assert.deepEqual(headerVariables(header), {
    STOMPCTL_HEADER_1: 'digit',
    STOMPCTL_HEADER_DESTINATION: '/queue/q',
    STOMPCTL_HEADER_CONTENT_TYPE: 'text/plain',
    STOMPCTL_HEADER_A_B: 'equals',
    STOMPCTL_HEADER___X_: 'odd',
    STOMPCTL_HEADER_: 'empty name',
    STOMPCTL_HEADER___PROTO__X: 'p',
  });
});

test('a value with a NUL is the fault of its message', () => {
  assert.throws(
    () => headerVariables({ a: 'x\0y' }),
    (error) => error instanceof StompctlError && error.code === 'MESSAGE_BAD_HEADER',
  );
});
