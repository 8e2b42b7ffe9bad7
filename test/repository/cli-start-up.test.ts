import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

const BUILT = join('dist', 'src');
const STATIC_IMPORT = /^(?:import|export)\s(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]/gm;

/** Everything that is loaded together with a built file: its static imports and theirs. */
function loadedWith(file: string): Set<string> {
  const loaded = new Set<string>();
  const visit = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const [, name = ''] of readFileSync(path, 'utf8').matchAll(STATIC_IMPORT)) {
      const target = name.startsWith('.') ? join(dirname(path), name) : name;
      if (name.startsWith('.') && existsSync(target)) visit(target);
      else loaded.add(name);
    }
  };
  visit(join(BUILT, file));
  return loaded;
}

/** What each start costs is decided by what it loads. */
const LIMITS: readonly [file: string, packages: readonly string[], files: number][] = [
  ['cli/main.js', [], 10],
  ['cli/help.js', [], 15],
  ['cli/command-line/option-command.js', ['commander'], 25],
  ['config/pid-options.js', [], 35],
  ['config/resolve-settings.js', [], 57],
  ['cli/check-command.js', [], 69],
];

describe('a start loads only what it needs', () => {
  for (const [file, packages, files] of LIMITS) {
    it(`${file} loads ${packages.join(', ') || 'no package'}`, () => {
      const loaded = [...loadedWith(file)];
      const named = loaded.filter((name) => !name.startsWith(BUILT) && !name.startsWith('node:'));
      assert.deepEqual(named, packages);
      assert.ok(loaded.length <= files, `${loaded.length} files`);
    });
  }
});
