import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OptionValue } from '../../src/config/options/option-reader.js';
import { examineCase } from '../support/config-case.js';

type ValueCase = readonly [text: string, expected: OptionValue | RegExp];

/** What each kind of option makes of a text, or the reason why it refuses it. */
const CASES: Readonly<Record<string, readonly ValueCase[]>> = {
  // boolean
  loop: [
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
    ['yes', /^x.conf:1: loop: must be one of true, false, 1, 0, not "yes"$/],
    ['True', /not "True"$/],
    ['""', /not ""$/],
  ],
  // number, fractional, of seconds
  'timeout-connect': [
    ['5', 5],
    ['0.5', 0.5],
    ['1e1', 10],
    ['-1', /^x.conf:1: timeout-connect: must be at least 0, not -1$/],
    ['5s', 5],
    ['5x', /^x.conf:1: timeout-connect: must be a number of seconds, or a time such as 250ms, 5m or 1h, not "5x"$/],
    ['0x10', /must be a number/],
    ['Infinity', /must be a number/],
    ['99999999', /must be at most 31536000, not 99999999$/],
  ],
  // whole number
  count: [
    ['10', 10],
    ['1.5', /^x.conf:1: count: must be a whole number, not 1.5$/],
    ['-3', /must be at least 0, not -3$/],
  ],
  'max-attempts': [['0', /^x.conf:1: max-attempts: must be at least 1, not 0$/]],
  // size
  'window-bytes': [
    ['65536', 65_536],
    ['64KiB', 65_536],
    ['64k', 65_536],
    ['1 MiB', 1_048_576],
    ['1.5M', 1_572_864],
    ['1GiB', 1_073_741_824],
    ['0', /must be at least 1, not 0$/],
    ['64KB', /^x.conf:1: window-bytes: must be a number of bytes such as 65536, 64KiB or 1MiB, not "64KB"$/],
    ['-1', /must be a number of bytes/],
  ],
  'max-message-size': [
    ['350MiB', 367_001_600],
    ['351MiB', /^x.conf:1: max-message-size: must be at most 367001600, not 368050176$/],
  ],
  // count
  debug: [
    ['2', 2],
    ['9', 3],
    ['x', /must be a number, not "x"$/],
  ],
  // choice
  sync: [
    ['message', 'message'],
    ['mesage', /^x.conf:1: sync: must be one of batch, message, none, not "mesage": did you mean "message"\?$/],
    ['42', /must be one of batch, message, none, not "42"$/],
  ],
  'incoming-broker-type': [['activemq', /not "activemq": did you mean "ActiveMQ"\?$/]],
  // words
  'incoming-broker-stomp-debug': [
    ['command header', ['command', 'header']],
    ['command,body', ['command', 'body']],
    ['all bdy', /must be one of api, .*, not "bdy": did you mean "body"\?$/],
  ],
  // text
  pidfile: [
    ['/run/x.pid', '/run/x.pid'],
    ['', /^x.conf:1: pidfile: is empty$/],
  ],
  // table with known keys
  'incoming-queue': [
    ['path=/q', { path: '/q' }],
    ['path=/q%20x maxlock=900', { path: '/q x', maxlock: 900 }],
    ['path=/q umask=18', { path: '/q', umask: 18 }],
    ['path=/q umask=022', { path: '/q', umask: 18 }],
    ['path=/q umask=0o22', { path: '/q', umask: 18 }],
    ['path=/q umask=0999', /"umask" must be a whole number \(octal after a leading zero\), not "0999"$/],
    ['type=DQS', /^x.conf:1: incoming-queue: "path" is missing$/],
    ['maxlock=5', /^x.conf:1: incoming-queue: "path" is missing$/],
    ['type=NULL', { type: 'NULL' }],
    ['path=/q compression=zlib', /^x.conf:1: incoming-queue: there is no "compression" here/],
    ['path=/q pth=/r', /^x.conf:1: incoming-queue: there is no "pth" here: did you mean "path"\?$/],
    ['path=/q type=DQX', /^x.conf:1: incoming-queue: "type" must be one of DQS, DQN, NULL, not "DQX"/],
    ['path=/q rndhex=16', /^x.conf:1: incoming-queue: "rndhex" must be at most 15, not 16$/],
    [
      'path=/q maxlock=x',
      /^x.conf:1: incoming-queue: "maxlock" must be a whole number \(octal after a leading zero\), not "x"$/,
    ],
    ['path=/q path=/r', /^x.conf:1: incoming-queue: "path" is given twice$/],
    ['path=', /^x.conf:1: incoming-queue: "path" is empty$/],
    ['/q', /^x.conf:1: incoming-queue: it has no "=": write KEY=VALUE pairs with blanks between/],
    ['path=/q x', /^x.conf:1: incoming-queue: word 2 of 2 has no "="/],
    ['path=%zz', /^x.conf:1: incoming-queue: a "%" must be followed by two hexadecimal digits: write %25/],
    ['path=%ff', /^x.conf:1: incoming-queue: the %-escapes are not UTF-8$/],
  ],
  'outgoing-queue': [
    ['path=/q compression=zlib!', { path: '/q', compression: 'zlib!' }],
    ['path=/q compression=lz4', /^x.conf:1: outgoing-queue: "compression" must be one of zlib, zlib!, not "lz4"/],
    ['path=/q max-elements=100', { path: '/q', 'max-elements': 100 }],
    ['path=/q max-elements=0', /^x.conf:1: outgoing-queue: "max-elements" must be at least 1, not 0$/],
    ['path=/q max-bytes=1.5MiB', { path: '/q', 'max-bytes': 1572864 }],
    ['path=/q max-bytes=some', /^x.conf:1: outgoing-queue: "max-bytes" must be a number of bytes such as 65536/],
    ['path=/q min-free=1GiB', { path: '/q', 'min-free': 1073741824 }],
    ['path=/q min-free=10%', { path: '/q', 'min-free': '10%' }],
    ['path=/q min-free=0.5%25', { path: '/q', 'min-free': '0.5%' }],
    ['path=/q min-free=100%', /^x.conf:1: outgoing-queue: "min-free" must be less than 100%, not "100%"$/],
    ['path=/q min-free=lots', /^x.conf:1: outgoing-queue: "min-free" must be a number of bytes such as 65536/],
  ],
  'tap-queue': [
    ['path=/q type=DQN', { path: '/q', type: 'DQN' }],
    ['path=/q type=NULL', /^x.conf:1: tap-queue: "type" must be one of DQS, DQN, not "NULL"$/],
    ['type=DQN', /^x.conf:1: tap-queue: "path" is missing$/],
  ],
  // table of any keys
  'callback-data': [
    ['a=1 b=x%3Dy', { a: '1', b: 'x=y' }],
    ['a=x=y', { a: 'x=y' }],
    ['', {}],
  ],
  // tables
  subscribe: [['destination=/queue/a', [{ destination: '/queue/a' }]]],
  unsubscribe: [['', [{}]]],
  // credentials
  'incoming-broker-auth': [
    ['none', [{ scheme: 'none' }]],
    ['plain name=system pass=a%20b', [{ scheme: 'plain', name: 'system', pass: 'a b' }]],
    ['"plain name=x pass="', [{ scheme: 'plain', name: 'x', pass: '' }]],
    [
      'plain name=x',
      /^x.conf:1: incoming-broker-auth: needs one of "pass", "pass-file", "pass-env", "pass-credential"$/,
    ],
    ['plain pass=x', /^x.conf:1: incoming-broker-auth: needs a "name"$/],
    ['plain name=x pass=y pass-file=z', /has both "pass" and "pass-file": keep one of them$/],
    ['plian name=x pass=y', /auth: "scheme" must be one of none, plain, x509: did you mean "plain"\?$/],
    ['plain name=x pas=s3cret', /auth: "pas" is not part of a credential of scheme plain: did you mean "pass"\?$/],
    [
      'plain user=x pass=y',
      /auth: "user" is not part of a credential of scheme plain, which may have name, pass, pass-file, pass-env, pass-credential$/,
    ],
    ['name=x pass=y', /must start with its scheme, as in "plain name=guest pass=secret"$/],
    ['plain name=x pass=s3cret s3cret2', /^x.conf:1: incoming-broker-auth: word 3 of 3 has no "="/],
  ],
};

for (const [name, cases] of Object.entries(CASES)) {
  describe(`the option ${name}`, () => {
    for (const [text, expected] of cases) {
      it(`${JSON.stringify(text)} is ${expected instanceof RegExp ? 'refused' : JSON.stringify(expected)}`, async (t) => {
        const { values, texts } = await examineCase(t, { file: `${name} = ${text}\n` });
        const reasons = texts.filter((reason) => reason.includes(`${name}:`));
        if (expected instanceof RegExp) {
          assert.equal(reasons.length, 1, reasons.join('; '));
          assert.match(reasons[0] ?? '', expected);
          assert.doesNotMatch(reasons[0] ?? '', /s3cret/);
        } else {
          assert.deepEqual(reasons, []);
          assert.deepEqual(plain(values.given.get(name)?.value), expected);
        }
      });
    }
  });
}

/** Without the missing prototypes of tables. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
