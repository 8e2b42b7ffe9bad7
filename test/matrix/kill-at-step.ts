/**
 * Preloaded into the process under test (`NODE_OPTIONS=--import=…`): ends it with SIGKILL just before or just after the
 * n-th call of a step that `STOMPCTL_TEST_KILL_AT` names, such as `before publish 7`. It watches the system calls that
 * Node makes for the program, so that the program itself needs no hook.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { Readable } from 'node:stream';
import { isMainThread } from 'node:worker_threads';
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

function bytesOf(data: unknown): Buffer {
  if (Buffer.isBuffer(data)) return data;
  if (typeof data === 'string') return Buffer.from(data);
  if (!Array.isArray(data)) return Buffer.alloc(0);
  return Buffer.concat(data.map((piece: { chunk?: unknown }) => bytesOf(piece.chunk ?? piece)));
}

interface SocketCalls {
  _writeGeneric(writev: boolean, data: unknown, encoding: string, done: AnyCall): void;
  push(chunk: unknown, encoding?: BufferEncoding): boolean;
}

function wrapSockets(): void {
  const sockets = net.Socket.prototype as unknown as SocketCalls;
  const { _writeGeneric: write } = sockets;
  sockets._writeGeneric = function (this: SocketCalls, writev, data, encoding, done) {
    const reached = isIt(hasFrame('out', bytesOf(data)));
    write.call(this, writev, data, encoding, reached ? die : done);
  };
  const push: (this: unknown, chunk: unknown, encoding?: BufferEncoding) => boolean = Readable.prototype.push;
  sockets.push = function (this: SocketCalls, chunk, encoding) {
    const reached = isIt(hasFrame('in', bytesOf(chunk)));
    const result = push.call(this, chunk, encoding);
    if (reached) die();
    return result;
  };
}

if (isMainThread) {
  wrapFiles();
  wrapSockets();
}
