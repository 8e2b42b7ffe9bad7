import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { ERROR_KINDS } from '../../src/base/errors.js';

describe('docs/errors.md', () => {
  it('lists exactly the error codes, each with its action and exit code', async () => {
    const text = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
    const listed = [...text.matchAll(/^\| `([A-Z_]+)` \| (\w+), (\d+) \|/gm)].map((row) => row.slice(1, 4).join(' '));
    const known = Object.entries(ERROR_KINDS).map(([code, { action, exit }]) => `${code} ${action} ${exit}`);
    assert.deepEqual(listed.sort(), known.sort());
  });
});
