import { readFile } from 'node:fs/promises';
import { ownFile } from '../../base/own-files.js';
import { optimiseLater } from '../border/optimise-later.js';

let shared: Promise<WebAssembly.Module> | undefined;

/**
 * QuickJS as WebAssembly, compiled once: sandboxes share its machine code, which V8 optimises while it runs, so that one more
 * (after a time-out, on a reload) costs an instance only. It is small, and kept.
 */
export function sharedQuickJsModule(): Promise<WebAssembly.Module> {
  shared ??= compile();
  return shared;
}

async function compile(): Promise<WebAssembly.Module> {
  optimiseLater();
  return WebAssembly.compile(await readFile(ownFile('quickjs.wasm')));
}
