import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGES = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)];

for (const page of PAGES.filter((name) => name.endsWith('.md'))) {
  test(`${page} names only files that are there`, () => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((match) =>
      join(dirname(page), match[1] ?? ''),
    );
    const paths = [...text.matchAll(/`((?:src|test|docs|etc|systemd|bench)\/[\w./@-]+)`/g)].map(
      (match) => match[1] ?? '',
    );
    const missing = [...links, ...paths].filter((path) => !existsSync(join(ROOT, path)));
    assert.deepEqual(missing, []);
  });
}

test('docs/security.md names only tests that are there', () => {
  const text = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');
  const named = [...text.matchAll(/`([a-z0-9-]+\/[a-z0-9-]+)`/g)].map(([, name = '']) => `test/${name}.test.ts`);
  assert.ok(named.length > 20);
  assert.deepEqual(
    named.filter((path) => !existsSync(join(ROOT, path))),
    [],
  );
});
