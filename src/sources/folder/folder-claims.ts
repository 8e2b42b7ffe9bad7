import { basename, join } from 'node:path';
import type { Clock, Timer } from '../../base/clock.js';
import { errnoOf, StompctlError } from '../../base/errors.js';
import { type FileSystem, lstatIfThere, quietly, unless } from '../../base/file-system.js';
import { suffixedName } from '../../base/suffixed-name.js';
import { fateOf, isOurs } from '../../dirq/journal/journal-file.js';
import { hostName, ownIdentity } from '../../dirq/journal/process-identity.js';
import { ClaimMoves, ifThere, SIDECAR, unit } from './claim-moves.js';

/** inside the folder; hidden, as all that begins with a dot */
const CLAIMS = '.stompctl.claims';
/** HOST.PID.BOOT.STARTED.NAMESPACE.MACHINE.NUMBER; an `s` behind it: NAME.json goes with NAME in there */
const OWNER = /^([A-Za-z0-9_-]+)\.(\d+)\.([^.]+)\.([^.]+)\.([^.]+)\.([^.]+)\.\d+(s?)$/;
/** the others remove the folder of all claims when they see it empty */
const MOST_TRIES = 100;
/** so often others are told that this process is alive, who cannot look themselves */
const REFRESH_MS = 20_000;

/** each source of this process has numbers of its own */
let lastNumber = 0;
/** the names of the folders of claims that the sources of this process work with: what is left of others is nobody's */
const inUse = new Set<string>();

/** What is to become of a file that was claimed and is not wanted any more. */
export interface ClaimsOptions {
  readonly path: string;
  readonly files: FileSystem;
  readonly clock: Clock;
  /** seconds of silence after which the claims of a process that cannot be looked at are taken over */
  readonly maxLock: number;
  /** does NAME.json go with NAME? */
  readonly sidecar: boolean;
  /** so many claims cannot be given back for now, more than were told before; they stay. `error`: why, of the one at `path` */
  readonly stuck: (claims: number, path: string, error: unknown) => void;
}

/** What could not be given back. */
interface Stuck {
  readonly path: string;
  readonly error: unknown;
}

/**
 * The files that this process has taken out of a folder: each is renamed into a folder of claims inside it, named after the
 * process, with what goes with it. A rename is done by one process alone, on NFS too, and undone by whoever finds the claims of a process that is dead.
 * A claim is the path of its file in there: what is given back, moved or removed is that, never what has its name in the folder.
 *
 * What a kill leaves, between any two calls: the file is in the folder or in the claims, or in both as one file with two names.
 */
