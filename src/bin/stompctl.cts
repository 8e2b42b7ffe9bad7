#!/usr/bin/env node
import fs = require('node:fs');

/**
 * Threads that wait for the disk. On a file system with a journal, files that are synced at the same time share its commits: the more, the
 * more files a second (bench/syncs.ts; Node has four by itself). Each takes a few kB.
 */
const THREADS = 128;
/** where there is room for fewer tasks than the first number: Node dies of a thread that it cannot have, and others come later */
const FEWER = [
  [64, 4],
  [256, 32],
] as const;

/** How many tasks may be added to those of this user, and of each control group that this process is in. */
function room(): number {
  const limits = read('/proc/self/limits');
  // where there is no /proc nothing is known
  if (limits === '') return 0;
  const groups = [...read('/proc/self/cgroup').matchAll(/^\d+:(pids)?:\/(.*)$/gm)].flatMap(([, v1, path = '']) =>
    withParents(v1 === undefined ? '/sys/fs/cgroup' : '/sys/fs/cgroup/pids', path),
  );
  const rooms = groups.map((group) => number(read(`${group}/pids.max`)) - number(read(`${group}/pids.current`)));
  const [, ofUser] = /^Max processes +(\d+)/m.exec(limits) ?? [];
  // also without a limit: the kernel's own is far off
  if (ofUser !== undefined) rooms.push(roomOf(Number(ofUser)));
  return Math.min(...rooms.filter((each) => !Number.isNaN(each)));
}

function withParents(mount: string, path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return Array.from({ length: parts.length + 1 }, (_, depth) => [mount, ...parts.slice(0, depth)].join('/'));
}

/** The tasks of all users are quickly told; those of this one are counted only where that makes a difference. */
function roomOf(limit: number): number {
  const [, all = '0'] = /\/(\d+) /.exec(read('/proc/loadavg')) ?? [];
  const least = limit - Number(all);
  return least >= (FEWER.at(-1)?.[0] ?? 0) ? least : limit - ownTasks();
}

function ownTasks(): number {
  const uid = process.getuid?.() ?? 0;
  let tasks = 0;
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const status = read(`/proc/${name}/status`);
    if (number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) === uid) tasks += number(/^Threads:\s+(\d+)/m.exec(status)?.[1]);
  }
  return tasks;
}

function read(path: string): string {
  try {
    return fs.readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** NaN for `max`, and for what is not there. */
function number(text = ''): number {
  return Number.parseInt(text, 10);
}

// Node makes its thread pool for the first task, and reads this variable then: before a module, which all the rest is, could set it.
// It is not for the commands that inherit the environment.
let threads = Number(process.env.UV_THREADPOOL_SIZE);
if (!process.env.UV_THREADPOOL_SIZE) {
  const left = room();
  threads = FEWER.find(([tasks]) => left < tasks)?.[1] ?? THREADS;
  process.env.UV_THREADPOOL_SIZE = String(threads);
  fs.access('/', () => undefined);
  delete process.env.UV_THREADPOOL_SIZE;
}
// for base/disk-threads
Reflect.set(globalThis, Symbol.for('stompctl.threads'), threads);
// What says so where few files may be open has to be opened itself.
import('./program.js').catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'EMFILE') throw error;
  process.stderr.write('stompctl: too many open files: raise "ulimit -n"\n');
  process.exit(75);
});
