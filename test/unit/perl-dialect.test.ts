import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readExpected, readSnippets } from '../support/perl-snippets.js';
import { runTranslated } from '../support/perl-translated.js';

const expected = readExpected();

for (const snippet of readSnippets()) {
  test(`Perl dialect: ${snippet.name}`, async () => {
    const { error: _, ...wanted } = expected[snippet.name] ?? { printed: 'not recorded' };
    const { error, ...got } = await runTranslated(snippet);
    assert.deepEqual(got, wanted, error);
  });
}
