import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atEnd, type Cleaning, tempFolder } from './temp-folder.js';

export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  /** everything written to standard output so far */
  readonly out: () => string;
  /** everything written to standard error so far */
  readonly err: () => string;
  /** resolves when standard output holds `text`; rejects when the process ends, or after a minute, without */
  says(text: string): Promise<void>;
  /** resolves to the exit code, or to the name of the signal that killed it */
  readonly ended: Promise<number | string>;
}

/** Starts a compiled program of this folder as a process whose command line says `stompctl`, as one that npm installed. */
export async function startStompctlChild(
  test: Cleaning,
  program: string,
  args: readonly string[],
  name = 'stompctl',
): Promise<Child> {
  const path = join(await tempFolder(test), name);
  await symlink(fileURLToPath(new URL(program, import.meta.url)), path);
  return startChild(test, program, args, {}, path);
}

/** Starts a compiled program of this folder (`daemon-program.js`) as a process, killed when the test ends. */
export function startChild(
  test: Cleaning,
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  path = fileURLToPath(new URL(program, import.meta.url)),
): Child {
  const child = spawn(process.execPath, [path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const told = new EventEmitter().setMaxListeners(0);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    told.emit('out');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${program} did not say ${text}: ${why}\n${out}\n${err}`));
      const timer = setTimeout(() => fail('a minute is over'), 60_000);
      const look = () => {
        if (!out.includes(text)) return;
        clearTimeout(timer);
        told.off('out', look);
        resolve();
      };
      told.on('out', look);
      look();
      ended.then((how) => {
        clearTimeout(timer);
        fail(`it ended with ${how}`);
      }, reject);
    });
  atEnd(test, () => {
    child.kill('SIGKILL');
    return ended;
  });
  return {
    pid: child.pid ?? 0,
    process: child,
    out: () => out,
    err: () => err,
    says,
    ended,
  };
}

/** A pid that belonged to a process of ours and is free now. */
export async function deadPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? 0;
}
