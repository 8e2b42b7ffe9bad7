import { basename, join } from 'node:path';
import type { Clock, Timer } from '../../base/clock.js';
import { errnoOf } from '../../base/errors.js';
import { type FileSystem, lstatIfThere, quietly, unless } from '../../base/file-system.js';
import { suffixedName } from '../../base/suffixed-name.js';
import { fateOf, isOurs } from '../../dirq/journal/journal-file.js';
import { hostName, ownIdentity } from '../../dirq/journal/process-identity.js';

/** inside the folder; hidden, as all that begins with a dot */
const CLAIMS = '.stompctl.claims';
/** HOST.PID.BOOT.STARTED.NAMESPACE.MACHINE.NUMBER; an `s` behind it: NAME.json goes with NAME in there */
const OWNER = /^([A-Za-z0-9_-]+)\.(\d+)\.([^.]+)\.([^.]+)\.([^.]+)\.([^.]+)\.\d+(s?)$/;
/** what a file that goes with another one is called: NAME.json of NAME */
export const SIDECAR = '.json';
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
}

/**
 * The files that this process has taken out of a folder: each is renamed into a folder of claims inside it, named after the
 * process, with what goes with it. A rename is done by one process alone, on NFS too, and undone by whoever finds the claims of a process that is dead.
 *
 * What a kill leaves, between any two calls: the file is in the folder or in the claims, or in both as one file with two names.
 */
export class FolderClaims {
  readonly #options: ClaimsOptions;
  #own: string | undefined;
  #refresh: Timer | undefined;
  /**
   * Folders of claims that were taken over, and not emptied yet: a file of the same name is in the way. With what goes together in each:
   * its owner may have been configured otherwise.
   */
  readonly #inherited = new Map<string, boolean>();

