import { mkdirSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.js';
import { parseTemplate } from '../../src/base/command-words.js';
import { type FileSystem, systemFiles } from '../../src/base/file-system.js';
import type { Delivery } from '../../src/flow/delivery.js';
import { type FolderEvents, FolderSource, type FolderSourceOptions } from '../../src/sources/folder/folder-source.js';
import { DEAD_PID } from './queue-journal.js';
import { atEnd, type Cleaning, tempFolder } from './temp-folder.js';

const PLENTY = { deliveries: 1000, bytes: 1 << 30 };

/** A folder with files in it, and sources that read it. */
export class FolderScene {
  readonly folder: string;
  readonly path: string;
  readonly rejected: { readonly name: string; readonly code: string; readonly message: string }[] = [];
  readonly troubles: { readonly event: string; readonly text: string }[] = [];
  readonly inVain: string[] = [];
  recovered = 0;
  readonly #test: Cleaning;

  private constructor(test: Cleaning, folder: string) {
    this.#test = test;
    this.folder = folder;
    this.path = join(folder, 'in');
    mkdirSync(this.path);
  }

  static async set(test: Cleaning): Promise<FolderScene> {
    return new FolderScene(test, await tempFolder(test));
  }

  put(name: string, content: string | Buffer = `content of ${name}`): string {
    writeFileSync(join(this.path, name), content);
    return join(this.path, name);
  }

  /** The names in the folder that are not hidden, sorted. */
  names(folder = this.path): string[] {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), 'utf8');
  }

  /** Everything below the folder, hidden or not. */
  everything(): string[] {
    return readdirSync(this.path, { recursive: true, encoding: 'utf8' }).sort();
  }

  unopened(options: Partial<FolderSourceOptions> = {}, files: FileSystem = systemFiles): FolderSource {
    const events: FolderEvents = {
      rejected: (name, { code, message }) => this.rejected.push({ name, code, message }),
      settledInVain: (name) => this.inVain.push(name),
      parked: () => undefined,
      trouble: (event, text) => this.troubles.push({ event, text }),
      recovered: (count) => {
        this.recovered += count;
      },
    };
    const source = new FolderSource(
      {
        path: this.path,
        pattern: '*',
        stableMs: 0,
        afterwards: { kind: 'remove' },
        headers: { destination: parseTemplate('/queue/q'), file: parseTemplate('%{file}') },
        sidecar: false,
        text: true,
        maxLock: 600,
        loop: false,
        maxMessageSize: 1 << 20,
        sync: false,
        clock: systemClock,
        events,
        ...options,
      },
      files,
    );
    atEnd(this.#test, () => source.close().catch(() => undefined));
    return source;
  }

  async source(options: Partial<FolderSourceOptions> = {}, files: FileSystem = systemFiles): Promise<FolderSource> {
    const source = this.unopened(options, files);
    await source.open();
    return source;
  }

  /** The claims of this process become those of one that is dead. */
  bury(): void {
    const root = join(this.path, '.stompctl.claims');
    for (const name of readdirSync(root)) {
      const dead = name.replace(`.${process.pid}.`, `.${DEAD_PID}.`);
      renameSync(join(root, name), join(root, dead));
      // nobody has said for long that it is alive
      utimesSync(join(root, dead), 1, 1);
    }
  }
}

/** The next deliveries; none at the end, or when idle. */
export async function taken(source: FolderSource, demand = PLENTY): Promise<readonly Delivery[]> {
  const result = await source.next(demand, new AbortController().signal);
  return result.kind === 'batch' ? result.deliveries : [];
}

export function namesOf(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ name }) => name).sort();
}
