import assert from 'node:assert/strict';
import { test } from 'node:test';
import { perlIsHere, readExpected, readSnippets, runInPerl } from '../support/perl-snippets.js';
import { runTranslated } from '../support/perl-translated.js';

test('perl is installed: these tests compare with it', () => {
  assert.ok(perlIsHere(), 'install perl with JSON::PP');
});

test('what is recorded of Perl is what Perl does, and what the translation does', async (t) => {
  const snippets = readSnippets();
  const expected = readExpected();
  const actual = runInPerl(snippets);
  for (const snippet of snippets) {
    await t.test(snippet.name, async () => {
      const { error: _, ...perl } = actual[snippet.name] ?? { printed: 'missing' };
      const { error: __, ...recorded } = expected[snippet.name] ?? { printed: 'not recorded' };
      const { error, ...translated } = await runTranslated(snippet);
      assert.deepEqual(perl, recorded);
      assert.deepEqual(translated, perl, error);
    });
  }
});
