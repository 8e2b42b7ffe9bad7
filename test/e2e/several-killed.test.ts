import assert from 'node:assert/strict';
import { it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { upTo } from '../support/scene.js';
import { SeveralScene } from '../support/several-scene.js';

const TRANSFERS = 30;
const MESSAGES = 40;

it('a process with thirty transfers, killed again and again, loses no message of any', async (test) => {
  const of = await SeveralScene.set(test);
  const { scene } = of;
  const names = upTo(TRANSFERS).map((number) => `t${number}`);
  for (const name of names) {
    of.mover(name, 'loop = true\nwindow = 5\n');
    scene.fill(`in-${name}`, MESSAGES);
  }
  const stored = () => names.reduce((sum, name) => sum + scene.stored(`out-${name}`).length, 0);
  for (const share of [0.1, 0.4, 0.7]) {
    const run = of.start();
    await eventually(() => stored() > share * TRANSFERS * MESSAGES);
    assert.equal((await run.stop('SIGKILL')).signal, 'SIGKILL');
  }
  const last = of.start();
  await eventually(() => names.every((name) => scene.stored(`in-${name}`).length === 0));
  assert.equal((await last.stop()).code, 0);
  for (const name of names) {
    assert.deepEqual([...new Set(scene.stored(`out-${name}`))], upTo(MESSAGES), name);
  }
});