export class FolderClaims {
  readonly #options: ClaimsOptions;
  readonly #moves: ClaimMoves;
  #own: string | undefined;
  #refresh: Timer | undefined;
  /**
   * Folders of claims that were taken over, and not emptied yet: a file of the same name is in the way. With what goes together in each:
   * its owner may have been configured otherwise.
   */
  readonly #inherited = new Map<string, boolean>();
  #toldStuck = 0;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    this.#moves = new ClaimMoves(options.files);
  }

  /** Makes the folder of claims. Throws the system's error. */
  open(): void {
    // somebody may have taken it over, when this process was stopped for long
    if (this.#own === undefined || lstatIfThere(this.#options.files, this.#own) === undefined) {
      if (this.#own !== undefined) inUse.delete(basename(this.#own));
      this.#own = this.#newFolder(this.#options.sidecar);
    }
    this.#refreshLater();
  }

  /** The folder of claims. Throws SESSION_CLOSED when there is none: nothing is ever done to a file that is not in it. */
  get own(): string {
    if (this.#own === undefined) throw new StompctlError('SESSION_CLOSED', 'claim', this.#options.path, 'it is closed');
    return this.#own;
  }

  /**
   * The claim of a file. Undefined: somebody else was quicker, it is gone, or what an earlier claim of its name left is still to be given
   * back. Throws the system's error.
   */
  take(name: string): string | undefined {
    const { path, files, sidecar } = this.#options;
    const claim = join(this.own, name);
    // nobody else puts anything there: what is not in the way now is not in a moment
    if (unit(claim, sidecar).some((file) => this.#moves.isThere(file))) return undefined;
    try {
      // RACE: of all who try, the rename of one succeeds
      files.renameSync(join(path, name), claim);
      if (sidecar) ifThere(() => files.renameSync(join(path, `${name}${SIDECAR}`), `${claim}${SIDECAR}`));
      return claim;
    } catch (error) {
      this.abandon(claim);
      // it is there, so it is the folder of claims that is not
      if (errnoOf(error) !== 'ENOENT' || lstatIfThere(files, this.own) === undefined) throw error;
      return undefined;
    }
  }

  /** Back to where it was, under its name; when another file has that now, as soon as it is free. Throws the system's error. */
  giveBack(claim: string): void {
    const { path, sidecar } = this.#options;
    if (this.#moves.move(claim, sidecar, path)) return;
    // out of the way of the other one, which is to be claimed as well
    const apart = this.#newFolder(sidecar);
    this.#inherited.set(apart, sidecar);
    this.#moves.move(claim, sidecar, apart);
  }

  /** The same of what has become no delivery. What fails is told, and left to `recover`. */
  abandon(claim: string): void {
    const stuck: Stuck[] = [];
    orStuck(stuck, claim, () => this.giveBack(claim));
    if (this.#toldStuck === 0) this.#tell(stuck);
  }

  /** Removes a claimed file and what goes with it. Throws the system's error. */
  remove(claim: string): void {
    const { files, sidecar } = this.#options;
    for (const file of unit(claim, sidecar)) ifThere(() => files.unlinkSync(file));
  }

  /** Moves them into another folder, under another name where theirs is taken there. Throws the system's error. */
  moveTo(claim: string, folder: string): void {
    const { sidecar } = this.#options;
    const name = basename(claim);
    let as = name;
    for (let tries = 0; !this.#moves.move(claim, sidecar, folder, as); tries += 1) {
      as = suffixedName(name, `${Date.now().toString(16)}-${process.pid}-${tries}`);
    }
  }

  /**
   * Gives back what processes that are dead have claimed, what earlier sources of this one could not, and what of our own is no
   * delivery any more. `held` are those that are. What cannot be given back is told, and stays.
   * Answers how many files came back. Throws the system's error when the folder of all claims, or one, cannot be read.
   */
  recover(held: ReadonlySet<string>): number {
    const { files, sidecar: own } = this.#options;
    const stuck: Stuck[] = [];
    let recovered = 0;
    this.#inherit(stuck);
    for (const [folder, sidecar] of this.#inherited) {
      recovered += this.#empty(folder, sidecar, stuck);
      quietly(() => {
        if (!removedFolder(files, folder)) return;
        this.#inherited.delete(folder);
        inUse.delete(basename(folder));
      });
    }
    // what is in the way of a new file of its name is set apart
    if (this.#own !== undefined) recovered += this.#empty(this.#own, own, stuck, held, (claim) => this.giveBack(claim));
    this.#tell(stuck);
    return recovered;
  }

  /** Takes the claims of processes that are dead. */
  #inherit(stuck: Stuck[]): void {
    const { files } = this.#options;
    for (const name of namesIn(files, this.#root)) {
      const match = OWNER.exec(name);
      const path = join(this.#root, name);
      if (match === null || !this.#isAbandoned(path, match)) continue;
      const sidecar = match[7] === 's';
      orStuck(stuck, path, () => {
        const mine = this.#newFolder(sidecar);
        this.#inherited.set(mine, sidecar);
        // RACE: renamed, in the place of an empty folder, so that one process alone works on it
        unless('ENOENT', () => files.renameSync(path, mine));
      });
    }
  }

  /** Removes the folders of claims. What could not be given back stays in them, for who opens the folder next. */
  close(): void {
    this.#refresh?.cancel();
    this.#refresh = undefined;
    const { files, sidecar: own } = this.#options;
    if (this.#own !== undefined) this.#inherited.set(this.#own, own);
    this.#own = undefined;
    const stuck: Stuck[] = [];
    for (const [folder, sidecar] of this.#inherited) {
      quietly(() => this.#empty(folder, sidecar, stuck));
      quietly(() => removedFolder(files, folder));
      inUse.delete(basename(folder));
    }
    if (this.#inherited.size > 0) quietly(() => removedFolder(files, this.#root));
    this.#inherited.clear();
    this.#tell(stuck);
    this.#toldStuck = 0;
  }

  /** When there are more than before. */
  #tell(stuck: readonly Stuck[]): void {
    const [first] = stuck;
    if (first !== undefined && stuck.length > this.#toldStuck)
      this.#options.stuck(stuck.length, first.path, first.error);
    this.#toldStuck = stuck.length;
  }

  get #root(): string {
    return join(this.#options.path, CLAIMS);
  }

  /** A folder of our own, empty. Throws the system's error. */
  #newFolder(sidecar: boolean): string {
    const { files } = this.#options;
    const { boot, started, namespace, machine } = ownIdentity();
    for (let tries = 0; ; tries += 1) {
      lastNumber += 1;
      const owner = [
        hostName(),
        process.pid,
        boot,
        started,
        namespace,
        machine,
        `${lastNumber}${sidecar ? 's' : ''}`,
      ].join('.');
      const folder = join(this.#root, owner);
      unless('EEXIST', () => files.mkdirSync(this.#root));
      // RACE: somebody has just removed the folder around it, for it was empty
      if (tries === MOST_TRIES) files.mkdirSync(folder);
      else if (!unless('ENOENT', () => files.mkdirSync(folder))) continue;
      inUse.add(owner);
      return folder;
    }
  }

  #isAbandoned(path: string, match: RegExpExecArray): boolean {
    const [, host = '', pid = '', boot = '', started = '', namespace = '', machine = ''] = match;
    if (inUse.has(basename(path))) return false;
    const stats = lstatIfThere(this.#options.files, path);
    if (stats?.isDirectory() !== true) return false;
    const identity = { boot, started, namespace, machine };
    const silentMs = Date.now() - stats.mtimeMs;
    const owner = { host, pid: Number(pid), identity, silentMs, text: '' };
    return isOurs(owner) || fateOf(owner, this.#options.maxLock) !== 'alive';
  }

  /** Gives back what is in a folder of claims but not held; `otherwise`: when its name is taken. What fails joins the `stuck`. */
  #empty(
    folder: string,
    sidecar: boolean,
    stuck: Stuck[],
    held: ReadonlySet<string> = new Set(),
    otherwise: (claim: string) => void = () => undefined,
  ): number {
    const names = new Set(namesIn(this.#options.files, folder));
    let recovered = 0;
    for (const name of names) {
      const body = sidecar && name.endsWith(SIDECAR) ? name.slice(0, -SIDECAR.length) : undefined;
      if (held.has(body ?? name) || (body !== undefined && names.has(body))) continue;
      const path = join(folder, name);
      orStuck(stuck, path, () => {
        if (body !== undefined) this.#moves.dropBeside(path, this.#options.path);
        else if (this.#moves.move(path, sidecar, this.#options.path)) recovered += 1;
        else otherwise(path);
      });
    }
    return recovered;
  }

  #refreshLater(): void {
    const { clock, files } = this.#options;
    this.#refresh?.cancel();
    this.#refresh = clock.after(
      REFRESH_MS,
      () => {
        const now = new Date();
        for (const folder of [this.#own, ...this.#inherited.keys()]) {
          if (folder !== undefined) quietly(() => files.lutimesSync(folder, now, now));
        }
        this.#refreshLater();
      },
      false,
    );
  }
}

/** A call of the system's that fails is no reason not to go on with the others. */
function orStuck(stuck: Stuck[], path: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    stuck.push({ path, error });
  }
}

function namesIn(files: FileSystem, folder: string): string[] {
  let names: string[] = [];
  unless('ENOENT', () => {
    names = files.readdirSync(folder);
  });
  return names;
}

/** False: something is in it. */
function removedFolder(files: FileSystem, folder: string): boolean {
  return unless('ENOTEMPTY', () => unless('ENOENT', () => files.rmdirSync(folder)));
}
