import { MessageChannel } from 'node:worker_threads';
import { ownFile } from '../../base/own-files.js';
import { optimiseLater } from '../border/optimise-later.js';
import { readLimitedModule } from './limited-module.js';

/** Modules by the memory that their sandboxes may have, while a callback holds them. */
const kept = new Map<number, WeakRef<WebAssembly.Module>>();

/**
 * Perl as WebAssembly, compiled once: sandboxes of one size share its 25 MB and its machine code, so that one more (after a
 * time-out, on a reload) costs an instance only. Hold the module for as long as sandboxes may be made of it.
 */
export async function sharedPerlModule(memoryBytes: number): Promise<WebAssembly.Module> {
  const known = kept.get(memoryBytes)?.deref();
  if (known !== undefined) return known;
  optimiseLater();
  const bytes = readLimitedModule(MODULE_FILE, perlMemoryLimit(memoryBytes));
  const module = await WebAssembly.compile(bytes);
  discard(bytes);
  kept.clear();
  kept.set(memoryBytes, new WeakRef(module));
  return module;
}

/** Bytes of memory that Perl may have, with its own, when the code may have `memoryBytes`. */
export function perlMemoryLimit(memoryBytes: number): number {
  return Math.max(LEAST_BYTES, memoryBytes) + OWN_BYTES;
}

/**
 * Gives 25 MB back now, which else wait for a collection that a quiet thread may not have for long. Both ports: a message that
 * nobody takes is kept until its receiver is closed.
 */
function discard(bytes: Uint8Array<ArrayBuffer>): void {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(undefined, [bytes.buffer]);
  port1.close();
  port2.close();
}

const MODULE_FILE = ownFile('zeroperl.wasm');
const MEBIBYTE = 1024 * 1024;
/** Perl's stack and library, which lie in its memory before any code is read */
const OWN_BYTES = 32 * MEBIBYTE;
const LEAST_BYTES = 16 * MEBIBYTE;
