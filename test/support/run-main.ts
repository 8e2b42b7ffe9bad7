import { Readable, Writable } from 'node:stream';
import type { CommandIo } from '../../src/cli/command-line/io.js';
import { main } from '../../src/cli/main.js';
import { installSignals, type SignalTarget } from '../../src/daemon/signals.js';
import type { QueueRun } from './run-queue.js';
import type { Ended } from './stompctl-process.js';

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
  columns?: number,
): Promise<MainResult> {
  const out: string[] = [];
  const err: string[] = [];
  const io: CommandIo = {
    out: { write: (text) => out.push(textOf(text)) },
    err: { write: (text) => err.push(textOf(text)) },
    columns,
    signals: installSignals(DEAF),
  };
  const code = await main(args, env, io);
  return { code, out: out.join(''), err: err.join('') };
}

function textOf(written: string | Uint8Array): string {
  return typeof written === 'string' ? written : Buffer.from(written).toString('utf8');
}

/** `stompctl queue …` inside this process, with this on its standard input: an end as that of a process. */
export async function runQueueHere(args: readonly string[], input: string | Buffer = ''): Promise<QueueRun> {
  const [out, err]: [Buffer[], string[]] = [[], []];
  const io: CommandIo = {
    out: new Writable({
      write(chunk: Buffer, _encoding, done) {
        out.push(chunk);
        done();
      },
    }),
    err: { write: (text) => err.push(textOf(text)) },
    input: () => Readable.from([Buffer.from(input)]),
    signals: installSignals(DEAF),
  };
  const code = await main(['queue', ...args], {}, io);
  const stdoutBytes = Buffer.concat(out);
  return { code, stdout: stdoutBytes.toString(), stdoutBytes, stderr: err.join('') };
}

/** Runs the program inside this process, and tells its end as that of a process. */
export async function runHere(args: readonly string[]): Promise<Pick<Ended, 'code' | 'stdout' | 'stderr'>> {
  const { code, out, err } = await runMain(args);
  return { code, stdout: out, stderr: err };
}
