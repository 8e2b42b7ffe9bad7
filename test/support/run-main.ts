import type { CommandIo } from '../../src/cli/command-line/io.js';
import { main } from '../../src/cli/main.js';
import { installSignals, type SignalTarget } from '../../src/daemon/signals.js';

export interface MainResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A process that no signal reaches. */
export const DEAF: SignalTarget = {
  pid: 0,
  on: () => undefined,
  off: () => undefined,
  emit: () => undefined,
  kill: () => undefined,
};

/** Runs the program inside this process, deaf to signals: for commands that move nothing. */
export async function runMain(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<MainResult> {
  const out: string[] = [];
  const err: string[] = [];
  const io: CommandIo = {
    out: { write: (text) => out.push(textOf(text)) },
    err: { write: (text) => err.push(textOf(text)) },
    signals: installSignals(DEAF),
  };
  const code = await main(args, env, io);
  return { code, out: out.join(''), err: err.join('') };
}

function textOf(written: string | Uint8Array): string {
  return typeof written === 'string' ? written : Buffer.from(written).toString('utf8');
}
