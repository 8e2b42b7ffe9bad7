import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CommandWord } from '../../base/command-words.js';
import { StompctlError } from '../../base/errors.js';
import { type FileSystem, lstatIfThere, quietly, systemFiles, unless } from '../../base/file-system.js';
import { cutName, suffixedName } from '../../base/suffixed-name.js';
import { ElementNames } from '../../dirq/element-name.js';
import { QueueDirectory, queueError } from '../../dirq/queue-directory.js';
import type { Sink } from '../../flow/sink.js';
import type { Header, Message } from '../../message/message.js';

export interface FolderSinkOptions {
  readonly path: string;
  /** what a file is called, with headers in it; undefined: a name of its own, later ones sort behind */
  readonly fileName: CommandWord | undefined;
  /** put the headers into NAME.json beside NAME */
  readonly sidecar: boolean;
  readonly umask: number | undefined;
  /** sync files and folder before a message counts as safe */
  readonly sync: boolean;
}

interface Pending {
  readonly message: Message;
  readonly resolve: () => void;
  readonly reject: (reason: StompctlError) => void;
}

/** A file under its temporary name. */
interface Written {
  readonly one: Pending;
  readonly temporary: string;
  readonly headers: string | undefined;
}

const MOST_MESSAGES = 64;
const MOST_BYTES = 16 * 1024 * 1024;
/** NAME_MAX is 255 bytes on most file systems; a suffix and `.json` come behind */
const LONGEST_NAME_BYTES = 200;
const TEMPORARY = /^\.stompctl\.[0-9a-f]{14}\.(?:body|json)\.tmp$/;
/** so old, nobody writes it any more */
const LEFT_BEHIND_MS = 3600_000;

/**
 * Puts each message into a file of a plain folder: written and synced under a dot name, then linked under its own, so that nobody sees
 * half of one, and no other file is replaced. With `sidecar` its headers are there before it is.
 */
export class FolderSink implements Sink {
  readonly name: string;
  readonly #options: FolderSinkOptions;
  readonly #directory: QueueDirectory;
  readonly #names = new ElementNames(1, undefined);
  #pending: Pending[] = [];
  #commits: Promise<void> | undefined;

  constructor(options: FolderSinkOptions, files: FileSystem = systemFiles) {
    this.name = `folder ${options.path}`;
    this.#options = options;
    this.#directory = new QueueDirectory(options.path, files, options.umask);
  }

