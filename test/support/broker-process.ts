import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { errnoOf } from '../../src/base/errors.js';

const run = promisify(execFile);
const EXIT_DEADLINE_MS = 60_000;

/** The user that a broker runs as when the tests run as root. */
const USER = 'nobody';

/** A command in front of another: drops root, and has the kernel kill the command when this process dies. */
const WRAPPER =
  process.getuid?.() === 0
    ? ['setpriv', '--reuid', USER, '--regid', 'nogroup', '--clear-groups', '--pdeathsig', 'KILL', '--']
    : ['setpriv', '--pdeathsig', 'KILL', '--'];

/** A temporary folder owned by the unprivileged user: configuration, data and log of one broker. */
export class BrokerFolder {
  readonly path: string;
  readonly #processes: BrokerProcess[] = [];
  readonly #atExit: () => void;

  private constructor(path: string) {
    this.path = path;
    // for a test that dies of an exception: nobody calls `stop` then
    this.#atExit = () => {
      for (const each of this.#processes) each.signal('SIGKILL');
      rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    };
    process.once('exit', this.#atExit);
  }

  /** Makes the folder with these files; `mode` is for all of them, since one (a cookie) must be 0400. */
  static async create(kind: string, files: (path: string) => Readonly<Record<string, string>>): Promise<BrokerFolder> {
    const path = await mkdtemp(join(tmpdir(), `stompctl-${kind}-`));
    const folder = new BrokerFolder(path);
    for (const [name, text] of Object.entries(files(path))) {
      const file = join(path, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      await chmod(file, 0o400);
    }
    if (process.getuid?.() === 0) await run('chown', ['-R', `${USER}:nogroup`, path]);
    return folder;
  }

  get logFile(): string {
    return join(this.path, 'output.log');
  }

  /** The last lines that the broker's processes wrote. */
  async logTail(lines = 40): Promise<string> {
    const text = await readFile(this.logFile, 'utf8');
    return stripVTControlCharacters(text).trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** Its processes are killed before the folder is removed, should this process exit without `remove`. */
  add(process: BrokerProcess): void {
    this.#processes.push(process);
  }

  /** To be called when its processes are gone; what they left behind may take a moment to follow. */
  async remove(): Promise<void> {
    process.removeListener('exit', this.#atExit);
    await rm(this.path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** the whole environment besides PATH and LANG */
  readonly env: Readonly<Record<string, string>>;
}

/** One process of a broker, in a process group of its own, unprivileged, writing to the folder's log. */
export class BrokerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
  }

  static async start(folder: BrokerFolder, command: Command): Promise<BrokerProcess> {
    const log = await open(folder.logFile, 'a');
    try {
      const [file = '', ...args] = [...WRAPPER, command.file, ...command.args];
      const child = spawn(file, args, {
        cwd: folder.path,
        env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...command.env },
        stdio: ['ignore', log.fd, log.fd],
        detached: true,
      });
      // a forgotten broker must not keep the test process alive: the kernel kills the broker when that one ends
      child.unref();
      const started = new BrokerProcess(child);
      folder.add(started);
      return started;
    } finally {
      await log.close();
    }
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Signals the whole process group, if it is there. */
  signal(signal: NodeJS.Signals): void {
    if (!this.running || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      // RACE: it may end by itself between the look and the signal
      if (errnoOf(error) !== 'ESRCH') throw error;
    }
  }

  /** Signals the whole process group; resolves when its leader is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.running) return;
    this.signal(signal);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const why = `kill(${this.#child.pid}, ${signal}): still there after ${EXIT_DEADLINE_MS} ms`;
      timer = setTimeout(() => reject(new Error(why)), EXIT_DEADLINE_MS);
    });
    try {
      await Promise.race([this.#exited, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Runs a command of the broker's tools as the broker's user; resolves to its standard output. */
export async function runAsBroker(folder: BrokerFolder, command: Command): Promise<string> {
  const [file = '', ...args] = [...WRAPPER, command.file, ...command.args];
  const env = { PATH: process.env.PATH, LANG: 'C.UTF-8', ...command.env };
  const { stdout } = await run(file, args, { cwd: folder.path, env, timeout: 60_000 });
  return stdout;
}
