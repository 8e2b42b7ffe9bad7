import { constants } from 'node:fs';
import { errnoOf, StompctlError } from '../base/errors.js';
import { closeQuietly, quietly } from '../base/file-system.js';
import type { Message } from '../message/message.js';
import type { ElementNames } from './element-name.js';
import { type ElementWriter, inTurn, type Staged, undoLock } from './element-store.js';
import { filesOf } from './fields/message-fields.js';
import type { MessageFields } from './fields/schema.js';
import { type NormalElements, TEMPORARY_FOLDER } from './normal-elements.js';
import { FolderSync, type QueueDirectory } from './queue-directory.js';

/** other processes may begin a new folder: the last one is looked for again this often */
const LOOK_AGAIN_MS = 1000;
const MOST_ATTEMPTS = 100;

export interface NormalShape {
  /** elements that an intermediate folder holds */
  readonly maxElts: number;
  readonly fields: MessageFields;
}

/** The steps by which an element comes into a DQN queue: built aside, then renamed into the last intermediate folder. */
export class NormalWriter implements ElementWriter {
  readonly #directory: QueueDirectory;
  readonly #elements: NormalElements;
  readonly #names: ElementNames;
  readonly #maxElts: number;
  readonly #fields: MessageFields;
  readonly #folders: FolderSync;
  #folder: string | undefined;
  #lookedMs = 0;
  /** the folder that was counted where its links do not tell (btrfs), and what it has since then, our own included */
  #counted: string | undefined;
  #count = 0;

  constructor(
    directory: QueueDirectory,
    elements: NormalElements,
    names: ElementNames,
    { maxElts, fields }: NormalShape,
  ) {
    this.#directory = directory;
    this.#elements = elements;
    this.#names = names;
    this.#maxElts = maxElts;
    this.#fields = fields;
    this.#folders = new FolderSync(directory);
  }

  temporaryName(): string {
    return `${TEMPORARY_FOLDER}/${this.#names.file()}`;
  }

  stage(message: Message, temporary: string): Staged {
    return this.stageFiles(filesOf(this.#fields, message), temporary);
  }

  stageBytes(): never {
    const reason = 'an element of type DQN is more than one file: use a queue of type DQS';
    throw new StompctlError('QUEUE_INVALID', 'add', this.#directory.path, reason);
  }

  isLike(): boolean {
    return false;
  }

  stageFile(): never {
    return this.stageBytes();
  }

  /** Makes an element of these files. Throws the system's error, with nothing left behind. */
  stageFiles(contents: ReadonlyMap<string, Buffer>, temporary: string): Staged {
    const { path, files } = this.#directory;
    const folder = `${path}/${temporary}`;
    if (!this.#directory.makeFolder(folder)) throw Object.assign(new Error(`EEXIST: ${folder}`), { code: 'EEXIST' });
    const staged: Staged = { folder: '', temporary, fds: [], name: undefined };
    try {
      for (const [name, bytes] of contents) this.#write(staged, name, bytes);
      staged.fds.push(files.openSync(folder, constants.O_RDONLY));
    } catch (error) {
      // what stays all the same is in the journal
      quietly(() => this.discard(staged));
      throw error;
    }
    return staged;
  }

  syncData(staged: Staged, done: (error: Error | null) => void): void {
    const fds = this.#directory.isInMemory(TEMPORARY_FOLDER) ? [] : staged.fds;
    let left = fds.length;
    let failure: Error | null = null;
    if (left === 0) done(null);
    for (const fd of fds) {
      this.#directory.files.fsync(fd, (error) => {
        failure ??= error;
        left -= 1;
        if (left === 0) done(failure);
      });
    }
  }

  publish(staged: Staged): string {
    this.#close(staged);
    const { path, files } = this.#directory;
    for (let attempt = 1; ; attempt += 1) {
      const folder = this.#insertionFolder();
      const name = `${folder}/${this.#names.file()}`;
      try {
        files.renameSync(`${path}/${staged.temporary}`, `${path}/${name}`);
        staged.folder = folder;
        staged.name = name;
        this.#count += 1;
        return name;
      } catch (error) {
        const errno = errnoOf(error);
        if (attempt === MOST_ATTEMPTS) throw error;
        // RACE: a purge removed the empty folder
        if (errno === 'ENOENT') this.#folder = undefined;
        // RACE: another process took the same name in the same microsecond
        else if (errno !== 'ENOTEMPTY' && errno !== 'EEXIST') throw error;
      }
    }
  }

  syncFolder(folder: string): Promise<void> {
    return this.#folders.sync(folder);
  }

  finish(): void {}

  discard(staged: Staged): boolean {
    for (const fd of staged.fds.splice(0)) closeQuietly(this.#directory.files, fd);
    const { name } = staged;
    if (name === undefined) {
      this.#elements.discard(staged.temporary);
      return true;
    }
    if (!this.#elements.lock(name, Date.now() / 1000)) return false;
    let done: boolean;
    try {
      ({ done } = this.#elements.remove(name));
    } catch (error) {
      undoLock(() => this.#elements.unlock(name), error);
      throw error;
    }
    this.#elements.finishRemoval(name);
    return done;
  }

  /** The last intermediate folder, or a new one when that is full. */
  #insertionFolder(): string {
    const nowMs = performance.now();
    // where links tell nothing the folder is read, and then counted on from there
    if (nowMs - this.#lookedMs >= LOOK_AGAIN_MS) this.#counted = undefined;
    if (this.#folder !== undefined && nowMs - this.#lookedMs < LOOK_AGAIN_MS && !this.#isFull(this.#folder)) {
      return this.#folder;
    }
    let folder = this.#directory.folders().at(-1);
    while (folder === undefined || this.#isFull(folder)) {
      folder = (folder === undefined ? 0 : Number.parseInt(folder, 16) + 1).toString(16).padStart(8, '0');
      this.#folders.forget(folder);
      this.#directory.makeFolder(`${this.#directory.path}/${folder}`);
    }
    this.#directory.mustBeFolder(folder);
    this.#folder = folder;
    this.#lookedMs = nowMs;
    return folder;
  }

  #isFull(folder: string): boolean {
    const path = `${this.#directory.path}/${folder}`;
    const links = this.#directory.files.statSync(path, { throwIfNoEntry: false })?.nlink;
    // RACE: a purge removed it: renaming into it will tell
    if (links === undefined) return false;
    // a folder has a link for itself, one from above and one from each folder inside; where it has not, count
    if (links >= 2) return links - 2 >= this.#maxElts;
    if (this.#counted !== folder) {
      this.#count = this.#directory.files.readdirSync(path).length;
      this.#counted = folder;
    }
    return this.#count >= this.#maxElts;
  }

  #write(staged: Staged, name: string, bytes: Buffer): void {
    const fd = this.#directory.createFile(`${this.#directory.path}/${staged.temporary}/${name}`);
    staged.fds.push(fd);
    let written = 0;
    while (written < bytes.length) written += this.#directory.files.writeSync(fd, bytes, written);
  }

  #close(staged: Staged): void {
    // the first error is told, and every descriptor let go
    inTurn(staged.fds.splice(0).map((fd) => () => this.#directory.files.closeSync(fd)));
  }
}
