import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Child, deadPid, startChild } from '../support/child.js';
import { tempFolder } from '../support/temp-folder.js';

const RACERS = 20;

/** Starts the racers, lets all of them try at once, and gives back who won and how the others ended. */
async function race(test: TestContext, path: string): Promise<{ winners: Child[]; losers: Child[] }> {
  const racers = Array.from({ length: RACERS }, () => startChild(test, 'daemon-program.js', ['race', path]));
  await Promise.all(racers.map((racer) => racer.says('ready')));
  for (const racer of racers) racer.process.kill('SIGUSR1');
  const won = await Promise.all(
    racers.map((racer) =>
      racer.says('won').then(
        () => true,
        () => false,
      ),
    ),
  );
  return { winners: racers.filter((_, at) => won[at]), losers: racers.filter((_, at) => !won[at]) };
}

async function assertOneWins(test: TestContext, path: string): Promise<void> {
  const { winners, losers } = await race(test, path);
  assert.equal(winners.length, 1);
  const [winner] = winners;
  assert.equal(await readFile(path, 'latin1'), `${winner?.pid}\n`);
  for (const loser of losers) {
    assert.equal(await loser.ended, 75);
    assert.match(loser.err(), new RegExp(`^ALREADY_RUNNING .*pid ${winner?.pid};`));
  }
  assert.deepEqual(await readdir(join(path, '..')), ['run.pid']);
}

describe('processes that start at once', () => {
  it('of twenty without a pidfile exactly one wins', async (test) => {
    await assertOneWins(test, join(await tempFolder(test), 'run.pid'));
  });

  it('of twenty over the pidfile of a dead process exactly one wins', async (test) => {
    const path = join(await tempFolder(test), 'run.pid');
    await writeFile(path, `${await deadPid()}\n`);
    await assertOneWins(test, path);
  });
});

describe('a process killed with SIGKILL', () => {
  it('leaves a pidfile that the next one takes over', async (test) => {
    const path = join(await tempFolder(test), 'run.pid');
    const first = startChild(test, 'daemon-program.js', ['hold', path]);
    await first.says('holding');
    first.process.kill('SIGKILL');
    assert.equal(await first.ended, 'SIGKILL');
    assert.equal(await readFile(path, 'latin1'), `${first.pid}\n`);
    const second = startChild(test, 'daemon-program.js', ['hold', path]);
    await second.says('holding');
    assert.match(second.out(), new RegExp(`^taken-over ${first.pid}\n`));
    second.process.kill('SIGTERM');
    assert.equal(await second.ended, 0);
    assert.deepEqual(await readdir(join(path, '..')), []);
  });
});

describe('a running owner', () => {
  it('stops within a second when its pidfile is removed', async (test) => {
    const path = join(await tempFolder(test), 'run.pid');
    const owner = startChild(test, 'daemon-program.js', ['hold', path]);
    await owner.says('holding');
    await writeFile(path, `${process.pid}\n`);
    await owner.says('PIDFILE_LOST');
    assert.equal(await owner.ended, 0);
    assert.equal(await readFile(path, 'latin1'), `${process.pid}\n`, 'the new file is left alone');
  });
});
