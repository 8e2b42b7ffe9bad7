import { main } from '../../src/cli/main.js';
import type { CommandIo } from '../../src/cli/io.js';

export interface MainResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program inside this process, for commands that neither wait for signals nor move messages. */
export async function runMain(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<MainResult> {
  let out = '';
  let err = '';
  const io: CommandIo = {
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
    signals: { onStop: () => undefined, onReload: () => undefined, onReport: () => undefined } as unknown as CommandIo['signals'],
  };
  const code = await main(args, env, io);
  return { code, out, err };
}
