import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInEngine } from '../support/perl-engine.js';
import { readExpected, readSnippets } from '../support/perl-snippets.js';

const expected = readExpected();

for (const snippet of readSnippets()) {
  test(`Perl: ${snippet.name}`, () => {
    const { error: _, ...wanted } = expected[snippet.name] ?? { printed: 'not recorded' };
    const { error, ...got } = runInEngine(snippet);
    assert.deepEqual(got, wanted, error);
  });
}
