import type { TraceEvent } from './trace.js';

/** A folder or a file, whatever it is called. */
export type Node = FileNode | FolderNode;

interface FileNode {
  readonly kind: 'file';
  readonly id: number;
}

interface FolderNode {
  readonly kind: 'folder';
  readonly id: number;
  /** as the running process sees it */
  readonly live: Map<string, Node>;
}

/** One change that a power loss may undo by itself until a sync has covered it. */
export type Change = EntryChange | DataChange;

interface Changed {
  /** the event that made it */
  readonly at: number;
  /** the event from which on it is safe */
  safeFrom: number;
}

/** A name in a folder that comes, or goes (no node). */
interface EntryChange extends Changed {
  readonly kind: 'entry';
  readonly folder: FolderNode;
  readonly name: string;
  readonly node: Node | undefined;
}

/** Bytes at the end of a file, or its length (no bytes). */
interface DataChange extends Changed {
  readonly kind: 'data';
  readonly file: FileNode;
  readonly offset: number;
  readonly bytes: Buffer | undefined;
}

/** What of a change that is not safe a power loss leaves: half of its bytes, too. */
export type Left = 'all' | 'half' | 'none';

/** What stands on the disk after a power loss: contents by path; the path of a folder ends with a slash. */
export type Outcome = ReadonlyMap<string, Buffer>;

/**
 * The disk as the strictest reading of POSIX has it: bytes of a file are safe after a sync of that file, a name in a
 * folder (made, linked, renamed, removed) after a sync of that folder, and nothing else. A rename is two changes. What is
 * not safe may have reached the disk or not, each change by itself.
 */
export class DiskModel {
  readonly changes: Change[] = [];
  readonly events: number;
  readonly #root: FolderNode = { kind: 'folder', id: 0, live: new Map() };
  readonly #opened = new Map<number, Node>();
  readonly #lengths = new Map<FileNode, number>();
  #ids = 0;

  /** `before`: the files that were there, and safe, or, with `unsynced`, safe but for their bytes; `folders`, which are safe. */
  constructor(before: Outcome, folders: readonly string[], trace: readonly TraceEvent[], unsynced = false) {
    for (const path of folders) this.#enter(path, this.#newFolder(), -1);
    for (const [path, bytes] of before) {
      const file = this.#newFile();
      this.#enter(path, file, -1);
      this.#append(file, bytes, -1);
    }
    for (const change of this.changes) if (!unsynced || change.kind === 'entry') change.safeFrom = -1;
    this.events = trace.length;
    for (const [index, event] of trace.entries()) this.#replay(event, index);
  }

  /** Changes made before the event `end` that a power loss at that moment may undo. */
  pending(end: number): Change[] {
    return this.changes.filter(({ at, safeFrom }) => at < end && safeFrom >= end);
  }

  /** The disk after a power loss just before the event `end`, with what is `left` of each pending change. */
  after(end: number, left: (change: Change) => Left): Outcome {
    const folders = new Map<Node, Map<string, Node>>();
    const files = new Map<Node, Buffer>();
    for (const change of this.changes) {
      if (change.at >= end) break;
      const kept = change.safeFrom < end ? 'all' : left(change);
      if (kept === 'none') continue;
      if (change.kind === 'data') files.set(change.file, written(files.get(change.file), change, kept));
      else {
        const entries = folders.get(change.folder) ?? new Map<string, Node>();
        folders.set(change.folder, entries);
        if (change.node === undefined) entries.delete(change.name);
        else entries.set(change.name, change.node);
      }
    }
    const outcome = new Map<string, Buffer>();
    const walk = (folder: Node, path: string): void => {
      for (const [name, node] of folders.get(folder) ?? []) {
        if (node.kind === 'folder') {
          outcome.set(`${path}${name}/`, EMPTY);
          walk(node, `${path}${name}/`);
        } else outcome.set(path + name, files.get(node) ?? EMPTY);
      }
    };
    walk(this.#root, '');
    return outcome;
  }

  #replay(event: TraceEvent, at: number): void {
    switch (event.operation) {
      case 'mkdir':
        this.#enter(event.path, this.#newFolder(), at);
        break;
      case 'unlink':
      case 'rmdir':
        this.#enter(event.path, undefined, at);
        break;
      case 'link':
        this.#enter(event.to, this.#at(event.from), at);
        break;
      case 'rename':
        this.#enter(event.to, this.#at(event.from), at);
        this.#enter(event.from, undefined, at);
        break;
      case 'open':
        this.#open(event.path, event.truncate, at);
        break;
      case 'write':
        this.#append(this.#file(event.open), Buffer.from(event.bytes, 'base64'), at);
        break;
      case 'truncate':
        this.#cut(this.#file(event.open), event.length, at);
        break;
      case 'synced':
        this.#synced(event.open, event.started, at);
        break;
      case 'out':
      case 'in':
        break;
    }
  }

