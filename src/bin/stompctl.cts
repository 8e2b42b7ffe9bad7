#!/usr/bin/env node
import fs = require('node:fs');

/**
 * Threads that wait for the disk. On a file system with a journal, files that are synced at the same time share its commits: 32 threads
 * sync three times as many files a second as the four that Node has by itself (bench/syncs.ts). Each takes a few kB.
 */
const THREADS = '128';

// Node makes its thread pool for the first task, and reads this variable then: before a module, which all the rest is, could set it.
// It is not for the commands that inherit the environment.
if (process.env.UV_THREADPOOL_SIZE === undefined) {
  process.env.UV_THREADPOOL_SIZE = THREADS;
  fs.access('/', () => undefined);
  delete process.env.UV_THREADPOOL_SIZE;
}
// What says so where few files may be open has to be opened itself.
import('./program.js').catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'EMFILE') throw error;
  process.stderr.write('stompctl: too many open files: raise "ulimit -n"\n');
  process.exit(75);
});
