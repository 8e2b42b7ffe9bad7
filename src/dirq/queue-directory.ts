import { constants } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { closeQuietly, type FileSystem, quietly } from '../base/file-system.js';
import { FOLDER_NAME } from './element-name.js';

const { O_CREAT, O_EXCL, O_WRONLY, O_RDONLY, R_OK, W_OK, X_OK } = constants;

/** What a full or failing disk, a lost permission or too many open files become while a queue is used: wait, try again. */
export function queueError(operation: string, path: string, error: unknown): StompctlError {
  if (error instanceof StompctlError) return error;
  return new StompctlError('QUEUE_IO', operation, path, reasonOf(error), error);
}

/** errors that pass by themselves, or when somebody makes room: no reason to end a run that has just begun */
const PASSING = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'ESTALE',
  'EINTR',
  'EAGAIN',
  'EBUSY',
]);

/** statfs(2): what tmpfs and ramfs say of themselves */
const IN_MEMORY = [0x01021994, 0x858458f6];
/** what programs keep beside the intermediate folders: journals, pidfiles and what belongs to these, hidden files */
const OF_PROGRAMS = /^\.|^stompctl\.|\.(?:pid|status|lock|tmp)$/;

/** A queue's top folder: makes files and folders in it with the modes that its umask asks for. */
export class QueueDirectory {
  readonly path: string;
  readonly files: FileSystem;
  readonly #umask: number | undefined;
  /** does the process's own umask take away what ours permits? Known after the first file */
  #fixModes: boolean | undefined;
  /** plain files beside the intermediate folders, which are of no queue, as of the last look at `folders` */
  strangers = 0;
  /** folders whose entry of the queue, or of one of its parents, is not on the disk yet */
  #unsynced: string[] = [];
  /** the folder of the last elements: the next ones are there as well */
  #asked: { readonly folder: string; readonly inMemory: boolean } | undefined;

  constructor(path: string, files: FileSystem, umask: number | undefined) {
    this.path = path;
    this.files = files;
    this.#umask = umask;
  }

  /**
   * Makes the folder, with its parents and the folders `inside`, when it is missing, and checks that elements can be taken and put there.
   * Throws QUEUE_INVALID (not a folder), QUEUE_CANNOT_CREATE, QUEUE_PERMISSION, or QUEUE_IO for what may pass.
   */
  open(inside: readonly string[] = []): void {
    const { path, files } = this;
    this.#asked = undefined;
    try {
      if (!this.makeFolder(path, true) && !files.statSync(path).isDirectory()) throw this.#notFolder();
    } catch (error) {
      throw this.#cannotMake(error);
    }
    try {
      files.accessSync(path, R_OK | W_OK | X_OK);
    } catch (error) {
      if (PASSING.has(errnoOf(error) ?? '')) throw queueError('open queue', path, error);
      const reason = `${reasonOf(error)}: reading, writing and searching must be permitted`;
      throw new StompctlError('QUEUE_PERMISSION', 'open queue', path, reason, error);
    }
    // after the look at its rights: a folder that is there and denied is a matter of permission, whatever belongs inside
    try {
      for (const folder of inside) {
        const inner = `${path}/${folder}`;
        if (!this.makeFolder(inner, true) && !isFolder(files, inner)) throw this.#notFolder(undefined, inner);
      }
    } catch (error) {
      throw this.#cannotMake(error);
    }
  }

  /**
   * Is this folder of the queue on a file system in memory? What is there is gone with the power: nothing can be synced, and nothing
   * has to be. Each is asked for itself: another file system may be mounted there. What cannot be told is taken for a disk.
   */
  isInMemory(folder: string): boolean {
    if (folder !== this.#asked?.folder)
      this.#asked = { folder, inMemory: this.#keepsNothing(`${this.path}/${folder}`) };
    return this.#asked.inMemory;
  }

  /** fdatasync of a file in this folder; `done` gets the error, or null, and is called at once where the folder is in memory. */
  syncData(fd: number, folder: string, done: (error: Error | null) => void): void {
    if (this.isInMemory(folder)) done(null);
    else this.files.fdatasync(fd, done);
  }

  #keepsNothing(path: string): boolean {
    try {
      return IN_MEMORY.includes(this.files.statfsSync(path).type);
    } catch {
      return false;
    }
  }

