import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInEngine } from '../support/perl-engine.js';
import { perlIsHere, readExpected, readSnippets, runInPerl } from '../support/perl-snippets.js';

test('perl is installed: these tests compare with it', () => {
  assert.ok(perlIsHere(), 'install perl with JSON::PP');
});

test('what is recorded of Perl is what Perl does, and what the engine does', async (t) => {
  const snippets = readSnippets();
  const expected = readExpected();
  const actual = runInPerl(snippets);
  for (const snippet of snippets) {
    await t.test(snippet.name, () => {
      const { error: _, ...perl } = actual[snippet.name] ?? { printed: 'missing' };
      const { error: __, ...recorded } = expected[snippet.name] ?? { printed: 'not recorded' };
      const { error, ...ours } = runInEngine(snippet);
      assert.deepEqual(perl, recorded);
      assert.deepEqual(ours, perl, error);
    });
  }
});
