import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../src/base/errors.js';
import type { Account, Place } from './account.js';
import type { Found, Parcel } from './corpus.js';
import { type DiskPlace, type DiskSource, type Output, persist } from './disk-place.js';

/** What a kill leaves of a file that was being written: it is removed by a start an hour later. */
const HALF_WRITTEN = /^\.stompctl\.[0-9a-f]{14}\.(?:body|json)\.tmp$/;

/** Files that have a message each, by a name that the harness does not choose. */
abstract class FilesPlace implements DiskPlace {
  readonly path: string;
  readonly #place: Place;
  readonly #account: Account;
  readonly #read = new Set<string>();

  constructor(path: string, place: Place, account: Account) {
    this.path = path;
    this.#place = place;
    this.#account = account;
  }

  /** The headers that the harness gave the message in a file. */
  protected abstract headersOf(file: string): Pick<Found, 'id' | 'note'>;

  /** Is it a message, and not something beside one? */
  protected abstract isMessage(name: string): boolean;

  abstract output(): Output;

  look(): void {
    for (const name of this.#names()) {
      if (this.#read.has(name)) continue;
      const file = join(this.path, name);
      try {
        const body = readFileSync(file);
        this.#account.found(this.#place, { ...this.headersOf(file), body }, name);
      } catch (error) {
        // RACE: it was taken between the listing and the look
        if (errnoOf(error) === 'ENOENT' && !existsSync(file)) continue;
        this.#account.spoilt(this.#place, `${name}: ${String(error)}`);
      }
      this.#read.add(name);
    }
  }

  get elements(): number {
    return this.#names().length;
  }

  leftovers(): string[] {
    const all = existsSync(this.path) ? readdirSync(this.path, { recursive: true, encoding: 'utf8' }) : [];
    const strange = all.filter((name) => /^\.|\.tmp$/.test(name) && !HALF_WRITTEN.test(name));
    // a folder of claims may stay, with nothing in it
    return strange.map((name) => join(this.path, name)).filter((path) => !statSync(path).isDirectory());
  }

  folders(): string[] {
    return [];
  }

  #names(): string[] {
    const names = existsSync(this.path) ? readdirSync(this.path) : [];
    return names.filter((name) => !name.startsWith('.') && this.isMessage(name));
  }
}

/** A plain folder, with headers in a file of JSON beside each file. */
export class FolderPlace extends FilesPlace implements DiskSource {
  readonly #account: Account;
  #count = 0;

  constructor(path: string, place: Place, account: Account) {
    super(path, place, account);
    this.#account = account;
  }

  async put(parcel: Parcel, header: Readonly<Record<string, string>>): Promise<void> {
    const file = join(this.path, String(this.#count).padStart(6, '0'));
    this.#count += 1;
    this.#account.put(parcel);
    const headers = JSON.stringify({ ...header, 'x-id': parcel.id, 'x-note': parcel.note });
    await persist(() => {
      writeFileSync(`${file}.tmp`, headers);
      renameSync(`${file}.tmp`, `${file}.json`);
      writeFileSync(`${file}.tmp`, parcel.body);
      renameSync(`${file}.tmp`, file);
    });
  }

  incoming(): readonly string[] {
    return ['--incoming-folder', `path=${this.path} stable=0 sidecar=json`, '--loop'];
  }

  output(): Output {
    return { kind: 'folder', options: { path: this.path, sidecar: 'json' } };
  }

  protected override isMessage(name: string): boolean {
    return !/\.(?:json|tmp)$/.test(name);
  }

  protected override headersOf(file: string): Pick<Found, 'id' | 'note'> {
    const header = JSON.parse(readFileSync(`${file}.json`, 'utf8')) as Record<string, string>;
    return { id: header['x-id'] ?? '', note: header['x-note'] ?? '' };
  }
}

/** Runs at a time. */
const CONCURRENCY = 8;
/**
 * Stores what it is given, whole or not at all: the end of its input is also the end of who was killed while writing it.
 * Its own number tells two runs with the same message apart.
 */
const STORE = `set -e
name="$STOMPCTL_HEADER_X_ID-$$"
cat > "$1/.$name.tmp"
test "$(stat -c %s "$1/.$name.tmp")" = "$STOMPCTL_BODY_BYTES" || { rm "$1/.$name.tmp"; exit 1; }
printf %s "$STOMPCTL_HEADER_X_NOTE" > "$1/$name.note"
mv "$1/.$name.tmp" "$1/$name"
`;

/** What a command has stored that is run for each message. */
export class CommandPlace extends FilesPlace {
  override output(): Output {
    const script = `${this.path}.sh`;
    writeFileSync(script, STORE);
    return { kind: 'command', options: { command: `/bin/sh ${script} ${this.path}`, concurrency: CONCURRENCY } };
  }

  /** A run goes on after stompctl was killed, and may be killed by nobody. */
  override leftovers(): string[] {
    return [];
  }

  protected override isMessage(name: string): boolean {
    return !name.endsWith('.note');
  }

  protected override headersOf(file: string): Pick<Found, 'id' | 'note'> {
    const [id = ''] = file.slice(this.path.length + 1).split('-');
    return { id, note: readFileSync(`${file}.note`, 'utf8') };
  }
}
