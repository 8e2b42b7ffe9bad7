import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { normalizeArguments } from '../../src/cli/command-line/arguments.js';
import { COMMANDS } from '../../src/cli/command-line/commands.js';
import { parseArguments } from '../../src/cli/command-line/option-command.js';

const NORMAL: readonly [given: readonly string[], normal: readonly string[]][] = [
  [['--config', 'F'], ['--config=F']],
  [['-config', 'F'], ['--config=F']],
  [['-config=F'], ['--config=F']],
  [['--conf', 'F'], ['--config=F']],
  [['--cfg=F'], ['--config=F']],
  [['-c', '5'], ['--count=5']],
  [['-c=5'], ['--count=5']],
  [['--callback-code', '--x = 1'], ['--callback-code=--x = 1']],
  [
    ['--callback-code', '--', '--loop'],
    ['--callback-code=--', '--loop'],
  ],
  [['--callback-code', 'a\nb'], ['--callback-code=a\nb']],
  [['--callback-code=a=b\nc'], ['--callback-code=a=b\nc']],
  [['--unsubscribe', ''], ['--unsubscribe=']],
  [['--config-general', '-AutoTrue -LowerCaseNames'], ['--config-general=-AutoTrue -LowerCaseNames']],
  [['--timeout-connect', '-1'], ['--timeout-connect=-1']],
  [['--loop'], ['--loop']],
  [['-loop'], ['--loop']],
  [['--no-loop'], ['--no-loop']],
  [['--noloop'], ['--no-loop']],
  [['-noloop'], ['--no-loop']],
  [['-no-heart-beat'], ['--no-heart-beat']],
  [['--loop=true'], ['--loop']],
  [['--loop=0'], ['--no-loop']],
  [['-s'], ['--statistics']],
  [['-d'], ['--debug']],
  [
    ['-d', '-d'],
    ['--debug', '--debug'],
  ],
  [['-ddd'], ['--debug', '--debug', '--debug']],
  [['--debug=2'], ['--debug', '--debug']],
  [['-h'], ['--help']],
  [['-?'], ['--help']],
  [['-l'], ['--list']],
  [['-m'], ['--manual']],
  [
    ['--wind', '5'],
    ['--wind', '5'],
  ],
  [['-x'], ['-x']],
  [['--window'], ['--window']],
  [
    ['FILE', '--', '-x', '--loop'],
    ['FILE', '--', '-x', '--loop'],
  ],
];

describe('arguments are rewritten into one form', () => {
  for (const [given, normal] of NORMAL) {
    it(JSON.stringify(given), () => assert.deepEqual(normalizeArguments(given), normal));
  }

  it('options of the command itself keep theirs', () => {
    assert.deepEqual(normalizeArguments(['-raw', '--json', 'F'], ['raw', 'json']), ['--raw', '--json', 'F']);
  });
});

describe('arguments are parsed', () => {
  const parse = (...args: string[]): Record<string, readonly string[]> =>
    Object.fromEntries(parseArguments(COMMANDS.run, args).options);

  it('repeated options keep every value, in order', () => {
    assert.deepEqual(parse('--subscribe', 'a=1', '--subscribe=b=2'), { subscribe: ['a=1', 'b=2'] });
  });

  it('of a boolean the last word counts', () => {
    assert.deepEqual(parse('--loop', '--no-loop'), { loop: ['false'] });
    assert.deepEqual(parse('--no-loop', '--loop'), { loop: ['true'] });
  });

  it('-d counts', () => assert.deepEqual(parse('-d', '-dd'), { debug: ['3'] }));

  it('what is not given is not there', () => assert.deepEqual(parse(), {}));

  const REFUSED: readonly [args: readonly string[], message: string][] = [
    [['--windo', '5'], `option(--windo): there is no such option: did you mean --window?; see "stompctl --help"`],
    [['--wind=5'], `option(--wind): there is no such option: did you mean --window?; see "stompctl --help"`],
    [['--foo'], `option(--foo): there is no such option; see "stompctl --help"`],
    [['-V'], `option(-V): there is no such option: did you mean --version?; see "stompctl --help"`],
    [['--zzzzz'], `option(--zzzzz): there is no such option; see "stompctl --help"`],
    [['--window'], `option(--window): needs a value; see "stompctl --help"`],
    [['--no-window'], `option(--no-window): there is no such option: did you mean --window?; see "stompctl --help"`],
  ];
  for (const [args, message] of REFUSED) {
    it(`${JSON.stringify(args)} is refused`, () => {
      assert.throws(() => parseArguments(COMMANDS.run, args), { code: 'USAGE', message });
    });
  }
});
