import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceOf, visible } from '../../src/callback/cases/message-difference.js';
import { bytesMessage, textMessage } from '../support/callback-bench.js';

const LINES = Array.from({ length: 20 }, (_, number) => `line ${number}`);
const edited = (change: (lines: string[]) => void): string => {
  const lines = [...LINES];
  change(lines);
  return lines.join('\n');
};

test('equal messages have no difference', () => {
  assert.deepEqual(differenceOf(textMessage({ a: '1' }, 'x'), textMessage({ a: '1' }, 'x')), []);
});

test('headers: changed, removed, added; in the order of the first message', () => {
  const found = differenceOf(textMessage({ z: '1', a: '2', k: '3' }), textMessage({ new: '4', k: '3', a: '9' }));
  assert.deepEqual(found, ['- z: 1', '- a: 2', '+ a: 9', '  k: 3', '+ new: 4']);
});

test('a body shows its changes with three lines around each', () => {
  const after = edited((lines) => {
    lines.splice(15, 1);
    lines[4] = 'changed';
  });
  assert.deepEqual(differenceOf(textMessage({}, LINES.join('\n')), textMessage({}, after)), [
    '  ⋮',
    ...['1', '2', '3'].map((number) => `  | line ${number}`),
    '- | line 4',
    '+ | changed',
    ...['5', '6', '7'].map((number) => `  | line ${number}`),
    '  ⋮',
    ...['12', '13', '14'].map((number) => `  | line ${number}`),
    '- | line 15',
    ...['16', '17', '18'].map((number) => `  | line ${number}`),
    '  ⋮',
  ]);
});

test('lines in another order are a difference', () => {
  const found = differenceOf(textMessage({}, 'a\nb'), textMessage({}, 'b\na'));
  assert.deepEqual(found, ['- | a', '  | b', '+ | a']);
});

test('a body that comes or goes', () => {
  assert.deepEqual(differenceOf(textMessage({}, ''), textMessage({}, 'a')), ['+ | a']);
  assert.deepEqual(differenceOf(textMessage({}, 'a\nb'), textMessage({}, '')), ['- | a', '- | b']);
  assert.deepEqual(differenceOf(textMessage({}, 'a'), textMessage({}, 'a\n')), ['  | a', '+ | ']);
});

test('bytes are shown in hexadecimal, printable ones as text, and a change between the two as such', () => {
  const before = bytesMessage({}, Buffer.from([...Array(16).fill(0x41), 0, 1]));
  const after = bytesMessage({}, Buffer.from([...Array(16).fill(0x41), 0, 255]));
  assert.deepEqual(differenceOf(before, after), [
    '  00000000  41 41 41 41 41 41 41 41 41 41 41 41 41 41 41 41  |AAAAAAAAAAAAAAAA|',
    '- 00000010  00 01                                            |..|',
    '+ 00000010  00 ff                                            |..|',
  ]);
  assert.deepEqual(differenceOf(bytesMessage({}, Buffer.from('a')), textMessage({}, 'b')), [
    '- (not text)',
    '+ (text)',
    '- | a',
    '+ | b',
  ]);
});

test('a long difference ends early, and a large body takes no time to speak of', () => {
  const large = (word: string): string => Array.from({ length: 40_000 }, (_, n) => `${word} ${n}`).join('\n');
  const found = differenceOf(textMessage({}, large('old')), textMessage({}, large('new')));
  assert.equal(found.length, 201);
  assert.equal(found.at(-1), '  … 79800 more lines');
});

for (const [what, text, shown] of [
  ['an escape sequence', '\u001b[31m', '\\x1b[31m'],
  ['blanks at the end', 'a  ', 'a\\x20\\x20'],
  ['line ends and tabs', 'a\r\n\tb', 'a\\r\\n\\tb'],
  ['what turns the direction of writing', '\u202eabc', '\\u{202e}abc'],
  ['letters of any language', 'žluť 日本', 'žluť 日本'],
] as const) {
  test(`one line shows ${what} without harm`, () => {
    assert.equal(visible(text), shown);
  });
}
