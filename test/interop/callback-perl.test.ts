import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInCallback } from '../support/perl-callback.js';
import { readCorpus } from '../support/perl-corpus.js';
import { DIFFERENCES } from '../support/perl-differences.js';
import { forgiving, type Result, runInPerl } from '../support/perl-oracle.js';

const AT_ONCE = 3;
const snippets = readCorpus();
const known = new Set(DIFFERENCES.flatMap((difference) => difference.snippets));
/** what the answer to a snippet that is refused by design must say */
const sentences = new Map(
  DIFFERENCES.flatMap(({ refused, snippets: names }) =>
    refused === undefined ? [] : names.map((name) => [name, refused.sentence] as const),
  ),
);

test('each known difference is of snippets that are there', () => {
  const names = new Set(snippets.map(({ name }) => name));
  assert.deepEqual(
    [...known].filter((name) => !names.has(name)),
    [],
  );
});

test('no two snippets have one name', () => {
  const names = snippets.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
});

test('callbacks do what they do under stompclt', { concurrency: AT_ONCE }, async (t) => {
  const inPerl = runInPerl(snippets);
  let alike = 0;
  await Promise.all(
    snippets.map((snippet) =>
      t.test(snippet.name, async () => {
        const expected = inPerl.get(snippet.name);
        const found = forgiving(await runInCallback(snippet), expected);
        if (known.has(snippet.name)) {
          assert.notDeepEqual(found, expected, 'no longer differs: take it out of the table of known differences');
          const sentence = sentences.get(snippet.name);
          if (sentence !== undefined)
            assert.ok(
              told(found).some((text) => sentence.test(text)),
              'refused without a word',
            );
          return;
        }
        assert.deepEqual(found, expected);
        alike += 1;
      }),
    ),
  );
  const refused = `${sentences.size} refused by design, ${known.size - sentences.size} known to differ`;
  t.diagnostic(`${alike} of ${snippets.length} snippets as under stompclt, ${refused}`);
});

/** Everything that a user is told: errors, and the lines of the log. */
function told({ open, steps, stop, logged }: Result): string[] {
  const errors = steps.map((step) => (step.kind === 'reject' ? step.error : ''));
  return [open ?? '', ...errors, stop ?? '', ...logged.split('\n')];
}