  #open(path: string, truncate: boolean, at: number): void {
    let node = this.#find(path);
    if (node === undefined) {
      node = this.#newFile();
      this.#enter(path, node, at);
    } else if (truncate && node.kind === 'file') this.#cut(node, 0, at);
    this.#opened.set(at, node);
  }

  #synced(open: number, started: number, at: number): void {
    const node = this.#opened.get(open);
    for (const change of this.changes) {
      const subject = change.kind === 'data' ? change.file : change.folder;
      if (subject === node && change.at < started && change.safeFrom > at) change.safeFrom = at;
    }
  }

  #enter(path: string, node: Node | undefined, at: number): void {
    const slash = path.lastIndexOf('/');
    const folder = slash < 0 ? this.#root : this.#at(path.slice(0, slash));
    if (folder.kind !== 'folder') throw new Error(`DiskModel: ${path} is not in a folder`);
    const name = path.slice(slash + 1);
    if (node === undefined) folder.live.delete(name);
    else folder.live.set(name, node);
    this.changes.push({ kind: 'entry', folder, name, node, at, safeFrom: Number.POSITIVE_INFINITY });
  }

  #append(file: FileNode, bytes: Buffer, at: number): void {
    const offset = this.#lengths.get(file) ?? 0;
    this.#lengths.set(file, offset + bytes.length);
    this.changes.push({ kind: 'data', file, offset, bytes, at, safeFrom: Number.POSITIVE_INFINITY });
  }

  #cut(file: FileNode, length: number, at: number): void {
    this.#lengths.set(file, length);
    const safeFrom = Number.POSITIVE_INFINITY;
    this.changes.push({ kind: 'data', file, offset: length, bytes: undefined, at, safeFrom });
  }

  #find(path: string): Node | undefined {
    if (path === '') return this.#root;
    let node: Node | undefined = this.#root;
    for (const name of path.split('/')) node = node?.kind === 'folder' ? node.live.get(name) : undefined;
    return node;
  }

  #at(path: string): Node {
    const node = this.#find(path);
    if (node === undefined) throw new Error(`DiskModel: the trace has nothing at ${path}`);
    return node;
  }

  #file(open: number): FileNode {
    const node = this.#opened.get(open);
    if (node?.kind !== 'file') throw new Error(`DiskModel: event ${open} opened no file`);
    return node;
  }

  #newFile(): FileNode {
    this.#ids += 1;
    return { kind: 'file', id: this.#ids };
  }

  #newFolder(): FolderNode {
    this.#ids += 1;
    return { kind: 'folder', id: this.#ids, live: new Map() };
  }
}

const EMPTY = Buffer.alloc(0);

/** Bytes whose predecessors were lost come after zeros. */
function written(before: Buffer | undefined, { offset, bytes }: DataChange, kept: Left): Buffer {
  const old = before ?? EMPTY;
  if (bytes === undefined) return old.subarray(0, offset);
  const some = kept === 'half' ? bytes.subarray(0, bytes.length >> 1) : bytes;
  if (old.length === 0 && offset === 0) return some;
  const file = Buffer.alloc(Math.max(old.length, offset + some.length));
  old.copy(file);
  some.copy(file, offset);
  return file;
}
