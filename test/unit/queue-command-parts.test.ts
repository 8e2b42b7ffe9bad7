import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { HeaderMatch } from '../../src/cli/queue/header-match.js';
import { headerText, readHeaders, terminalText } from '../../src/cli/queue/header-text.js';
import { ageText } from '../../src/cli/queue/list-command.js';
import { parseQueueArguments } from '../../src/cli/queue/queue-arguments.js';
import { QUEUE_COMMANDS } from '../../src/cli/queue/queue-commands.js';
import { linesOf } from '../../src/message/json-lines.js';
import { Message, newHeader } from '../../src/message/message.js';

describe('lines of an input, however it is cut', () => {
  const text = 'one\n\n  \r\nzwölf\r\nlonger than ten\nlast';
  const expected = [
    { number: 1, bytes: 'one' },
    { number: 4, bytes: 'zwölf\r' },
    { number: 5, bytes: undefined },
    { number: 6, bytes: 'last' },
  ];
  const bytes = Buffer.from(text);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    it(`after ${cut} bytes`, async () => {
      const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)].filter((piece) => piece.length > 0);
      const found: unknown[] = [];
      for await (const line of linesOf(Readable.from(pieces, { objectMode: false }), 'x', 10)) {
        found.push({ number: line.number, bytes: line.bytes?.toString() });
      }
      assert.deepEqual(found, expected);
    });
  }
});

describe('--match', () => {
  const message = new Message(newHeader({ destination: '/queue/a', 'x-empty': '', __proto__x: '1' }));
  const CASES: readonly [texts: readonly string[], matches: boolean][] = [
    [[], true],
    [['destination=a'], true],
    [['destination=^a'], false],
    [['destination=/queue/[ab]$'], true],
    [['destination=='], false],
    [['x-empty='], true],
    [['x-none='], false],
    [['constructor='], false],
    [['destination=a', 'destination=b'], false],
    [['destination=a', 'x-empty=^$'], true],
  ];
  for (const [texts, matches] of CASES) {
    it(`${JSON.stringify(texts)} ${matches ? 'matches' : 'does not'}`, () => {
      assert.equal(new HeaderMatch(texts).matches(message), matches);
    });
  }

  for (const text of ['', 'a', '=a', 'a=[', 'a=\\', `a=${'x'.repeat(1001)}`]) {
    it(`${JSON.stringify(text.slice(0, 10))} is refused`, () => {
      assert.throws(() => new HeaderMatch([text]), { code: 'USAGE' });
    });
  }

  it('an expression that takes for ever is stopped', () => {
    const slow = new HeaderMatch(['a=^(a+)+$']);
    assert.throws(() => slow.matches(new Message(newHeader({ a: `${'a'.repeat(50)}!` }))), {
      code: 'USAGE',
      message: /takes more than \d+ ms on one message/,
    });
  });
});

describe('--header', () => {
  it('is split at the first =, and taken as it is', () => {
    assert.deepEqual({ ...readHeaders(['a=1', 'b=x=y%20z', 'c=']) }, { a: '1', b: 'x=y%20z', c: '' });
  });
  for (const texts of [['a'], ['=1'], ['a=1', 'a=2']]) {
    it(`${texts.join(' ')} is refused`, () => assert.throws(() => readHeaders(texts), { code: 'USAGE' }));
  }
});

describe('what a terminal is shown', () => {
  it('headers on one line, without control characters', () => {
    assert.equal(headerText('a\n\x1b[31mž\\\u2028\x9b'), 'a\\n\\x1b[31mž\\\\\\x2028\\x9b');
  });
  it('bodies with their lines, without other control characters', () => {
    assert.equal(terminalText('a\n\tb\r\x1b]0;x\x07'), 'a\n\tb\\x0d\\x1b]0;x\\x07');
  });
  it('ages', () => {
    const ages = [0, 59, 60, 3599, 3600, 86_399, 86_400, 400 * 86_400].map((age) => ageText(Date.now() - age * 1000));
    assert.deepEqual(ages, ['0s', '59s', '1m00s', '59m59s', '1h00m', '23h59m', '1d0h', '400d0h']);
    assert.equal(ageText(Date.now() + 5000), '0s');
  });
});

describe('arguments of queue commands', () => {
  it('options before and after operands, with one dash or two, repeated', () => {
    const args = ['-header', 'a=1', '/q', '--header=b=2', '--type', 'DQN', '--', '--text'];
    const parsed = parseQueueArguments(QUEUE_COMMANDS.add, args);
    assert.deepEqual([parsed?.path, parsed?.operands], ['/q', ['--text']]);
    assert.deepEqual(parsed?.values('header'), ['a=1', 'b=2']);
    assert.deepEqual([parsed?.type(), parsed?.has('text')], ['DQN', false]);
  });
  it('numbers are decimal, or octal after a zero', () => {
    const umask = (text: string) => parseQueueArguments(QUEUE_COMMANDS.add, ['/q', '--umask', text])?.number('umask');
    assert.deepEqual([umask('18'), umask('022'), umask('0')], [18, 18, 0]);
    for (const text of ['x', '-1', '1.5', '']) assert.throws(() => umask(text), { code: 'USAGE' });
  });
  it('help is asked for', () => assert.equal(parseQueueArguments(QUEUE_COMMANDS.add, ['--help']), undefined));
});
