import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { load } from 'js-yaml';
import { readCases } from '../../src/callback/cases/read-cases.js';
import { runCases } from '../../src/callback/cases/run-cases.js';
import { Rules } from '../../src/callback/rules/rules.js';
import { withCallback } from '../support/callback-bench.js';

const DOCS = readFileSync(path.resolve(import.meta.dirname, '../../../docs/callbacks.md'), 'utf8');

/** A block of code in the document, and the cases in the comments right after it. */
const BLOCKS = [...DOCS.matchAll(/```(js|perl|yaml)\n([\s\S]*?)```\n((?:<!-- case: .* -->\n)*)/g)].map(
  ([, language = '', code = '', comments = '']) => ({
    language,
    code,
    cases: [...comments.matchAll(/<!-- case: (.*) -->/g)].map(([, json = '']) => JSON.parse(json)),
  }),
);

const sink = {
  name: 'memory',
  open: async () => undefined,
  send: async () => undefined,
  flush: async () => undefined,
  close: async () => undefined,
};

test('the document has recipes in both languages', () => {
  assert.ok(BLOCKS.filter(({ language }) => language === 'js').length >= 8);
  assert.ok(BLOCKS.filter(({ language }) => language === 'perl').length >= 5);
});

for (const { language, code, cases } of BLOCKS) {
  test(`docs/callbacks.md, ${language}: ${code.split('\n')[0]}`, async () => {
    assert.ok(cases.length > 0, 'the block has no case');
    const read = readCases(cases);
    const differences = async (checks: Parameters<typeof runCases>[1]): Promise<void> => {
      for (const { name, difference } of await runCases(read, checks)) assert.deepEqual(difference, [], name);
    };
    if (language === 'yaml') return differences(Rules.open((load(code) as { rewrite: unknown }).rewrite));
    await withCallback(code, { data: { path: '/var/spool/tap', type: 'DQS' }, openTap: async () => sink }, differences);
  });
}
