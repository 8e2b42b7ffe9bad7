#!/usr/bin/env node
import fs = require('node:fs');

/**
 * Threads that wait for the disk. On a file system with a journal, files that are synced at the same time share its commits: 128 threads
 * sync seven times as many files a second as the four that Node has by itself (bench/syncs.ts). Each takes a few kB.
 */
const THREADS = 128;
/** where few tasks are allowed, to a user or a container: Node dies of a thread that it cannot have */
const FEWER = [
  [128, 4],
  [1024, 32],
] as const;

function threads(): number {
  const most = Math.min(userLimit(), groupLimit());
  return FEWER.find(([tasks]) => most < tasks)?.[1] ?? THREADS;
}

/** `Max processes  96365  96365  processes`, the first of which counts; NaN and what is unlimited are no limit. */
function userLimit(): number {
  return limitIn(/^Max processes +(\d+)/m.exec(read('/proc/self/limits'))?.[1]);
}

/** Of the control group (version 2) of this process; those above it are seldom narrower. */
function groupLimit(): number {
  const [, group = ''] = /^0::(.*)$/m.exec(read('/proc/self/cgroup')) ?? [];
  return limitIn(read(`/sys/fs/cgroup${group}/pids.max`));
}

function read(path: string): string {
  try {
    return fs.readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function limitIn(text = ''): number {
  return Number.parseInt(text, 10) || Number.POSITIVE_INFINITY;
}

// Node makes its thread pool for the first task, and reads this variable then: before a module, which all the rest is, could set it.
// It is not for the commands that inherit the environment.
if (process.env.UV_THREADPOOL_SIZE === undefined) {
  process.env.UV_THREADPOOL_SIZE = String(threads());
  fs.access('/', () => undefined);
  delete process.env.UV_THREADPOOL_SIZE;
}
// What says so where few files may be open has to be opened itself.
import('./program.js').catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'EMFILE') throw error;
  process.stderr.write('stompctl: too many open files: raise "ulimit -n"\n');
  process.exit(75);
});
