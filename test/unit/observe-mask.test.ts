import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { maskText, safeField } from '../../src/observe/mask.js';

describe('masking a text', () => {
  for (const [name, text, masked] of [
    ['nothing secret', 'connected to broker', 'connected to broker'],
    ['a URI without user', 'stomp://host:61613/x', 'stomp://host:61613/x'],
    ['a URI with a user only', 'stomp://me@host', 'stomp://me@host'],
    ['a URI with a password', 'to stomp://me:pw@host:61613 now', 'to stomp://me:***@host:61613 now'],
    ['a password with an @', 'stomp://me:p@w@host', 'stomp://me:***@host'],
    ['a password with a colon', 'stomp://me:p:w@host', 'stomp://me:***@host'],
    ['an empty user', 'stomp://:pw@host', 'stomp://:***@host'],
    ['two URIs', 'failover:(ssl://a:b@c,ssl://d:e@f)', 'failover:(ssl://a:***@c,ssl://d:***@f)'],
    ['an @ in the path only', 'ws://host:80/a@b', 'ws://host:80/a@b'],
    ['a query', 'ws://host/?user=me&password=pw&x=1', 'ws://host/?user=me&password=***&x=1'],
    ['a credential', 'plain name=me pass=a%20b', 'plain name=me pass=***'],
    ['a frame', 'CONNECT\nlogin:me\npasscode:pw\nhost:/', 'CONNECT\nlogin:me\npasscode:***\nhost:/'],
    ['a quoted value', 'pass = "a b" x', 'pass = *** x'],
    ['a word that only begins so', 'pass 1 of 2, passing=3', 'pass 1 of 2, passing=3'],
  ] as const) {
    it(name, () => {
      assert.equal(maskText(text), masked);
      assert.equal(maskText(masked), masked, 'masking twice changes nothing');
    });
  }
});

describe('masking headers', () => {
  it('hides secret names in any case, and URIs', () => {
    const masked = safeField({ login: 'me', Passcode: 'pw', uri: 'ssl://a:b@c', host: '/' });
    assert.deepEqual(masked, { login: 'me', Passcode: '***', uri: 'ssl://a:***@c', host: '/' });
  });
});

describe('a field of a log line', () => {
  it('never holds bytes', () => {
    assert.deepEqual(safeField({ body: Buffer.from('secret') }), { body: '(6 bytes)' });
  });

  it('spells an error out, with its causes and masked', () => {
    const cause = Object.assign(new Error('connect to ssl://a:b@c'), { code: 'ECONNREFUSED' });
    const error = new StompctlError('CONNECT_FAILED', 'connect', 'x', 'refused', cause);
    assert.deepEqual(safeField(error), {
      message: 'connect(x): refused',
      code: 'CONNECT_FAILED',
      cause: { message: 'connect to ssl://a:***@c', code: 'ECONNREFUSED' },
    });
  });

  it('gives the stack of an error that is not expected', () => {
    const fields = safeField(new TypeError('x is not a function')) as Record<string, string>;
    assert.match(String(fields.stack), /^TypeError: x is not a function\n {4}at /);
  });

  it('is bounded in length, depth and number', () => {
    assert.ok(String(safeField('x'.repeat(100_000))).length < 2100);
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    assert.ok(JSON.stringify(safeField(loop)).length < 100);
    assert.equal((safeField(Array(1000).fill(1)) as unknown[]).length, 50);
  });

  it('has no part of a secret where it is cut', () => {
    const cut = `${'x'.repeat(1985)} amqp://me:s3cret-w0rd@h`;
    for (const field of [cut, new StompctlError('INTERNAL', 'a', 'b', cut), new Error(cut)]) {
      assert.ok(!JSON.stringify(safeField(field)).includes('s3c'));
    }
  });

  it('turns what JSON cannot hold into text', () => {
    assert.deepEqual(safeField({ big: 12n, run: () => 1, date: new Date(0), bad: new Date(Number.NaN) }), {
      big: '12',
      run: '(function)',
      date: '1970-01-01T00:00:00.000Z',
      bad: '(no date)',
    });
  });
});
