import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const TEXT = readFileSync(join(ROOT, 'docs', 'stomp-conformance.md'), 'utf8');

describe('docs/stomp-conformance.md', () => {
  // `FILE`: *title*, *title*
  const references = [...TEXT.matchAll(/`([\w/.-]+\.test\.ts)`: ((?:\*[^*]+\*(?:, )?)+)/g)];

  it('names tests', () => assert.ok(references.length > 30, String(references.length)));

  for (const [, file = '', titles = ''] of references) {
    for (const [, title = ''] of titles.matchAll(/\*([^*]+)\*/g)) {
      it(`names ${file}: ${title}`, () => {
        const source = readFileSync(join(ROOT, 'test', file), 'utf8');
        assert.ok(source.includes(title), `no test of that title in ${file}`);
      });
    }
  }
});
