/**
 * Preloaded into the process under test (`NODE_OPTIONS=--import=…`): writes down, in order, every call that changes the
 * disk below `STOMPCTL_TEST_RECORD_ROOT`, every sync with the moment it was done, and what went over its sockets; at the
 * end all of it into `STOMPCTL_TEST_RECORD_FILE`. The process itself has no hook.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { watchSockets } from '../support/watched-sockets.js';
import type { TraceEvent } from './trace.js';

type AnyCall = (...args: unknown[]) => unknown;

const root = `${process.env.STOMPCTL_TEST_RECORD_ROOT}/`;
const target = process.env.STOMPCTL_TEST_RECORD_FILE ?? '';
const { writeFileSync } = fs;
const events: TraceEvent[] = [];
/** open descriptors below the root: which of the opens each is of */
const opened = new Map<number, number>();
const table = fs as unknown as Record<string, AnyCall>;

/** The path below the root, the root's own is empty; undefined for others. */
function inside(path: unknown): string | undefined {
  const text = String(path);
  if (`${text}/` === root) return '';
  return text.startsWith(root) ? text.slice(root.length) : undefined;
}

function wrap(name: string, around: (original: AnyCall, args: unknown[]) => unknown): void {
  const original = table[name];
  if (original === undefined) throw new Error(`recorder: fs.${name} is missing`);
  table[name] = (...args) => around(original, args);
}

/** Calls that name one path, or two. Written down when they have succeeded. */
function wrapNames(): void {
  for (const [name, operation] of [
    ['mkdirSync', 'mkdir'],
    ['unlinkSync', 'unlink'],
    ['rmdirSync', 'rmdir'],
  ] as const) {
    wrap(name, (original, args) => {
      const result = original(...args);
      const path = inside(args[0]);
      if (path !== undefined) events.push({ operation, path });
      return result;
    });
  }
  for (const [name, operation] of [
    ['linkSync', 'link'],
    ['renameSync', 'rename'],
  ] as const) {
    wrap(name, (original, args) => {
      const result = original(...args);
      const [from, to] = [inside(args[0]), inside(args[1])];
      if (from !== undefined && to !== undefined) events.push({ operation, from, to });
      return result;
    });
  }
}

function wrapDescriptors(): void {
  wrap('openSync', (original, args) => {
    const fd = Number(original(...args));
    const path = inside(args[0]);
    if (path === undefined) return fd;
    opened.set(fd, events.length);
    events.push({ operation: 'open', path, truncate: (Number(args[1]) & fs.constants.O_TRUNC) !== 0 });
    return fd;
  });
  wrap('closeSync', (original, args) => {
    opened.delete(Number(args[0]));
    return original(...args);
  });
  wrap('writeSync', (original, args) => {
    const written = Number(original(...args));
    const open = opened.get(Number(args[0]));
    if (open === undefined) return written;
    const from = typeof args[2] === 'number' ? args[2] : 0;
    const bytes = Buffer.from(args[1] as Buffer).subarray(from, from + written);
    events.push({ operation: 'write', open, bytes: bytes.toString('base64') });
    return written;
  });
  wrap('ftruncateSync', (original, args) => {
    const result = original(...args);
    const open = opened.get(Number(args[0]));
    if (open !== undefined) events.push({ operation: 'truncate', open, length: Number(args[1] ?? 0) });
    return result;
  });
}

function wrapSyncs(): void {
  for (const name of ['fsync', 'fdatasync'] as const) {
    wrap(`${name}Sync`, (original, args) => {
      const started = events.length;
      const result = original(...args);
      const open = opened.get(Number(args[0]));
      if (open !== undefined) events.push({ operation: 'synced', open, started });
      return result;
    });
    wrap(name, (original, args) => {
      const started = events.length;
      const open = opened.get(Number(args[0]));
      const done = args.at(-1) as (error: Error | null) => void;
      return original(args[0], (error: Error | null) => {
        if (error === null && open !== undefined) events.push({ operation: 'synced', open, started });
        done(error);
      });
    });
  }
}

function wrapSockets(): void {
  watchSockets({
    out: (bytes, done) => {
      events.push({ operation: 'out', bytes: bytes.toString('base64') });
      return done;
    },
    in: (bytes) => {
      events.push({ operation: 'in', bytes: bytes.toString('base64') });
      return undefined;
    },
  });
}

if (isMainThread && target !== '') {
  wrapNames();
  wrapDescriptors();
  wrapSyncs();
  wrapSockets();
  syncBuiltinESMExports();
  process.on('exit', () => writeFileSync(target, JSON.stringify(events)));
}