  /** Makes the folder when it is missing, and removes what a kill has left half-written long ago. */
  async open(): Promise<void> {
    this.#directory.open();
    const { path, files } = this.#directory;
    try {
      const dir = files.opendirSync(path);
      for (let entry = dir.readSync(); entry !== null; entry = dir.readSync()) {
        if (TEMPORARY.test(entry.name)) this.#removeOld(join(path, entry.name));
      }
      dir.closeSync();
    } catch (error) {
      throw queueError('open folder', path, error);
    }
    if (this.#options.sync) await this.#directory.syncParents();
  }

  send(message: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ message, resolve, reject });
      this.#commits ??= this.#run();
    });
  }

  async flush(): Promise<void> {
    await this.#commits;
  }

  async recall(): Promise<void> {
    const reason = new StompctlError('SESSION_CLOSED', 'write', this.#options.path, 'given back before');
    for (const { reject } of this.#pending.splice(0)) reject(reason);
    await this.flush();
  }

  async close(): Promise<void> {
    await this.flush();
  }

  #removeOld(path: string): void {
    const { files } = this.#directory;
    quietly(() => {
      if (Date.now() - files.lstatSync(path).mtimeMs > LEFT_BEHIND_MS) files.unlinkSync(path);
    });
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0) {
      // all that is sent in this turn belongs together
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#pending.length > 0) await this.#commit(this.#nextBatch());
    }
    this.#commits = undefined;
  }

  #nextBatch(): Pending[] {
    let bytes = 0;
    let count = 0;
    for (; count < MOST_MESSAGES && count < this.#pending.length; count += 1) {
      bytes += this.#pending[count]?.message.size ?? 0;
      if (count > 0 && bytes > MOST_BYTES) break;
    }
    return this.#pending.splice(0, count);
  }

  /** Never rejects: each message's promise tells. Temporary files, their sync, links, sync of the folder; then it is safe. */
  async #commit(batch: readonly Pending[]): Promise<void> {
    // their syncs are in the thread pool together
    const written = await Promise.all(batch.map((one) => this.#write(one)));
    const linked = written.filter((file) => file !== undefined).filter((file) => this.#publish(file));
    try {
      if (this.#options.sync) await this.#directory.syncFolder(this.#options.path);
      for (const { one } of linked) one.resolve();
    } catch (error) {
      // the files stay: they may be there after a power loss, and are sent again in any case
      for (const { one } of linked) one.reject(queueError('sync folder', this.#options.path, error));
    }
    for (const { temporary, headers } of linked) this.#discard(temporary, headers);
  }

  async #write(one: Pending): Promise<Written | undefined> {
    const stem = join(this.#options.path, `.stompctl.${this.#names.file()}`);
    const temporary = `${stem}.body.tmp`;
    const headers = this.#options.sidecar ? `${stem}.json.tmp` : undefined;
    try {
      await this.#writeFile(temporary, one.message.body);
      if (headers !== undefined) await this.#writeFile(headers, Buffer.from(`${headerJson(one.message.header)}\n`));
      return { one, temporary, headers };
    } catch (error) {
      this.#discard(temporary, headers);
      one.reject(queueError('write', this.#options.path, error));
      return undefined;
    }
  }

  async #writeFile(path: string, bytes: Buffer): Promise<void> {
    const { files } = this.#directory;
    const fd = this.#directory.createFile(path);
    try {
      for (let at = 0; at < bytes.length; ) at += files.writeSync(fd, bytes, at, bytes.length - at);
      if (this.#options.sync) await promisify(files.fdatasync)(fd);
    } finally {
      files.closeSync(fd);
    }
  }

  /** Under a name that nobody has; the headers first. False: it failed, and was told. */
  #publish({ one, temporary, headers }: Written): boolean {
    const { path } = this.#options;
    try {
      const wanted = this.#nameFor(one.message.header);
      for (let name = wanted; ; name = suffixedName(wanted, this.#names.file())) {
        const target = join(path, name);
        if (headers === undefined ? this.#link(temporary, target) : this.#linkBoth(temporary, headers, target))
          return true;
      }
    } catch (error) {
      this.#discard(temporary, headers);
      one.reject(queueError('write', path, error));
      return false;
    }
  }

  /** The headers first. False: one of the names is taken. Headers whose body gets no name go again. */
  #linkBoth(temporary: string, headers: string, target: string): boolean {
    const { files } = this.#directory;
    // not even for a moment is the file of another message to have these headers
    if (lstatIfThere(files, target) !== undefined || !this.#link(headers, `${target}.json`)) return false;
    let linked = false;
    try {
      linked = this.#link(temporary, target);
    } finally {
      // NFS: what is said to have failed may be done
      quietly(() => {
        linked ||= lstatIfThere(files, target)?.ino === files.lstatSync(temporary).ino;
        if (!linked) files.unlinkSync(`${target}.json`);
      });
    }
    return linked;
  }

  #link(from: string, to: string): boolean {
    return unless('EEXIST', () => this.#directory.files.linkSync(from, to));
  }

  #nameFor(header: Readonly<Header>): string {
    const { fileName } = this.#options;
    if (fileName === undefined) return this.#names.file();
    const made = fileName
      .map((part) => (typeof part === 'string' ? part : header[part.header] || (part.otherwise ?? '')))
      .join('');
    return safeName(made, this.#options.sidecar) || this.#names.file();
  }

  #discard(temporary: string, headers: string | undefined): void {
    for (const path of headers === undefined ? [temporary] : [temporary, headers]) {
      quietly(() => this.#directory.files.unlinkSync(path));
    }
  }
}

/**
 * One name inside the folder, whatever a header says: no path, no hidden file, nothing that `incoming-folder` leaves alone. With `sidecar`
 * no `*.json` either, which are headers there.
 */
function safeName(text: string, sidecar: boolean): string {
  // half a surrogate pair has no bytes
  const wellFormed = Buffer.from(text).toString();
  const name = cutName(wellFormed.replace(/[/\p{Cc}]/gu, '_').replace(/^\.+/, '_'), LONGEST_NAME_BYTES);
  // behind the cut, which may have made one of them the end
  return name.replace(sidecar ? /\.(tmp|json)$/ : /\.(tmp)$/, '_$1');
}

function headerJson(header: Readonly<Header>): string {
  return JSON.stringify({ ...header });
}
