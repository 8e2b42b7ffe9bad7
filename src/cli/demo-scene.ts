import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reasonOf, StompctlError } from '../base/errors.js';
import { ownFile } from '../base/own-files.js';
import type { InProcessBroker } from '../broker/in-process-broker.js';

export const DEMO_ROLES = ['sender', 'receiver'] as const;
export type DemoRole = (typeof DEMO_ROLES)[number];

/** Everything the demo needs in one temporary folder, and the broker that both processes talk to. */
export interface DemoScene {
  readonly folder: string;
  readonly broker: InProcessBroker;
  readonly configurations: Readonly<Record<DemoRole, { readonly path: string; readonly text: string }>>;
  readonly queues: Readonly<Record<DemoRole, string>>;
  remove(): Promise<void>;
}

/** Makes the folder, starts the broker, and writes the configurations of `etc/` with paths, URI and passwords of the demo. */
export async function setDemoScene(): Promise<DemoScene> {
  const folder = await mkdtemp(join(tmpdir(), 'stompctl-demo-'));
  const { InProcessBroker } = await import('../broker/in-process-broker.js');
  const passwords = { sender: randomBytes(12).toString('hex'), receiver: randomBytes(12).toString('hex') };
  const broker = await InProcessBroker.start({ users: passwords });
  const configure = async (role: DemoRole) => {
    const path = join(folder, `${role}.conf`);
    const sample = await readFile(ownFile(`etc/${role}.conf`), 'utf8');
    const text = sample
      .replaceAll('/var/spool/stompctl/', `${folder}/spool/`)
      .replaceAll('/etc/stompctl/', `${folder}/`)
      .replaceAll('/run/stompctl/', `${folder}/run/`)
      .replaceAll('stomp://broker.example.com:61613', broker.uri);
    await writeFile(path, text, { mode: 0o600 });
    await writeFile(join(folder, `${role}.pass`), `${passwords[role]}\n`, { mode: 0o600 });
    return { path, text };
  };
  for (const name of ['spool', 'run']) await mkdir(join(folder, name));
  return {
    folder,
    broker,
    configurations: { sender: await configure('sender'), receiver: await configure('receiver') },
    queues: { sender: join(folder, 'spool/sender'), receiver: join(folder, 'spool/receiver') },
    async remove() {
      await broker.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One of the two real processes. */
export class DemoProcess {
  readonly role: DemoRole;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  #log = '';

  constructor(role: DemoRole, configuration: string) {
    this.role = role;
    const args = [ownFile('stompctl.js'), 'run', '--config', configuration, '--log-format', 'json'];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe'] });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
    });
    this.#ended = Promise.race([
      once(this.#child, 'close').then(([code]) => (typeof code === 'number' ? code : 128)),
      once(this.#child, 'error').then(([error]) => {
        throw new StompctlError('INTERNAL', 'demo', role, `cannot be started: ${reasonOf(error)}`, error);
      }),
    ]);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The messages of its log, a line each: time, level, text. */
  logLines(): string[] {
    return this.#log.split('\n').flatMap((line) => {
      if (!line.startsWith('{')) return line === '' ? [] : [line];
      const { time, level, msg } = JSON.parse(line) as { time: string; level: string; msg: string };
      return [`${time} ${level} ${msg}`];
    });
  }

  /** Rejects when the process ends before `done` is aborted: it should run until it is told to stop. */
  async failsEarly(done: AbortSignal): Promise<never> {
    const code = await this.#ended;
    if (done.aborted) return new Promise(() => undefined);
    const reason = `ended early with exit code ${code}:\n${this.logLines().join('\n')}`;
    throw new StompctlError('INTERNAL', 'demo', this.role, reason);
  }

  /** Asks it to stop, as systemd does; resolves to its exit code. */
  stop(): Promise<number> {
    this.#child.kill('SIGTERM');
    return this.#ended;
  }
}