  constructor(options: ClaimsOptions) {
    this.#options = options;
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

  /** Where a claimed file is. */
  pathOf(name: string): string {
    return join(this.#own ?? this.#options.path, name);
  }

  /** False: somebody else was quicker, or it is gone. Throws the system's error. */
  take(name: string): boolean {
    const { path, files, sidecar } = this.#options;
    // RACE: of all who try, the rename of one succeeds
    try {
      files.renameSync(join(path, name), this.pathOf(name));
    } catch (error) {
      // it is there, so it is the folder of claims that is not
      if (errnoOf(error) !== 'ENOENT' || lstatIfThere(files, this.pathOf('')) === undefined) throw error;
      return false;
    }
    const beside = `${name}${SIDECAR}`;
    if (sidecar) ifThere(() => files.renameSync(join(path, beside), this.pathOf(beside)));
    return true;
  }

  /** Back to where it was, under its name; when another file has that now, as soon as it is free. Throws the system's error. */
  giveBack(name: string): void {
    const { path, sidecar } = this.#options;
    const own = this.pathOf('');
    if (this.#rename(own, unit(name, sidecar), path)) return;
    // out of the way of the other one, which is to be claimed as well
    const apart = this.#newFolder(sidecar);
    this.#inherited.set(apart, sidecar);
    this.#rename(own, unit(name, sidecar), apart);
  }

  /** Removes a claimed file and what goes with it. Throws the system's error. */
  remove(name: string): void {
    const { files, sidecar } = this.#options;
    for (const file of unit(name, sidecar)) ifThere(() => files.unlinkSync(this.pathOf(file)));
  }

  /** Moves them into another folder, under another name where theirs is taken there. Throws the system's error. */
  moveTo(name: string, folder: string): void {
    const { sidecar } = this.#options;
    const own = this.pathOf('');
    let as = name;
    for (let tries = 0; !this.#rename(own, unit(name, sidecar), folder, unit(as, sidecar)); tries += 1) {
      as = suffixedName(name, `${Date.now().toString(16)}-${process.pid}-${tries}`);
    }
  }

  /**
   * Gives back what processes that are dead have claimed, what earlier sources of this one could not, and what of our own is no
   * delivery any more. `held` are those that are.
   * Answers how many files came back. Throws the system's error when the folder cannot be read.
   */
  recover(held: ReadonlySet<string>): number {
    const { files } = this.#options;
    const root = this.#root;
    let recovered = 0;
    for (const name of namesIn(files, root)) {
      const match = OWNER.exec(name);
      if (match === null || !this.#isAbandoned(join(root, name), match)) continue;
      const sidecar = match[7] === 's';
      const mine = this.#newFolder(sidecar);
      this.#inherited.set(mine, sidecar);
      // RACE: renamed, in the place of an empty folder, so that one process alone works on it
      unless('ENOENT', () => files.renameSync(join(root, name), mine));
    }
    for (const [folder, sidecar] of this.#inherited) {
      recovered += this.#empty(folder, new Set(), sidecar);
      if (!removedFolder(files, folder)) continue;
      this.#inherited.delete(folder);
      inUse.delete(basename(folder));
    }
    if (this.#own !== undefined) recovered += this.#empty(this.#own, held, this.#options.sidecar);
    return recovered;
  }

  /** Removes the folders of claims. What could not be given back stays in them, for who opens the folder next. */
  close(): void {
    this.#refresh?.cancel();
    this.#refresh = undefined;
    const own = this.#own;
    this.#own = undefined;
    if (own === undefined) return;
    const { files } = this.#options;
    for (const [folder, sidecar] of [[own, this.#options.sidecar] as const, ...this.#inherited]) {
      quietly(() => this.#empty(folder, new Set(), sidecar));
      quietly(() => removedFolder(files, folder));
      inUse.delete(basename(folder));
    }
    this.#inherited.clear();
    quietly(() => removedFolder(files, this.#root));
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

  /** Gives back what is in a folder of claims but not held. */
  #empty(folder: string, held: ReadonlySet<string>, sidecar: boolean): number {
    const { files, path } = this.#options;
    const names = new Set(namesIn(files, folder));
    let recovered = 0;
    for (const name of names) {
      const body = sidecar && name.endsWith(SIDECAR) ? name.slice(0, -SIDECAR.length) : undefined;
      if (held.has(body ?? name)) continue;
      if (body === undefined) recovered += Number(this.#rename(folder, unit(name, sidecar), path));
      // its body was dealt with, and a kill came before it was: nobody needs it any more
      else if (!names.has(body) && !unless('EISDIR', () => ifThere(() => files.unlinkSync(join(folder, name))))) {
        this.#rename(folder, [name], path);
      }
    }
    return recovered;
  }

  /**
   * Both names first, then the first ones away, the body's before that of what is beside it: in whichever order a kill leaves them, a body
   * is never without its headers. False: another file has one of the names, and nothing has changed.
   */
  #rename(from: string, names: readonly string[], to: string, toNames = names): boolean {
    const { files } = this.#options;
    const linked: { readonly old: string; readonly new: string }[] = [];
    // what is beside it must be there before it is
    for (const [index, name] of [...names.entries()].reverse()) {
      const paths = { old: join(from, name), new: join(to, toNames[index] ?? name) };
      if (!ifThere(() => files.lstatSync(paths.old))) continue;
      if (this.#link(paths.old, paths.new)) linked.push(paths);
      else {
        for (const done of linked) this.#takeBack(done.old, done.new);
        return false;
      }
    }
    for (const done of linked.reverse()) unless('ENOENT', () => files.unlinkSync(done.old));
    return true;
  }

  /** Undoes `link`. */
  #takeBack(from: string, to: string): void {
    const { files } = this.#options;
    // where there are no links it has its second name alone
    if (lstatIfThere(files, from) === undefined) unless('ENOENT', () => files.renameSync(to, from));
    else unless('ENOENT', () => files.unlinkSync(to));
  }

  /** Gives a file a second name, or another one where there are no links. False: there is another file of that name. */
  #link(from: string, to: string): boolean {
    const { files } = this.#options;
    try {
      files.linkSync(from, to);
      return true;
    } catch (error) {
      const there = lstatIfThere(files, to);
      // killed between the two names: it is one file
      if (errnoOf(error) === 'EEXIST') return there !== undefined && there.ino === lstatIfThere(files, from)?.ino;
      if (!NO_LINKS.has(errnoOf(error) ?? '')) throw error;
      if (there !== undefined) return false;
      // RACE: a file that gets this name just now is replaced
      files.renameSync(from, to);
      return true;
    }
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

/** Where a second name is refused: by the file system, or for a file of somebody else's (fs.protected_hardlinks). */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/** A file, and what goes with it. */
function unit(name: string, sidecar: boolean): string[] {
  return sidecar ? [name, `${name}${SIDECAR}`] : [name];
}

/** False: there is nothing of this name, or no file can have it. Throws any other error. */
function ifThere(run: () => void): boolean {
  let there = false;
  unless('ENAMETOOLONG', () => {
    there = unless('ENOENT', run);
  });
  return there;
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
