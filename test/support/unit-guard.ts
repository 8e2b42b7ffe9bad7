import childProcess, { ChildProcess } from 'node:child_process';
import dgram from 'node:dgram';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import workerThreads from 'node:worker_threads';

/*
 * Importing this makes the process refuse what test/unit must not do: open a socket, start a process or a worker, load a
 * sandbox. Import it before the files that are guarded.
 */

const met: string[] = [];

/** What was refused so far, each with the place that asked for it: code under test may have caught the error. */
export function refusals(): readonly string[] {
  return met;
}

function refuse(what: string): never {
  const place = /[\w-]+\.test\.js:\d+/.exec(new Error().stack ?? '')?.[0] ?? 'a test';
  met.push(`${place}: ${what}`);
  throw new Error(`test/unit(${place}): ${what}; move the file to the folder of test/ that CONTRIBUTING.md names`);
}

const GUARDED: readonly (readonly [holder: object, name: string, what: string])[] = [
  [net.Socket.prototype, 'connect', 'opens a socket'],
  [net.Server.prototype, 'listen', 'opens a socket'],
  [dgram.Socket.prototype, 'bind', 'opens a socket'],
  [dgram.Socket.prototype, 'send', 'opens a socket'],
  [ChildProcess.prototype, 'spawn', 'starts a process'],
  [childProcess, 'spawnSync', 'starts a process'],
  [childProcess, 'execFileSync', 'starts a process'],
  [childProcess, 'execSync', 'starts a process'],
  [workerThreads, 'Worker', 'starts a worker thread'],
  [WebAssembly, 'Module', 'loads a sandbox'],
  [WebAssembly, 'compile', 'loads a sandbox'],
  [WebAssembly, 'instantiate', 'loads a sandbox'],
];

for (const [holder, name, what] of GUARDED) {
  // a function, for some of these are called with `new`
  Object.defineProperty(holder, name, {
    value: function refused(): never {
      return refuse(what);
    },
  });
}
syncBuiltinESMExports();
