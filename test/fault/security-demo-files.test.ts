import assert from 'node:assert/strict';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setDemoScene } from '../../src/cli/demo-scene.js';

function modeOf(path: string): string {
  return (lstatSync(path).mode & 0o7777).toString(8);
}

test('what the demo makes is for its user alone, even where the umask allows everything', async (t) => {
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const scene = await setDemoScene();
  t.after(() => scene.remove());
  assert.equal(modeOf(scene.folder), '700');
  const passwords = readdirSync(scene.folder).filter((name) => name.endsWith('.pass'));
  assert.deepEqual(passwords.sort(), ['receiver.pass', 'sender.pass']);
  for (const name of passwords) assert.equal(modeOf(join(scene.folder, name)), '600');
  for (const { path } of Object.values(scene.configurations)) assert.equal(modeOf(path), '600');
});
