import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { Scene } from './scene.js';
import { runStompctl, type StompctlProcess } from './stompctl-process.js';
import type { Cleaning } from './temp-folder.js';

/** A folder of configurations, and one process that runs them. Transfer NAME moves the queue `in-NAME` to `out-NAME`. */
export class SeveralScene {
  readonly scene: Scene;
  readonly pidfile: string;

  private constructor(scene: Scene) {
    this.scene = scene;
    this.pidfile = scene.path('all.pid');
    mkdirSync(scene.path('conf.d'));
  }

  static async set(test: Cleaning): Promise<SeveralScene> {
    return new SeveralScene(await Scene.set(test));
  }

  get folder(): string {
    return this.scene.path('conf.d');
  }

  /** Writes the configuration of a mover from queue to queue, without end unless `more` says otherwise. */
  mover(name: string, more = 'loop = true\n'): void {
    const { scene } = this;
    const ends = `incoming-queue = path=${scene.path(`in-${name}`)}\noutgoing-queue = path=${scene.path(`out-${name}`)}\n`;
    this.write(`${name}.conf`, `${ends}remove = true\nreconnect-delay = 0.02\nreconnect-max-delay = 0.1\n${more}`);
    mkdirSync(scene.path(`in-${name}`), { recursive: true });
  }

  /** Writes a file of the folder. */
  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  remove(file: string): void {
    rmSync(join(this.folder, file));
  }

  /** Starts all of them in one process. */
  start(...args: readonly string[]): StompctlProcess {
    return this.scene.start(['run', this.folder, '--pidfile', this.pidfile, ...args]);
  }

  /** Puts a message into the queue of this transfer, and waits until it has moved it. */
  async moves(name: string, number = 0): Promise<void> {
    this.scene.fill(`in-${name}`, 1, { 'x-round': String(number) });
    await eventually(() => this.scene.stored(`out-${name}`).length > 0, { what: `${name} moves` });
  }

  /** What the process publishes: the state and the reason of each transfer, and the record. */
  async status(...args: readonly string[]) {
    const { code, stdout } = await runStompctl(['status', '--json', '--pidfile', this.pidfile, ...args]);
    const record = JSON.parse(stdout) as {
      readonly state: string;
      readonly reason: string;
      readonly transfers?: readonly { readonly name: string; readonly state: string; readonly reason: string }[];
    };
    const transfers = new Map((record.transfers ?? []).map(({ name, ...rest }) => [name, rest]));
    return { code, record, transfers };
  }

  /** Has it reload, and waits for the outcome. */
  reload() {
    return runStompctl(['reload', '--pidfile', this.pidfile]);
  }
}

/** The log lines of one transfer, or those of one event of it. */
export function logOf(run: StompctlProcess, transfer: string, event?: string): Record<string, unknown>[] {
  return run.log(event).filter((line) => line.transfer === transfer);
}
