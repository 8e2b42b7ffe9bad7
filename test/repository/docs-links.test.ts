import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGES = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)];

/** Paths from the root that a page links. */
function linksOf(page: string, text: string): string[] {
  return [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((match) => join(dirname(page), match[1] ?? ''));
}

for (const page of PAGES.filter((name) => name.endsWith('.md'))) {
  test(`${page} names only files that are there`, () => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const paths = [...text.matchAll(/`((?:src|test|docs|etc|systemd|bench)\/[\w./@-]+)`/g)].map(
      (match) => match[1] ?? '',
    );
    const missing = [...linksOf(page, text), ...paths].filter((path) => !existsSync(join(ROOT, path)));
    assert.deepEqual(missing, []);
  });
}

/** What `npm pack` takes: of package.json, and what it always takes. */
function packaged(path: string): boolean {
  const { files }: { files: string[] } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const taken = [...files, 'package.json', 'README.md', 'LICENSE'];
  return taken.some((entry) => path === entry || path.startsWith(`${entry}/`));
}

const PACKAGED = [...PAGES, 'CHANGELOG.md'].filter((name) => name.endsWith('.md') && packaged(name));

for (const page of PACKAGED) {
  test(`${page} in the npm package links only what is there too`, () => {
    const missing = linksOf(page, readFileSync(join(ROOT, page), 'utf8')).filter((path) => !packaged(path));
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
