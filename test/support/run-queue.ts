import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { STOMPCTL, WITHOUT_PRIVILEGES } from './stompctl-process.js';

export interface QueueRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stdoutBytes: Buffer;
  readonly stderr: string;
}

/** Runs `stompctl queue …` to its end, with this on its standard input; `plain`: as a user to whom permissions apply. */
export async function runQueue(args: readonly string[], input: string | Buffer = '', plain = false): Promise<QueueRun> {
  const [command = '', ...rest] = [...(plain ? WITHOUT_PRIVILEGES : []), process.execPath, STOMPCTL, 'queue', ...args];
  const child = spawn(command, rest, { stdio: 'pipe', timeout: 300_000, killSignal: 'SIGKILL' });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // a command that does not read its input may have ended before
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  const stdoutBytes = Buffer.concat(out);
  return { code, stdout: stdoutBytes.toString(), stdoutBytes, stderr: Buffer.concat(err).toString() };
}
