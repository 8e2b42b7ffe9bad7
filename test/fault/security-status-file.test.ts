import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { statusPath } from '../../src/daemon/status-file.js';
import { runMain } from '../support/run-main.js';
import { tempFolder } from '../support/temp-folder.js';

const LIVING = process.ppid;

/** What a hostile neighbour puts beside a pidfile, and what is told of it. */
interface Planted {
  readonly name: string;
  readonly plant: (path: string) => void;
}

/** A record that would be believed, with something in it that should not be. */
function record(changed: Readonly<Record<string, unknown>> = {}): string {
  const head = { version: 1, pid: LIVING, sequence: 3, at: new Date().toISOString() };
  return JSON.stringify({ ...head, state: 'idle', reason: 'nothing to move', ...changed });
}

const NOT_BELIEVED: readonly Planted[] = [
  { name: 'a FIFO', plant: (path) => execFileSync('mkfifo', [path]) },
  { name: 'a folder', plant: (path) => mkdirSync(path) },
  {
    name: 'a symbolic link to a record',
    plant: (path) => {
      writeFileSync(`${path}.elsewhere`, record({ reason: 'forged' }));
      symlinkSync(`${path}.elsewhere`, path);
    },
  },
  { name: 'a symbolic link to itself', plant: (path) => symlinkSync(path, path) },
  { name: 'a device without end', plant: (path) => symlinkSync('/dev/zero', path) },
  { name: 'a huge record', plant: (path) => writeFileSync(path, record({ reason: 'x'.repeat(9_000_000) })) },
  { name: 'deep nesting', plant: (path) => writeFileSync(path, '['.repeat(200_000)) },
  { name: 'bytes that are no text', plant: (path) => writeFileSync(path, Buffer.alloc(1000, 0xff)) },
  { name: 'a state of another kind', plant: (path) => writeFileSync(path, record({ state: { toString: 1 } })) },
];

async function pidfileWith(test: TestContext, plant: Planted['plant']): Promise<string> {
  const pidfile = join(await tempFolder(test), 'run.pid');
  writeFileSync(pidfile, `${LIVING}\n`);
  plant(statusPath(pidfile));
  return pidfile;
}

describe('a status file that somebody else has put there', () => {
  for (const { name, plant } of NOT_BELIEVED) {
    it(`${name}: is neither believed nor waited for`, async (test) => {
      const pidfile = await pidfileWith(test, plant);
      const told = await runMain(['status', '--json', '--pidfile', pidfile]);
      assert.deepEqual([told.code, JSON.parse(told.out).state, told.err], [0, 'unknown', '']);
      assert.doesNotMatch(told.out, /forged/);
      assert.equal(readFileSync(pidfile, 'utf8'), `${LIVING}\n`);
    });
  }

  it('speaks to no terminal, and adds no line', async (test) => {
    const reason = 'said \u001b[2J\nroot: idle\u009b1m';
    const ends = [{ name: 'broker\nforged', state: 'open\r', error: reason }];
    const pidfile = await pidfileWith(test, (path) => writeFileSync(path, record({ state: 'stuck', reason, ends })));
    const told = await runMain(['status', '--pidfile', pidfile]);
    assert.equal(told.code, 2);
    assert.doesNotMatch(told.out.replaceAll('\n', ''), /\p{Cc}/u);
    for (const line of told.out.split('\n')) assert.doesNotMatch(line, /^(?:root|forged)/);
  });

  it('with ends of other kinds does not end the command', async (test) => {
    for (const ends of ['x', 5, [null], [{ name: 1 }], [[]], { length: 1e9 }]) {
      const pidfile = await pidfileWith(test, (path) => writeFileSync(path, record({ ends })));
      const told = await runMain(['status', '--pidfile', pidfile]);
      assert.deepEqual([told.code, told.err], [0, '']);
    }
  });
});
