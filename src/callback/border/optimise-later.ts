import { setFlagsFromString } from 'node:v8';

/**
 * Called before anything is compiled. V8 optimises the large functions of WebAssembly while they run, on four threads at once:
 * Perl took 75 MB more so, and twice the processor time until it was ready. It also begins so early that a run of a few
 * messages spent 2 of its 3 s of processor time on code that it never ran again. With a larger budget a function is optimised
 * when it has run for a tenth of a second or so, and 20,000 messages take six tenths of the time. There are no such settings
 * for one thread or module; V8 reads them whenever it plans a compilation.
 */
export function optimiseLater(): void {
  setFlagsFromString('--wasm-num-compilation-tasks=1');
  setFlagsFromString('--wasm-tiering-budget=100000000');
}
