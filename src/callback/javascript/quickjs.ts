import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSSyncVariant,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core';
import type { Heap } from './bridge.js';

/**
 * Instantiates QuickJS (`sharedQuickJsModule`) in a memory of its own that cannot outgrow `memoryBytes`. QuickJS's own limit counts nothing in
 * this build (`malloc_usable_size` is 0 under Emscripten: an array of buffers grew to 2 GiB under a limit of 64 MiB), so
 * WebAssembly's memory itself is given a maximum.
 */
export async function loadQuickJS(
  memoryBytes: number,
  wasmModule: WebAssembly.Module,
): Promise<{ quickjs: QuickJSWASMModule; heap: Heap }> {
  // its type declarations are those of the CommonJS build, where the variant lies one `default` deeper
  const { default: given } = await import('@jitl/quickjs-wasmfile-release-sync');
  const variant = given as unknown as QuickJSSyncVariant;
  let heap: Heap | undefined;
  const watched: QuickJSSyncVariant = {
    ...variant,
    importModuleLoader: async () => {
      const imported = await variant.importModuleLoader();
      const outer = typeof imported === 'function' ? imported : imported.default;
      const load = typeof outer === 'function' ? outer : outer.default;
      return async (options) => {
        const module = await load(options);
        heap = module as unknown as Heap;
        return module;
      };
    },
  };
  const bounded = newVariant(watched, { wasmModule, wasmMemory: boundedMemory(memoryBytes) });
  const quickjs = await newQuickJSWASMModuleFromVariant(bounded);
  if (heap === undefined) throw new Error('the QuickJS module was not loaded');
  return { quickjs, heap };
}

function boundedMemory(memoryBytes: number): WebAssembly.Memory {
  const pages = Math.ceil((memoryBytes + OWN_BYTES) / PAGE_BYTES);
  const maximum = Math.min(Math.max(INITIAL_PAGES, pages), MOST_PAGES);
  return new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum });
}

/** what the WebAssembly module declares: 16 MiB at first, 2 GiB at most */
const INITIAL_PAGES = 256;
const MOST_PAGES = 32_768;
const PAGE_BYTES = 65_536;
/** the interpreter's own data and stack */
const OWN_BYTES = 4 * 1024 * 1024;
