import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandTextError, parseCommand, shellMark } from '../../src/base/command-words.js';
import { StompctlError } from '../../src/base/errors.js';
import { argumentsFor } from '../../src/sinks/command/command-input.js';

const HEADER = { host: 'a b', empty: '', 'x:y': 'colon', dash: '-rf', percent: '%{host}' };

const READ: Readonly<Record<string, readonly string[]>> = {
  '/bin/true': ['/bin/true'],
  ' /bin/echo  one\ttwo\nthree ': ['/bin/echo', 'one', 'two', 'three'],
  'echo \'a "b" \\c\' "d \'e\' \\" f"': ['echo', 'a "b" \\c', `d 'e' " f`],
  'echo a\\ b \\\\ \\%{host}': ['echo', 'a b', '\\', 'a b'],
  'echo \'\' ""': ['echo', '', ''],
  'echo %{host}': ['echo', 'a b'],
  'echo --host=%{host}/%{dash}.': ['echo', '--host=a b/-rf.'],
  'echo %{nothing:-else} %{nothing:-} %{empty:-no}': ['echo', 'else', '', ''],
  'echo %{x:y}': ['echo', 'colon'],
  'echo %%{host} 100% %h %{percent}': ['echo', '%{host}', '100%', '%h', '%{host}'],
  'echo $HOME | cat > x; `id` *': ['echo', '$HOME', '|', 'cat', '>', 'x;', '`id`', '*'],
};

for (const [text, words] of Object.entries(READ)) {
  test(`${JSON.stringify(text)} is read as words, and headers stay one argument each`, () => {
    assert.deepEqual(argumentsFor(parseCommand(text), HEADER), words);
  });
}

for (const [text, mark] of [
  ['cat a | wc -l', '|'],
  ['cat a > b', '>'],
  ['a 2>/dev/null', '2>'],
  ['sort < a', '<'],
  ['make && make install', '&&'],
  ['a; b', ';'],
  ['ls *.txt', '*'],
  ['echo $HOME', '$HOME'],
  [`sh -c 'a | b; c > $D/* && d'`, undefined],
  ['cut -d "|" -f 1', undefined],
  ['find . -exec a \\;', undefined],
  ['curl http://h/?a=b&c=d --user %{user}', undefined],
] as const) {
  test(`${text} ${mark === undefined ? 'is as a shell would have it' : `has ${mark}, which a shell would read`}`, () => {
    assert.equal(shellMark(text), mark);
  });
}

const REFUSED: Readonly<Record<string, RegExp>> = {
  '': /names no program/,
  '   ': /names no program/,
  "''": /names no program/,
  'echo "a': /a " is not closed/,
  "echo 'a": /a ' is not closed/,
  'echo a\\': /ends in a backslash/,
  'echo %{host': /has no "}"/,
  'echo %{}': /names no header/,
  '%{host} a': /cannot come from a header/,
  '/bin/%{host:-x}': /cannot come from a header/,
  'echo a\0b': /NUL/,
};

for (const [text, reason] of Object.entries(REFUSED)) {
  test(`${JSON.stringify(text)} is refused: ${reason.source}`, () => {
    assert.throws(
      () => parseCommand(text),
      (error) => error instanceof CommandTextError && reason.test(error.message),
    );
  });
}

test('a header that an argument needs and the message has not, or with a NUL, is the message at fault', () => {
  for (const [header, reason] of [
    [{}, /is missing/],
    [{ host: 'a\0b' }, /NUL/],
  ] as const) {
    assert.throws(
      () => argumentsFor(parseCommand('echo %{host}'), header),
      (error) => error instanceof StompctlError && error.code === 'MESSAGE_BAD_HEADER' && reason.test(error.message),
    );
  }
});
