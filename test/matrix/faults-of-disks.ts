import { execFile, spawnSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.js';
import { BrokerPlace } from './broker-place.js';
import { type Cell, pause } from './cell.js';
import type { DiskPlace } from './disk-place.js';
import type { Fault } from './fault.js';
import { fromDisk, toDisk } from './paths.js';

const run = promisify(execFile);
const WHILE_MS = 1500;

/** A file system of its own under the sink; `options` are those of tmpfs. */
async function mountSink(cell: Cell, options: string): Promise<void> {
  const { path } = sinkOf(cell);
  await run('mount', ['-t', 'tmpfs', '-o', `mode=755,${options}`, 'stompctl-test', path]);
  const unmount = (): void => {
    process.off('exit', unmount);
    spawnSync('umount', ['--lazy', path]);
  };
  // also when the harness ends in the middle
  process.once('exit', unmount);
  cell.after(async () => unmount());
}

async function remountSink(cell: Cell, options: string): Promise<void> {
  await run('mount', ['-o', `remount,${options}`, sinkOf(cell).path]);
}

/** Of several outputs the first that is on the disk. */
function sinkOf(cell: Cell): DiskPlace {
  for (const sink of cell.usualSinks) if (!(sink instanceof BrokerPlace)) return sink;
  throw new Error('faults-of-disks: the sink of this cell is at a broker');
}

function sourceOf(cell: Cell): DiskPlace {
  if (!(cell.source instanceof BrokerPlace)) return cell.source;
  throw new Error('faults-of-disks: the source of this cell is at a broker');
}

/** A sink of which something runs out, as the mount option `full` says, until `roomy` gives it more. */
function sinkThatFills(name: string, full: string, roomy: string): Fault {
  return {
    name,
    repeats: false,
    fits: toDisk,
    needsRoot: true,
    prepare: (cell) => mountSink(cell, full),
    async strike(cell) {
      for (let count = 0; count < 4; count += 1) await cell.midLoad();
      await pause(WHILE_MS);
      await remountSink(cell, roomy);
      return 1;
    },
  };
}

const diskFull = sinkThatFills('disk of the sink full', 'size=256k', 'size=64m');
const noInodes = sinkThatFills('no inode left for the sink', 'nr_inodes=60', 'nr_inodes=100000');

const readOnlySink: Fault = {
  // a file system with a file open for writing cannot be made read-only: so it is when the process starts
  name: 'file system of the sink read-only at a start',
  repeats: true,
  fits: toDisk,
  needsRoot: true,
  prepare: (cell) => mountSink(cell, 'size=64m'),
  async strike(cell) {
    await cell.midLoad();
    await cell.agent.kill();
    await eventually(async () => {
      await remountSink(cell, 'ro');
      return true;
    });
    await cell.midLoad();
    await pause(WHILE_MS);
    await remountSink(cell, 'rw');
    return 1;
  },
};

const deniedSink: Fault = {
  name: 'folder of the sink not writable for a while',
  repeats: false,
  fits: toDisk,
  async strike(cell) {
    await cell.midLoad();
    const folders = [sinkOf(cell).path, ...sinkOf(cell).folders()];
    for (const folder of folders) await chmod(folder, 0o555);
    await cell.midLoad();
    await pause(WHILE_MS);
    for (const folder of folders) await chmod(folder, 0o755);
    return 1;
  },
};

const deniedSinkAtStart: Fault = {
  name: 'folder of the sink not writable at a start',
  repeats: true,
  fits: toDisk,
  async strike(cell) {
    await cell.midLoad();
    await cell.agent.kill();
    const folders = [sinkOf(cell).path, ...sinkOf(cell).folders()];
    for (const folder of folders) await chmod(folder, 0o555);
    await cell.midLoad();
    await pause(WHILE_MS);
    for (const folder of folders) await chmod(folder, 0o755);
    return 1;
  },
};

const unreadableSourceAtStart: Fault = {
  name: 'folder of the source not readable at a start',
  repeats: true,
  fits: fromDisk,
  async strike(cell) {
    await cell.midLoad();
    await cell.agent.kill();
    await chmod(sourceOf(cell).path, 0o000);
    await pause(WHILE_MS);
    await chmod(sourceOf(cell).path, 0o755);
    await cell.midLoad();
    return 1;
  },
};

const unreadableSource: Fault = {
  name: 'folder of the source not readable for a while',
  repeats: true,
  fits: fromDisk,
  async strike(cell) {
    await cell.midLoad();
    await chmod(sourceOf(cell).path, 0o000);
    await pause(WHILE_MS);
    await chmod(sourceOf(cell).path, 0o755);
    await cell.midLoad();
    return 1;
  },
};

export const FAULTS_OF_DISKS: readonly Fault[] = [
  ...[diskFull, noInodes, readOnlySink, deniedSink],
  ...[deniedSinkAtStart, unreadableSource, unreadableSourceAtStart],
];
