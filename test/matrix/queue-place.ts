import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { errnoOf } from '../../src/base/errors.js';
import { remains } from '../support/queue-types.js';
import { elementPaths } from '../support/sample-messages.js';
import type { Account, Place } from './account.js';
import type { Found, Parcel } from './corpus.js';
import { type DiskSource, type Output, persist } from './disk-place.js';

export type QueueType = 'DQS' | 'DQN';

const ELEMENTS_A_FOLDER = 200;

/** A directory queue, written and read with none of the code under test. */
export class QueuePlace implements DiskSource {
  readonly path: string;
  readonly #place: Place;
  readonly #account: Account;
  readonly #type: QueueType;
  readonly #read = new Set<string>();
  #count = 0;

  constructor(path: string, place: Place, account: Account, type: QueueType = 'DQS') {
    this.path = path;
    this.#place = place;
    this.#account = account;
    this.#type = type;
  }

  /** As a shell script would: a file under another name, then `rename`. */
  async put(parcel: Parcel, header: Readonly<Record<string, string>>): Promise<void> {
    const folder = join(this.path, (0x5f000000 + Math.floor(this.#count / ELEMENTS_A_FOLDER)).toString(16));
    const name = `5f000000${this.#count.toString(16).padStart(5, '0')}0`;
    this.#count += 1;
    this.#account.put(parcel);
    const complete = { ...header, 'x-id': parcel.id, 'x-note': parcel.note };
    // RACE: a purge may remove the folder while it is empty
    await persist(() => {
      if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
      const made = join(folder, `${name}.tmp`);
      if (this.#type === 'DQN') writeFolder(made, parcel, complete);
      else writeFileSync(made, elementOf(parcel, complete));
      renameSync(join(folder, `${name}.tmp`), join(folder, name));
    });
  }

  incoming(): readonly string[] {
    return ['--incoming-queue', `path=${this.path} type=${this.#type}`, '--loop', '--remove'];
  }

  output(): Output {
    return { kind: 'queue', options: { path: this.path, type: this.#type } };
  }

  look(): void {
    for (const path of elementPaths(this.path)) {
      if (this.#read.has(path)) continue;
      const found = this.#type === 'DQN' ? readFolder(path) : readFile(path);
      if (found === 'gone') continue;
      this.#read.add(path);
      if (found === undefined) this.#account.spoilt(this.#place, `${basename(path)} is no whole element`);
      else this.#account.found(this.#place, found, basename(path));
    }
  }

  get elements(): number {
    return elementPaths(this.path).length;
  }

  /** Locks, journals, temporary files. */
  leftovers(): string[] {
    if (!existsSync(this.path)) return [];
    return remains(this.path).map((name) => join(this.path, name));
  }

  folders(): string[] {
    if (!existsSync(this.path)) return [];
    return readdirSync(this.path)
      .map((name) => join(this.path, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
  }
}

function elementOf({ text, body }: Parcel, header: Readonly<Record<string, string>>): string {
  const content = text ? { text, body: body.toString() } : { body: body.toString('base64'), encoding: 'base64' };
  return JSON.stringify({ header, ...content });
}

/** The folder of an element of type DQN, under another name. */
function writeFolder(path: string, { text, body }: Parcel, header: Readonly<Record<string, string>>): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  const line = ([name, value]: [string, string]): string => `${escaped(name)}\t${escaped(value)}\n`;
  writeFileSync(join(path, 'header'), Object.entries(header).map(line).join(''));
  writeFileSync(join(path, text ? 'text' : 'binary'), body);
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n');
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_all, letter: string) => ({ t: '\t', n: '\n' })[letter] ?? letter);
}

/** RACE: a consumer took it between the listing and the look: gone. Undefined: it is no whole message. */
type Look = Found | 'gone' | undefined;

function readFile(path: string): Look {
  try {
    return parse(readFileSync(path));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'gone';
    throw error;
  }
}

function readFolder(path: string): Look {
  try {
    const rows = readFileSync(join(path, 'header'), 'utf8').split('\n').slice(0, -1);
    const header = Object.fromEntries(rows.map((row) => row.split('\t').map(unescaped)));
    const body = readFileSync(join(path, existsSync(join(path, 'text')) ? 'text' : 'binary'));
    return { id: String(header['x-id'] ?? ''), note: String(header['x-note'] ?? ''), body };
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return existsSync(path) ? undefined : 'gone';
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
