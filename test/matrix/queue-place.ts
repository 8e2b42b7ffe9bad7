import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { elementPaths, filesOf } from '../support/sample-messages.js';
import type { Account, Place } from './account.js';
import type { Found, Parcel } from './corpus.js';

const ELEMENTS_A_FOLDER = 200;
const RETRY_MS = 20;
const ATTEMPTS = 500;

/** A directory queue, written and read with none of the code under test. */
export class QueuePlace {
  readonly path: string;
  readonly #place: Place;
  readonly #account: Account;
  readonly #read = new Set<string>();
  #count = 0;

  constructor(path: string, place: Place, account: Account) {
    this.path = path;
    this.#place = place;
    this.#account = account;
  }

  /** As a shell script would: a file under another name, then `rename`. */
  async put(parcel: Parcel, header: Readonly<Record<string, string>>): Promise<void> {
    const folder = join(this.path, (0x5f000000 + Math.floor(this.#count / ELEMENTS_A_FOLDER)).toString(16));
    const name = `5f000000${this.#count.toString(16).padStart(5, '0')}0`;
    this.#count += 1;
    this.#account.put(parcel);
    const { id, note, text, body } = parcel;
    const content = text ? { text, body: body.toString() } : { body: body.toString('base64'), encoding: 'base64' };
    const element = JSON.stringify({ header: { ...header, 'x-id': id, 'x-note': note }, ...content });
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, `${name}.tmp`), element);
        renameSync(join(folder, `${name}.tmp`), join(folder, name));
        return;
      } catch (error) {
        // RACE: a purge removed the folder while it was empty; or a fault has made the queue unreadable
        if (attempt === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Tells the account of every element that came since the last look. */
  look(): void {
    for (const path of elementPaths(this.path)) {
      if (this.#read.has(path)) continue;
      const bytes = readIfThere(path);
      if (bytes === undefined) continue;
      this.#read.add(path);
      const found = parse(bytes);
      if (found === undefined) this.#account.spoilt(this.#place, `${basename(path)} is no whole element`);
      else this.#account.found(this.#place, found, basename(path));
    }
  }

  get elements(): number {
    return elementPaths(this.path).length;
  }

  /** Locks, journals, temporary files: what a clean stop must not leave. */
  leftovers(): string[] {
    const elements = new Set(elementPaths(this.path));
    return filesOf(this.path).filter((path) => !elements.has(path));
  }

  /** The intermediate folders that are there now. */
  folders(): string[] {
    if (!existsSync(this.path)) return [];
    return readdirSync(this.path)
      .map((name) => join(this.path, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
  }
}

/** RACE: a consumer took it between the listing and the look */
function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(bytes: Buffer): Found | undefined {
  try {
    const file = JSON.parse(bytes.toString()) as {
      header?: Record<string, string>;
      body?: string;
      text?: boolean;
      encoding?: string;
    };
    const { header = {}, body = '', text = false, encoding } = file;
    const bytesOf = encoding === 'base64' ? 'base64' : text ? 'utf8' : 'latin1';
    return { id: header['x-id'] ?? '', note: header['x-note'] ?? '', body: Buffer.from(body, bytesOf) };
  } catch {
    return undefined;
  }
}
