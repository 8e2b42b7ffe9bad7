import { basename, dirname, join } from 'node:path';
import { errnoOf, StompctlError } from '../../base/errors.js';
import { type FileSystem, lstatIfThere, unless } from '../../base/file-system.js';
import { fileKey } from '../../dirq/journal/journal-file.js';

/** what a file that goes with another one is called: NAME.json of NAME */
export const SIDECAR = '.json';
/** Where a second name is refused: by the file system, or for a file of somebody else's (fs.protected_hardlinks). */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/** Gives claimed files other places, with what goes with them: nothing is overwritten, and no call that fails leaves one without a name. */
export class ClaimMoves {
  readonly #files: FileSystem;

  constructor(files: FileSystem) {
    this.#files = files;
  }

  /** What was beside a body that was dealt with: nobody needs it any more, but a folder may hold anything. */
  dropBeside(path: string, to: string): void {
    if (!unless('EISDIR', () => ifThere(() => this.#files.unlinkSync(path)))) this.move(path, false, to);
  }

  /**
   * Gives a claim another place. Both names first, then the first ones away, the body's before that of what is beside it: in whichever
   * order a kill leaves them, a body is never without its headers. False: another file has one of the names, and nothing has changed.
   */
  move(claim: string, sidecar: boolean, to: string, as = basename(claim)): boolean {
    // with one name there is nothing to take away
    if (dirname(claim) === to) throw new StompctlError('INTERNAL', 'move', claim, 'it is there already');
    const targets = unit(join(to, as), sidecar);
    const moves = unit(claim, sidecar).map((old, index) => ({ old, new: targets[index] ?? old }));
    const [body, beside] = moves;
    if (body === undefined) return true;
    if (!this.isThere(body.old)) {
      if (beside !== undefined && this.isThere(beside.old)) this.dropBeside(beside.old, to);
      return true;
    }
    // not even for a moment is another body to have what is beside this one
    if (sidecar && this.isThere(body.new) && !this.#isOne(body)) return false;
    const linked: (typeof body)[] = [];
    // what is beside it must be there before it is
    for (const move of moves.toReversed()) {
      if (!this.isThere(move.old)) continue;
      if (this.#link(move.old, move.new)) linked.push(move);
      else {
        for (const done of linked) this.#takeBack(done.old, done.new);
        return false;
      }
    }
    for (const done of linked.reverse()) unless('ENOENT', () => this.#files.unlinkSync(done.old));
    return true;
  }

  /** False also of a name that no file can have. */
  isThere(path: string): boolean {
    let there = false;
    unless('ENAMETOOLONG', () => {
      there = lstatIfThere(this.#files, path) !== undefined;
    });
    return there;
  }

  /** Are both names those of one file? */
  #isOne({ old, new: other }: { readonly old: string; readonly new: string }): boolean {
    const [one, two] = [lstatIfThere(this.#files, old), lstatIfThere(this.#files, other)];
    return one !== undefined && two !== undefined && fileKey(one) === fileKey(two);
  }

  /** Undoes `link`. */
  #takeBack(from: string, to: string): void {
    // where there are no links it has its second name alone
    if (lstatIfThere(this.#files, from) === undefined) unless('ENOENT', () => this.#files.renameSync(to, from));
    else if (this.#isOne({ old: from, new: to })) unless('ENOENT', () => this.#files.unlinkSync(to));
  }

  /** Gives a file a second name, or another one where there are no links. False: there is another file of that name. */
  #link(from: string, to: string): boolean {
    try {
      this.#files.linkSync(from, to);
      return true;
    } catch (error) {
      // killed between the two names: it is one file
      if (errnoOf(error) === 'EEXIST') return this.#isOne({ old: from, new: to });
      if (!NO_LINKS.has(errnoOf(error) ?? '')) throw error;
      if (this.isThere(to)) return this.#isOne({ old: from, new: to });
      // RACE: a file that gets this name just now is replaced
      this.#files.renameSync(from, to);
      return true;
    }
  }
}

/** A file, by its path, and what goes with it. */
export function unit(path: string, sidecar: boolean): string[] {
  return sidecar ? [path, `${path}${SIDECAR}`] : [path];
}

/** False: there is nothing of this name, or no file can have it. Throws any other error. */
export function ifThere(run: () => void): boolean {
  let there = false;
  unless('ENAMETOOLONG', () => {
    there = unless('ENOENT', run);
  });
  return there;
}
