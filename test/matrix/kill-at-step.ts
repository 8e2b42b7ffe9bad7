/**
 * Preloaded into the process under test (`NODE_OPTIONS=--import=…`): ends it with SIGKILL just before or just after the
 * n-th call of a step that `STOMPCTL_TEST_KILL_AT` names, such as `before publish 7`. It watches the system calls that
 * Node makes for the program, so that the program itself needs no hook.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { watchSockets } from '../support/watched-sockets.js';
import { type Operation, parseKillPoint } from './steps.js';

type AnyCall = (...args: unknown[]) => unknown;

const { moment, step, number } = parseKillPoint(process.env.STOMPCTL_TEST_KILL_AT);
const paths = new Map<number, string>();
let calls = 0;

/** Counts a call of the step before it is made; true: it is the one, and it is to be made yet. */
function isIt(hit: boolean): boolean {
  if (!hit) return false;
  calls += 1;
  if (calls !== number) return false;
  if (moment === 'before') die();
  return true;
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('kill-at-step: survived');
}

/** The path is the argument `at`, or that of the descriptor there. */
function wrap(name: string, operation: Operation, at: number, byDescriptor = false): void {
  const table = fs as unknown as Record<string, AnyCall>;
  const original = table[name];
  if (original === undefined) throw new Error(`kill-at-step: fs.${name} is missing`);
  table[name] = (...args) => {
    const path = byDescriptor ? (paths.get(Number(args[at])) ?? '') : String(args[at]);
    const reached = isIt(step.operation === operation && step.path?.test(path) === true);
    // the system call is made by then, and nobody has heard of it
    if (reached && typeof args.at(-1) === 'function') return original(...args.slice(0, -1), die);
    try {
      const result = original(...args);
      if (name === 'openSync') paths.set(Number(result), path);
      return result;
    } finally {
      // also when the call failed
      if (reached) die();
    }
  };
}

function wrapFiles(): void {
  wrap('openSync', 'open', 0);
  wrap('writeSync', 'write', 0, true);
  wrap('fdatasync', 'sync', 0, true);
  wrap('fsync', 'sync', 0, true);
  wrap('linkSync', 'link', 1);
  wrap('unlinkSync', 'unlink', 0);
  syncBuiltinESMExports();
}

/** A command cut in two by the end of a piece is not seen: there are enough others. */
function hasFrame(direction: Operation, bytes: Buffer): boolean {
  return step.operation === direction && step.frame !== undefined && bytes.includes(step.frame);
}

function wrapSockets(): void {
  watchSockets({
    out: (bytes, done) => (isIt(hasFrame('out', bytes)) ? die : done),
    in: (bytes) => (isIt(hasFrame('in', bytes)) ? die : undefined),
  });
}

if (isMainThread) {
  wrapFiles();
  wrapSockets();
}
