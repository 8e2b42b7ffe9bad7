import { constants } from 'node:fs';
import { errnoOf } from '../base/errors.js';
import { closeQuietly, type FileSystem } from '../base/file-system.js';
import { IDS_FILE, IDS_FOLDER, type Intent, isKnownJournal, readEntries } from './id-journal.js';
import { fateOf, readJournalFile } from './journal/journal-file.js';
import { isSame, ownIdentity } from './journal/process-identity.js';
import type { QueueDirectory } from './queue-directory.js';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** more of another's lines are read at the next look */
const MOST_READ_BYTES = 64 * 1024 * 1024;

export interface PeerIdsOptions {
  /** seconds; as for locks */
  readonly maxLock: number;
  /** write through to the disk */
  readonly sync: boolean;
  /** a journal cannot be used: what it knows is not known here. Called once for each */
  readonly onUnknown?: ((path: string, reason: string) => void) | undefined;
}

/** The journal of another process, as far as it was read. */
interface Peer {
  ino: number;
  length: number;
  sameBoot: boolean;
  /** announced, and not said to be stored yet */
  readonly intents: Map<string, Intent>;
}

/** What other processes remember of a queue: reads their journals, and on from where it was. */
export class PeerIds {
  readonly #directory: QueueDirectory;
  readonly #folder: string;
  readonly #options: PeerIdsOptions;
  /** told each id that is stored */
  readonly #remember: (id: string) => void;
  readonly #peers = new Map<string, Peer>();
  readonly #unknown = new Set<string>();
  /** a staged file has told of an element whose writer may have died before it synced its folder */
  #unsynced = false;

  constructor(directory: QueueDirectory, options: PeerIdsOptions, remember: (id: string) => void) {
    this.#directory = directory;
    this.#folder = `${directory.path}/${IDS_FOLDER}`;
    this.#options = options;
    this.#remember = remember;
  }

  get #files(): FileSystem {
    return this.#directory.files;
  }

  /** Reads all of them from the start; answers the names of those whose processes are dead. Throws the system's error. */
  takeOver(): string[] {
    this.#peers.clear();
    return this.#names(undefined).filter((name) => this.#readPeer(name) && this.#rememberIntents(name));
  }

  /** Reads what is new in the journals, but for the one of this name. Throws the system's error. */
  read(ownName: string | undefined): void {
    const names = this.#names(ownName);
    for (const gone of this.#peers.keys()) if (!names.includes(gone)) this.#peers.delete(gone);
    for (const name of names) this.#readPeer(name);
  }

  /**
   * Does a staged file of a dead process tell that this message was stored? `gone`: there was such a file, and its writer has
   * finished since. Who lives may take its element back: until it says that it is stored, it is not.
   */
  find(id: string): 'stored' | 'unknown' | 'gone' {
    for (const [name, { intents, sameBoot }] of this.#peers) {
      const intent = intents.get(id);
      const fate = intent === undefined ? 'unpublished' : this.#fateOf(intent, sameBoot);
      if (fate === 'gone') return 'gone';
      if (fate === 'unpublished' || !this.#isDead(name)) continue;
      this.#unsynced = true;
      return 'stored';
    }
    return 'unknown';
  }

  /** Resolves when what was found is on the disk: before that it must not be acknowledged. Rejects with QUEUE_IO. */
  async syncFound(): Promise<void> {
    if (!this.#unsynced || !this.#options.sync) return;
    const { path } = this.#directory;
    for (const folder of this.#directory.folders()) await this.#directory.syncFolder(`${path}/${folder}`);
    await this.#directory.syncFolder(path);
    this.#unsynced = false;
  }

  #names(ownName: string | undefined): string[] {
    return this.#files.readdirSync(this.#folder).filter((name) => IDS_FILE.test(name) && name !== ownName);
  }

  /** Answers whether it is a journal that we know and that has been read. */
  #readPeer(name: string): boolean {
    const path = `${this.#folder}/${name}`;
    const known = this.#peers.get(name);
    try {
      const stats = this.#files.lstatSync(path);
      if (known !== undefined && known.ino === stats.ino && known.length <= stats.size) {
        if (known.length < stats.size) this.#readOn(path, known);
        return true;
      }
      const match = IDS_FILE.exec(name);
      const file = match === null ? undefined : readJournalFile(path, match, this.#files);
      if (file === undefined || (file.identity !== undefined && !isKnownJournal(file.text))) {
        this.#tellUnknown(path, 'it is of another version, or no journal');
        return false;
      }
      const { boot = '-' } = file.identity ?? {};
      const peer: Peer = { ino: stats.ino, length: 0, sameBoot: isSame(boot, ownIdentity().boot), intents: new Map() };
      this.#learn(path, peer, file.text);
      this.#peers.set(name, peer);
      return true;
    } catch (error) {
      const errno = errnoOf(error) ?? '';
      // RACE: its successor has taken it over
      if (errno === 'ENOENT') return false;
      if (!['EACCES', 'EPERM', 'ELOOP', 'ENXIO'].includes(errno)) throw error;
      this.#tellUnknown(path, errno);
      return false;
    }
  }

  /** Answers whether its process is dead; then what it announced and has published is remembered. */
  #rememberIntents(name: string): boolean {
    const peer = this.#peers.get(name);
    if (peer === undefined || !this.#isDead(name)) return false;
    for (const [id, intent] of peer.intents) {
      if (this.#fateOf(intent, peer.sameBoot) !== 'stored') continue;
      this.#unsynced = true;
      this.#remember(id);
    }
    return true;
  }

  #isDead(name: string): boolean {
    const match = IDS_FILE.exec(name);
    const file = match === null ? undefined : readJournalFile(`${this.#folder}/${name}`, match, this.#files);
    return file !== undefined && fateOf(file, this.#options.maxLock) !== 'alive';
  }

  #learn(path: string, peer: Peer, text: string): void {
    const { entries, length, damaged } = readEntries(text);
    if (damaged > 0) this.#tellUnknown(path, `${damaged} lines are damaged`);
    peer.length += length;
    for (const entry of entries) {
      if (entry.kind === 'intent') peer.intents.set(entry.id, entry.intent);
      else {
        peer.intents.delete(entry.id);
        this.#remember(entry.id);
      }
    }
  }

  /** What was appended since. */
  #readOn(path: string, peer: Peer): void {
    const fd = this.#files.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const { ino, size } = this.#files.fstatSync(fd);
      // RACE: written anew this instant: the next look reads it whole
      if (ino !== peer.ino || size <= peer.length) return;
      const bytes = Buffer.allocUnsafe(Math.min(size - peer.length, MOST_READ_BYTES));
      const length = this.#files.readSync(fd, bytes, 0, bytes.length, peer.length);
      this.#learn(path, peer, bytes.toString('latin1', 0, length));
    } finally {
      closeQuietly(this.#files, fd);
    }
  }

  #tellUnknown(path: string, reason: string): void {
    if (this.#unknown.has(path)) return;
    this.#unknown.add(path);
    this.#options.onUnknown?.(path, reason);
  }

  #fateOf({ staged, modifiedNs }: Intent, sameBoot: boolean): 'stored' | 'unpublished' | 'gone' {
    try {
      const { nlink, mtimeNs } = this.#files.lstatSync(`${this.#folder}/${staged}`, { bigint: true });
      if (nlink > 1n) return 'stored';
      // after a power loss the time may be older than what was noted, and then says nothing
      return sameBoot && modifiedNs !== 0n && mtimeNs !== modifiedNs ? 'stored' : 'unpublished';
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return 'gone';
      throw error;
    }
  }
}
