import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemFiles } from '../../src/base/file-system.js';
import { SkipList } from '../../src/sources/queue/skip-list.js';
import { ManualClock } from '../support/manual-clock.js';
import { openSource, PLENTY } from '../support/queue-ends.js';
import { tempFolder } from '../support/temp-folder.js';

/** more than can be remembered */
const BAD = 10_020;

function info(ino: number) {
  return { ino, size: 3, modifiedMs: 0, regular: true };
}

const none = () => false;

describe('elements of no use', () => {
  it('are each told once, however many they are, and those beyond the room are known as such', () => {
    const skips = new SkipList();
    let told = 0;
    for (let pass = 0; pass < 5; pass += 1) {
      skips.beginPass(none);
      for (let ino = 0; ino < BAD; ino += 1) {
        const name = `e${ino}`;
        if (skips.rests(name, pass) || skips.has(name, info(ino), pass)) continue;
        if (skips.add(name, info(ino), pass)) told += 1;
      }
    }
    assert.equal(told, BAD);
    assert.equal(skips.isFull, true);
  });

  it('are not forgotten while they are tried again, however many passes that takes: the delay doubles', () => {
    const skips = new SkipList();
    let nowMs = 0;
    for (const delayMs of [1000, 2000, 4000]) {
      assert.equal(skips.add('e', info(1), nowMs), delayMs === 1000, 'told once');
      assert.equal(skips.has('e', info(1), nowMs + delayMs - 1), true);
      nowMs += delayMs;
      assert.equal(skips.has('e', info(1), nowMs), false);
      for (let pass = 0; pass < 5; pass += 1) skips.beginPass((name) => name === 'e');
    }
  });

  it('are forgotten once they are gone, which makes room', () => {
    const skips = new SkipList();
    skips.beginPass(none);
    for (let ino = 0; ino < BAD; ino += 1) skips.add(`e${ino}`, info(ino), 0);
    skips.beginPass(none);
    assert.equal(skips.isFull, true);
    skips.add('e10', info(10), 0);
    skips.beginPass(none);
    assert.equal(skips.isFull, false);
    assert.equal(skips.has('e10', info(10), 0), true);
    assert.equal(skips.has('e11', info(11), 0), false);
    assert.equal(skips.add('e11', info(11), 0), true);
  });

  it('make passes rare when there are more than can be remembered, and are counted once each', async (test) => {
    const path = await tempFolder(test);
    const folder = join(path, '00000001');
    mkdirSync(folder);
    for (let number = 0; number < 300; number += 1) {
      writeFileSync(join(folder, number.toString(16).padStart(14, '0')), 'no message');
    }
    const clock = new ManualClock();
    let looks = 0;
    // a pass reads the queue and its one folder, and takes its time
    const files = new Proxy(systemFiles, {
      get(target, name) {
        if (name === 'readdirSync') {
          looks += 1;
          clock.skip(500);
        }
        return Reflect.get(target, name);
      },
    });
    const { source, events } = await openSource(test, { path, clock, files, loop: true, mostSkipped: 100 });
    const stop = new AbortController();
    const reading = (async () => {
      while (!stop.signal.aborted) await source.next(PLENTY, stop.signal);
    })();
    await clock.advance(40_000);
    stop.abort();
    await reading;
    assert.equal(events.rejectedAs.length, 300);
    assert.ok(looks >= 4 && looks <= 12, `${looks / 2} passes in 40 s`);
  });
});
