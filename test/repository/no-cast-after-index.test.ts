import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const SRC = join(import.meta.dirname, '../../../src');
/** What may be undefined, said not to be: `list[0] as T`, `map.get(key) as T`, `list.shift() as T`. */
const CAST = /(?:\]|\.(?:get|at|shift|pop|find)\([^()]*\)) as (?!const\b)/;

// noUncheckedIndexedAccess is answered by a check, a default that is meant, or an iterator
test('nothing in src casts what an index or a look-up gave', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  assert.ok(files.length > 200);
  const casts = files.flatMap((name) =>
    readFileSync(join(SRC, name), 'utf8')
      .split('\n')
      .flatMap((line, index) => (CAST.test(line) ? [`${name}:${index + 1}: ${line.trim()}`] : [])),
  );
  assert.deepEqual(casts, []);
});
