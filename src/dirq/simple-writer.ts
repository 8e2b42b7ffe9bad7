import { constants } from 'node:fs';
import { errnoOf } from '../base/errors.js';
import { closeQuietly, quietly } from '../base/file-system.js';
import { type Compression, encodeForNow } from '../message/json.js';
import type { Message } from '../message/message.js';
import { type ElementNames, FOLDER_NAME } from './element-name.js';
import { type ElementWriter, inTurn, type Staged } from './element-store.js';
import { FolderSync, type QueueDirectory, queueError } from './queue-directory.js';
import type { ElementFormat } from './queue-options.js';
import { LOCK_SUFFIX } from './simple-elements.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
export const TEMPORARY_SUFFIX = '.tmp';
/** a folder that vanishes again and again is not a purge's doing */
const MOST_ATTEMPTS = 100;

export interface SimpleEncoding {
  readonly format: ElementFormat;
  readonly compression?: Compression | undefined;
}

/** The steps by which an element comes into a DQS queue. Whoever calls them puts them in order and syncs between. */
export class SimpleWriter implements ElementWriter {
  readonly #directory: QueueDirectory;
  readonly #names: ElementNames;
  readonly #folders: FolderSync;
  readonly #encoding: SimpleEncoding;
  /** the intermediate folder that was found to be one, and no link out of the queue */
  #folder: string | undefined;
  /** of the files that are written here, as the first one came out */
  #look: { readonly uid: number; readonly gid: number; readonly mode: number } | undefined;

  constructor(directory: QueueDirectory, names: ElementNames, encoding: SimpleEncoding) {
    this.#encoding = encoding;
    this.#directory = directory;
    this.#names = names;
    this.#folders = new FolderSync(directory);
  }

  temporaryName(): string {
    return `${this.#names.folder()}/${this.#names.file()}${TEMPORARY_SUFFIX}`;
  }

  stage(message: Message, temporary: string): Staged {
    const { format, compression } = this.#encoding;
    const bytes = format === 'raw' ? message.body : encodeForNow(message, compression);
    return this.stageBytes(bytes, temporary);
  }

  stageBytes(bytes: Buffer, temporary: string): Staged {
    const place = placeOf(temporary);
    // staged apart from the elements: it is published where one added now belongs
    const folder = FOLDER_NAME.test(place) ? place : this.#names.folder();
    const fd = this.#create(place, temporary);
    const staged: Staged = { folder, temporary, fds: [fd], name: undefined };
    try {
      let written = 0;
      while (written < bytes.length) written += this.#directory.files.writeSync(fd, bytes, written);
      if (this.#look === undefined) {
        const { uid, gid, mode } = this.#directory.files.fstatSync(fd);
        this.#look = { uid, gid, mode: mode & 0o7777 };
      }
    } catch (error) {
      // what stays all the same is in the journal
      quietly(() => this.discard(staged));
      throw error;
    }
    return staged;
  }

  isLike({
    uid,
    gid,
    mode,
  }: {
    readonly uid: number;
    readonly gid: number;
    readonly mode: number;
  }): boolean | undefined {
    const look = this.#look;
    return look && look.uid === uid && look.gid === gid && look.mode === mode;
  }

  stageFile(path: string, sync: boolean): Staged {
    const folder = this.#names.folder();
    if (folder !== this.#folder) {
      this.#directory.mustBeFolder(folder);
      this.#makeFolder(folder);
      this.#folder = folder;
    }
    // a link stays within one file system: where the folder is in memory, so is the file
    const isSynced = sync && !this.#directory.isInMemory(folder);
    const fds = isSynced ? [this.#directory.files.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)] : [];
    return { folder, temporary: '', moved: path, fds, name: undefined };
  }

  syncData(staged: Staged, done: (error: Error | null) => void): void {
    const [fd] = staged.fds;
    if (fd === undefined) done(null);
    else this.#directory.syncData(fd, placeOf(staged.temporary) || staged.folder, done);
  }

  /** By `link`, not `rename`: nothing is ever overwritten. */
  publish(staged: Staged): string {
    this.#closeFile(staged);
    const { path, files } = this.#directory;
    for (let attempt = 1; ; attempt += 1) {
      const name = `${staged.folder}/${this.#names.file()}`;
      try {
        files.linkSync(staged.moved ?? `${path}/${staged.temporary}`, `${path}/${name}`);
        staged.name = name;
        return name;
      } catch (error) {
        // RACE: the folder of what was staged apart is not there yet, or a purge removed it while it was empty
        const makeFolder =
          errnoOf(error) === 'ENOENT' &&
          staged.moved === undefined &&
          !staged.temporary.startsWith(`${staged.folder}/`);
        if (makeFolder && attempt < MOST_ATTEMPTS) this.#makeFolder(staged.folder);
        // RACE: another process took the same name in the same microsecond
        else if (errnoOf(error) !== 'EEXIST') throw error;
      }
    }
  }

  syncFolder(folder: string): Promise<void> {
    return this.#folders.sync(folder);
  }

  finish(staged: Staged): void {
    if (staged.moved === undefined) this.#unlink(staged.temporary);
  }

  discard(staged: Staged): boolean {
    const { name } = staged;
    let retracted = true;
    inTurn([
      () => {
        if (name !== undefined) retracted = this.#retract(name);
      },
      () => {
        for (const fd of staged.fds.splice(0)) closeQuietly(this.#directory.files, fd);
        this.finish(staged);
      },
    ]);
    return retracted;
  }

  #closeFile(staged: Staged): void {
    for (const fd of staged.fds.splice(0)) this.#directory.files.closeSync(fd);
  }

  #retract(name: string): boolean {
    const { path, files } = this.#directory;
    try {
      files.linkSync(`${path}/${name}`, `${path}/${name}${LOCK_SUFFIX}`);
    } catch (error) {
      // RACE: a consumer locked it, or took it: it is delivered, and will come twice
      if (errnoOf(error) === 'EEXIST' || errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
    inTurn([() => this.#unlink(name), () => this.#unlink(name + LOCK_SUFFIX)]);
    return true;
  }

  #create(folder: string, temporary: string): number {
    const { path } = this.#directory;
    for (let attempt = 1; ; attempt += 1) {
      if (folder !== this.#folder) this.#directory.mustBeFolder(folder);
      this.#folder = folder;
      try {
        return this.#directory.createFile(`${path}/${temporary}`);
      } catch (error) {
        // RACE: the folder is not there yet, or a purge removed it while it was empty
        if (errnoOf(error) !== 'ENOENT' || attempt === MOST_ATTEMPTS) throw error;
        this.#makeFolder(folder);
      }
    }
  }

  #makeFolder(folder: string): void {
    this.#folders.forget(folder);
    this.#directory.makeFolder(`${this.#directory.path}/${folder}`);
  }

  #unlink(name: string): void {
    const path = `${this.#directory.path}/${name}`;
    try {
      this.#directory.files.unlinkSync(path);
    } catch (error) {
      // RACE: a purge thought it too old
      if (errnoOf(error) !== 'ENOENT') throw queueError('unlink', path, error);
    }
  }
}

/** The folder that it is in; empty for what has no temporary name. */
function placeOf(temporary: string): string {
  return temporary.slice(0, Math.max(0, temporary.indexOf('/')));
}
