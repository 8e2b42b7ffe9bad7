import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Said, textMessage, withCallback } from '../support/callback-bench.js';

interface EndCase {
  readonly name: string;
  readonly code: string;
  readonly printed: string;
  readonly logged?: RegExp;
}

const PASS = 'sub check ($) { return($_[0]) }';

const CASES: EndCase[] = [
  {
    name: 'after stop, the last one first',
    code: `END { print("first\\n") }\n${PASS} END { print("last\\n") }\nsub stop () { print("stop\\n") }`,
    printed: 'stop\nlast\nfirst\n',
  },
  { name: 'without a stop', code: `${PASS}\nEND { print("end\\n") }`, printed: 'end\n' },
  {
    name: 'with what the code left in its variables',
    code: `my $count = 0;\nsub check ($) { $count++; return($_[0]) }\nEND { print("$count\\n") }`,
    printed: '1\n',
  },
  {
    name: 'though stop died',
    code: `${PASS}\nsub stop () { die("dead\\n") }\nEND { print("end\\n") }`,
    printed: 'end\n',
    logged: /stop failed: .*dead/,
  },
  {
    name: 'and tell of what they die',
    code: `${PASS}\nEND { die("dead\\n") }`,
    printed: '',
    logged: /stop failed: .*dead/,
  },
  { name: 'not in comments', code: `${PASS}\n# sub stop; END { print("end\\n") }\n`, printed: '' },
];

for (const { name, code, printed, logged } of CASES) {
  test(`END blocks run at the end: ${name}`, async () => {
    let said: Said = { printed: [], logged: [], rebuilt: [] };
    await withCallback(code, { language: 'perl' }, async (callback, heard) => {
      said = heard;
      await callback.process([textMessage()]);
      assert.deepEqual(heard.printed, []);
    });
    assert.equal(said.printed.join(''), printed);
    assert.match(said.logged.join('\n'), logged ?? /^$/);
  });
}

test('a text that looks like an END block is not changed behind the back of its author', async () => {
  const code = `my $awk = "\nEND { print }";\n${PASS}`;
  const opening = withCallback(code, { language: 'perl' }, async () => undefined);
  await assert.rejects(opening, /"END \{" begins a line inside of a text: put something before it/);
});
