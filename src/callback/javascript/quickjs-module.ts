import { readFile } from 'node:fs/promises';
import { ownFile } from '../../base/own-files.js';

let shared: Promise<WebAssembly.Module> | undefined;

/**
 * QuickJS as WebAssembly, compiled once: sandboxes share its machine code, which V8 optimises while it runs, so that one more
 * (after a time-out, on a reload) costs an instance only. It is small, and kept.
 */
export function sharedQuickJsModule(): Promise<WebAssembly.Module> {
  shared ??= readFile(ownFile('quickjs.wasm')).then((bytes) => WebAssembly.compile(bytes));
  return shared;
}
