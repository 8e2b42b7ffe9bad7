import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMMANDS } from '../../src/cli/command-line/commands.js';
import { parseArguments } from '../../src/cli/command-line/option-command.js';
import { brokerArguments, loginOf, secondsOf } from '../../src/cli/shell/broker-arguments.js';
import { resolveBroker } from '../../src/config/resolve-broker.js';

const URI = 'stomp://localhost:61613';

function sendArguments(...args: readonly string[]) {
  return brokerArguments(COMMANDS.send, parseArguments(COMMANDS.send, args));
}

function receiveArguments(...args: readonly string[]) {
  return brokerArguments(COMMANDS.receive, parseArguments(COMMANDS.receive, args));
}

describe('the operands of send and receive', () => {
  it('are URI, DESTINATION and, to send, a file', () => {
    const { uri, destination, file, header } = sendArguments(URI, '/queue/a', '-', '--header', 'a=1', '-header=b=2=3');
    assert.deepEqual([uri, destination, file, { ...header }], [URI, '/queue/a', '-', { a: '1', b: '2=3' }]);
  });

  const WRONG: readonly [string, () => unknown, RegExp][] = [
    ['no broker', () => sendArguments(), /send\(\): say which broker: stompctl send URI DESTINATION \[FILE\]/],
    ['no destination', () => sendArguments(URI), /send\(URI\): say which destination/],
    ['an empty destination', () => sendArguments(URI, ''), /say which destination/],
    ['one too many', () => sendArguments(URI, 'a', 'b', 'c'), /argument\(c\): is not expected here/],
    ['a file to receive', () => receiveArguments(URI, 'a', 'b'), /argument\(b\): is not expected here/],
    ['an option of a run', () => sendArguments(URI, 'a', '--loop'), /--loop\): is not for "stompctl send"/],
    [
      'an option of the other side',
      () => receiveArguments(URI, 'a', '--outgoing-broker-type', 'UNKNOWN'),
      /is not for/,
    ],
    ['a header without a value', () => sendArguments(URI, 'a', '--header', 'x'), /"x" is not NAME=VALUE/],
    ['a header given twice', () => sendArguments(URI, 'a', '--header', 'x=1', '--header', 'x=2'), /"x" is given twice/],
    ['a flag that it has not', () => sendArguments(URI, 'a', '--no-ack'), /there is no such option/],
    ['a misspelt flag', () => receiveArguments(URI, 'a', '--folow'), /did you mean --follow\?/],
  ];
  for (const [name, run, message] of WRONG) {
    it(`${name} is refused`, () => assert.throws(run, { code: 'USAGE', message }));
  }
});

describe('the flags of receive', () => {
  it('--no-ack is off unless it is given', () => {
    assert.deepEqual([...receiveArguments(URI, 'a').parsed.flags], []);
    assert.deepEqual([...receiveArguments(URI, 'a', '--no-ack').parsed.flags], ['no-ack']);
  });

  it('--timeout is a number of seconds', () => {
    const timeout = (text: string) => secondsOf(receiveArguments(URI, 'a', '--timeout', text).parsed, 'timeout', 5);
    assert.equal(timeout('0.2501'), 251);
    assert.equal(secondsOf(receiveArguments(URI, 'a').parsed, 'timeout', 5), 5000);
    for (const text of ['0', '-1', 'x', '1e3', '', '1000001']) {
      assert.throws(() => timeout(text), { code: 'USAGE', message: /--timeout\): must be a number of seconds/ }, text);
    }
  });
});

describe('what send logs in with', () => {
  const login = (...args: readonly string[]) => loginOf(sendArguments(URI, 'a', ...args).parsed);

  it('is nothing, a user, a certificate, or both', () => {
    assert.deepEqual(login(), []);
    assert.deepEqual(login('--user', 'me', '--pass-env', 'P', '--ca', 'ca.pem'), [
      { scheme: 'plain', fields: { name: 'me', 'pass-env': 'P' } },
      { scheme: 'x509', fields: { ca: 'ca.pem' } },
    ]);
  });

  const WRONG: readonly [readonly string[], RegExp][] = [
    [['--user', 'me'], /--user\): needs --pass-file or --pass-env/],
    [['--pass-file', 'f'], /--pass-file\): needs --user/],
    [['--user', 'me', '--pass-file', 'f', '--pass-env', 'P'], /--pass-env\): excludes --pass-file/],
    [['--key', 'k'], /--key\): needs --cert/],
    [['--pass', 'hush'], /there is no such option/],
  ];
  for (const [args, message] of WRONG) {
    it(`${args.join(' ')} is refused`, () => assert.throws(() => login(...args), { code: 'USAGE', message }));
  }

  const resolved = (uri: string, options: ReadonlyMap<string, readonly string[]> = new Map()) =>
    resolveBroker({ side: 'outgoing', uri, login: [], options }, {}, () => undefined);

  it('is never a password on the command line', async () => {
    for (const auth of ['plain name=me pass=hush', 'x509 cert=c pass=hush']) {
      const refused = resolved(URI, new Map([['outgoing-broker-auth', [auth]]]));
      await assert.rejects(refused, (error: Error) => {
        assert.match(error.message, /a password on the command line can be read by every user/);
        assert.doesNotMatch(error.message, /hush/);
        return true;
      });
    }
  });

  it('is never a password in the URI, which is not repeated', async () => {
    await assert.rejects(resolved('stomp://me:hush@localhost:61613'), (error: Error) => {
      assert.match(error.message, /name and password do not belong in the URI/);
      assert.doesNotMatch(error.message, /hush/);
      return true;
    });
  });

  it('has blanks, percent signs and the like as they are', async () => {
    const fields = { name: 'a b%c=d', 'pass-file': '/tmp/ä ö' };
    const login = [{ scheme: 'plain', fields }] as const;
    const { sink } = await resolveBroker(
      { side: 'outgoing', uri: URI, login, options: new Map() },
      {},
      () => undefined,
    );
    assert.ok(sink.kind === 'broker');
    assert.deepEqual(
      sink.broker.auth.map((auth) => ({ ...auth.fields })),
      [fields],
    );
  });
});
