import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';

const ROOT = new URL('../../../', import.meta.url);

async function eventsInSource(): Promise<Set<string>> {
  const events = new Set<string>();
  for (const name of await readdir(new URL('src/', ROOT), { recursive: true })) {
    if (!name.endsWith('.ts')) continue;
    const text = await readFile(new URL(`src/${name}`, ROOT), 'utf8');
    for (const match of text.matchAll(/(?:log|logger)\.(?:trace|debug|info|warn|error)\(\s*'([a-z][a-z-]*)'/g)) {
      events.add(match[1] ?? '');
    }
  }
  return events;
}

describe('docs/logs.md', () => {
  it('lists every event that the program logs', async () => {
    const text = await readFile(new URL('docs/logs.md', ROOT), 'utf8');
    const listed = new Set(
      [...text.matchAll(/^\| `([a-z-]+)` \| (?:error|warn|info|debug|trace)/gm)].map((row) => row[1]),
    );
    const missing = [...(await eventsInSource())].filter((event) => !listed.has(event));
    assert.deepEqual(missing, []);
  });
});
