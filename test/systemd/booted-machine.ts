import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { atEnd, type Cleaning, tempFolder } from '../support/temp-folder.js';

const BOOT = join(import.meta.dirname, '../../../test/systemd/boot-container');
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Why no systemd can be booted here; undefined: it can. */
export function cannotBoot(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  for (const [program, args] of [
    ['unshare', ['--mount', '--pid', '--fork', '--uts', '--ipc', '--cgroup', 'true']],
    ['/lib/systemd/systemd', ['--version']],
    ['nsenter', ['--version']],
    ['dpkg-deb', ['--version']],
  ] as const) {
    const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
    if (status !== 0) return `${program}: ${error?.message ?? stderr.trim()}`;
  }
  return undefined;
}

export interface Done {
  readonly code: number;
  /** both outputs */
  readonly text: string;
}

/** This machine once more, with a systemd of its own: what is done in it goes with it. Its network is this machine's. */
export class BootedMachine {
  readonly #pid: number;

  private constructor(pid: number) {
    this.#pid = pid;
  }

  static async boot(test: Cleaning): Promise<BootedMachine> {
    const folder = join(await tempFolder(test), 'machine');
    mkdirSync(folder);
    const booting = spawn(BOOT, [folder], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let said = '';
    for (const stream of [booting.stdout, booting.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = `${said}${text}`.slice(-4000);
      });
    }
    const ended = once(booting, 'close');
    const number = () => Number(readFileSync(`${folder}.pid`, 'utf8'));
    atEnd(test, async () => {
      try {
        process.kill(number(), 'SIGKILL');
      } catch {
        // it never came so far
      }
      await ended;
    });
    const pid = await eventually(number, { what: 'a process id' });
    const machine = new BootedMachine(pid);
    try {
      await eventually(
        async () => /^(running|degraded)/.test((await machine.run('systemctl', 'is-system-running')).text),
        {
          deadlineMs: 120_000,
          what: 'systemd to run',
        },
      );
    } catch (error) {
      throw new Error(`systemd did not boot: ${said}`, { cause: error });
    }
    return machine;
  }

  /** A path of it, seen from here. */
  path(path: string): string {
    return `/proc/${this.#pid}/root${path}`;
  }

  /** Runs a command in it, for two minutes at most. */
  run(command: string, ...args: readonly string[]): Promise<Done> {
    return this.give('', command, ...args);
  }

  /** The same with a standard input. */
  give(input: string, command: string, ...args: readonly string[]): Promise<Done> {
    const enter = ['--target', String(this.#pid), '--mount', '--pid', '--uts', '--ipc', '--cgroup', '--root'];
    const inside = [
      'env',
      '--ignore-environment',
      '--chdir=/',
      `PATH=${PATH}`,
      'DEBIAN_FRONTEND=noninteractive',
      command,
      ...args,
    ];
    return new Promise((resolve) => {
      const options = { timeout: 120_000, maxBuffer: 16 * 1024 * 1024 };
      const child = execFile('nsenter', [...enter, ...inside], options, (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, text: `${out}${err}` });
      });
      // a command that does not read may have ended before this
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });
  }

  /** Runs it and rejects unless it succeeds; resolves to what it says. */
  async must(command: string, ...args: readonly string[]): Promise<string> {
    const { code, text } = await this.run(command, ...args);
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${code}\n${text}`);
    return text;
  }
}