  #cannotMake(error: unknown): StompctlError {
    const { path } = this;
    if (error instanceof StompctlError) return error;
    if (PASSING.has(errnoOf(error) ?? '')) return queueError('open queue', path, error);
    if (errnoOf(error) === 'ENOTDIR' || errnoOf(error) === 'EEXIST') return this.#notFolder(error);
    const reason = `${reasonOf(error)}: make the directory, or run as a user who may`;
    return new StompctlError('QUEUE_CANNOT_CREATE', 'open queue', path, reason, error);
  }

  /** The intermediate folders, oldest first. A symbolic link is none: it may lead out of the queue. Throws QUEUE_IO. */
  folders(): string[] {
    try {
      const entries = this.files.readdirSync(this.path, { withFileTypes: true });
      this.strangers = entries.filter((entry) => entry.isFile() && !OF_PROGRAMS.test(entry.name)).length;
      return entries
        .filter((entry) => FOLDER_NAME.test(entry.name) && entry.isDirectory())
        .map(({ name }) => name)
        .sort();
    } catch (error) {
      throw queueError('read queue', this.path, error);
    }
  }

  /**
   * Throws QUEUE_IO when what has the name of an intermediate folder is something else, such as a symbolic link out of the queue.
   * One that is not there is none of that.
   */
  mustBeFolder(name: string): void {
    const path = `${this.path}/${name}`;
    if (isFolder(this.files, path) !== false) return;
    const reason = 'is a symbolic link or a file where a folder of the queue belongs: remove it';
    throw new StompctlError('QUEUE_IO', 'write', path, reason);
  }

  /**
   * Creates a file that was not there and answers its descriptor. Throws the system's error, EEXIST among them; then there
   * is neither.
   */
  createFile(path: string): number {
    const mode = 0o666 & ~(this.#umask ?? 0);
    const fd = this.files.openSync(path, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (this.#umask === undefined || this.#fixModes === false) return fd;
    try {
      this.#fixModes ??= (this.files.fstatSync(fd).mode & 0o777) !== mode;
      if (this.#fixModes) this.files.fchmodSync(fd, mode);
      return fd;
    } catch (error) {
      closeQuietly(this.files, fd);
      quietly(() => this.files.unlinkSync(path));
      throw error;
    }
  }

  /** Makes a folder; false when there is one already. Throws the system's error. */
  makeFolder(path: string, parents = false): boolean {
    const mode = 0o777 & ~(this.#umask ?? 0);
    try {
      this.files.mkdirSync(path, mode);
    } catch (error) {
      const errno = errnoOf(error);
      // RACE: another process made it first
      if (errno === 'EEXIST') return false;
      if (errno !== 'ENOENT' || !parents) throw error;
      if (!this.#makeParent(path, mode, error)) return false;
    }
    try {
      if (this.#umask !== undefined) this.files.chmodSync(path, mode);
    } catch (error) {
      // who tries again would take the folder for another's, with the modes that were meant
      quietly(() => this.files.rmdirSync(path));
      throw error;
    }
    if (parents) this.#unsynced.push(dirname(path));
    return true;
  }

  /** Makes a folder and its parents; false when somebody has made it meanwhile. `missing` is what `mkdir` said of it. */
  #makeParent(path: string, mode: number, missing: unknown): boolean {
    const parent = dirname(path);
    if (parent === path) throw missing;
    this.makeFolder(parent, true);
    try {
      this.files.mkdirSync(path, mode);
      return true;
    } catch (error) {
      // RACE: another process made it first
      if (errnoOf(error) === 'EEXIST') return false;
      if (errnoOf(error) !== 'ENOENT') throw error;
      // the parent is there, and yet nothing can be made in it
      const reason = `no directory can be made in ${parent}: it is a symbolic link to nowhere, or not on a disk (/proc)`;
      throw Object.assign(new Error(`ENOENT: ${reason}`), { code: 'ENOENT' });
    }
  }

  /** Resolves when the queue's folder, if `open` made it, would survive a power loss. Rejects with QUEUE_IO. */
  async syncParents(): Promise<void> {
    for (let folder = this.#unsynced[0]; folder !== undefined; folder = this.#unsynced[0]) {
      await this.syncFolder(folder);
      // not before: after an error it is still to be done
      this.#unsynced.shift();
    }
  }

  /** Resolves when the entries of a folder are on the disk; at once when the folder is gone, or in memory. Rejects with QUEUE_IO. */
  async syncFolder(path: string): Promise<void> {
    if (this.#keepsNothing(path)) return;
    const { files } = this;
    let fd: number;
    try {
      fd = files.openSync(path, O_RDONLY);
    } catch (error) {
      // RACE: a purge removed the folder: it was empty
      if (errnoOf(error) === 'ENOENT') return;
      throw queueError('fsync', path, error);
    }
    try {
      await new Promise<void>((resolve, reject) => {
        files.fsync(fd, (error) => (error === null ? resolve() : reject(queueError('fsync', path, error))));
      });
    } finally {
      closeQuietly(files, fd);
    }
  }

  /** The same, at once. Throws the system's error. */
  syncFolderNow(path: string): void {
    const { files } = this;
    let fd: number;
    try {
      fd = files.openSync(path, O_RDONLY);
    } catch (error) {
      // RACE: a purge removed the folder: it was empty
      if (errnoOf(error) === 'ENOENT') return;
      throw error;
    }
    try {
      files.fsyncSync(fd);
    } finally {
      closeQuietly(files, fd);
    }
  }

  #notFolder(cause?: unknown, path = this.path): StompctlError {
    const reason = 'is not a directory: give the path of a directory, or of one to be made';
    return new StompctlError('QUEUE_INVALID', 'open queue', path, reason, cause);
  }
}

/** Is there a folder of this name, and no link to one? undefined: there is nothing. Throws the system's error. */
export function isFolder(files: Pick<FileSystem, 'lstatSync'>, path: string): boolean | undefined {
  return files.lstatSync(path, { throwIfNoEntry: false })?.isDirectory();
}

const MOST_DURABLE = 1000;

/** Syncs intermediate folders, and the queue's own when one of them is not known to be on the disk. */
export class FolderSync {
  readonly #directory: QueueDirectory;
  /** intermediate folders whose own entry is on the disk; emptied when there are many */
  readonly #durable = new Set<string>();

  constructor(directory: QueueDirectory) {
    this.#directory = directory;
  }

  /** Resolves when the entries of an intermediate folder, and its own, are on the disk. Rejects with QUEUE_IO. */
  async sync(folder: string): Promise<void> {
    const { path } = this.#directory;
    await this.#directory.syncFolder(`${path}/${folder}`);
    if (this.#durable.has(folder)) return;
    await this.#directory.syncFolder(path);
    if (this.#durable.size === MOST_DURABLE) this.#durable.clear();
    this.#durable.add(folder);
  }

  /** The folder is being made, perhaps not for the first time. */
  forget(folder: string): void {
    this.#durable.delete(folder);
  }
}
