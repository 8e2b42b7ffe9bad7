import type { CommandIo } from '../../src/cli/io.js';
import { main } from '../../src/cli/main.js';
import { installSignals } from '../../src/daemon/signals.js';

export interface MainResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program inside this process, deaf to signals: for commands that move nothing. */
export async function runMain(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<MainResult> {
  const out: string[] = [];
  const err: string[] = [];
  const io: CommandIo = {
    out: { write: (text) => out.push(text) },
    err: { write: (text) => err.push(text) },
    signals: installSignals({ on: () => undefined, off: () => undefined, exit: () => undefined }),
  };
  const code = await main(args, env, io);
  return { code, out: out.join(''), err: err.join('') };
}
