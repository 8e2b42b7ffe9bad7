import { errnoOf } from '../../base/errors.js';
import { quietly } from '../../base/file-system.js';
import type { QueueKind, Staged } from '../../dirq/element-store.js';
import { LockJournal } from '../../dirq/journal/lock-journal.js';
import type { QueueDirectory } from '../../dirq/queue-directory.js';
import type { StoredIds } from '../../dirq/stored-ids.js';
import type { StoredElement } from '../../flow/stored-element.js';
import { Message } from '../../message/message.js';

/** a message, the bytes of an element as they are, or the element of another queue */
export type Content = Message | Buffer | StoredElement;

/** How many bytes of memory, or of a file, it is. */
export function sizeOf(content: Content): number {
  return Buffer.isBuffer(content) ? content.length : content.size;
}

/** more of them are the purge's */
const MOST_UNTIDY = 1000;
/** whoever gets these from `link` gets them each time: another file system, or one without links */
const NO_LINKS = new Set(['EXDEV', 'EPERM', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP']);

/**
 * The first and the last step of a message into a queue: under a temporary name that stands in the journal, and tidied up.
 * An element of another queue needs no temporary name: it has one there, and keeps it until its source is told that it is safe.
 */
export class Staging {
  readonly #kind: QueueKind;
  readonly #journal: LockJournal;
  readonly #ids: StoredIds | undefined;
  readonly #syncs: boolean;
  /** temporary names that could not be removed, as far as the journal is to remember them */
  readonly #untidy = new Set<string>();
  /** elements whose bytes a sync has failed for, or that cannot be linked: they are copied */
  readonly #copied = new WeakSet<StoredElement>();
  #links = true;

  constructor(directory: QueueDirectory, kind: QueueKind, ids: StoredIds | undefined, syncs: boolean) {
    this.#kind = kind;
    this.#ids = ids;
    this.#syncs = syncs;
    this.#journal = new LockJournal(directory.path, directory.files);
  }

  /** The temporary names for a batch, written down; undefined for what may do without. Throws the system's error. */
  names(batch: readonly { readonly content: Content; readonly id: string | undefined }[]): (string | undefined)[] {
    let asked = false;
    const names = batch.map(({ content, id }) => {
      const moved = this.#isMoved(content);
      // the first one is written, and shows what files look like here; the others may follow as they are
      if (moved === true || (moved === undefined && asked)) return undefined;
      asked ||= moved === undefined;
      return this.#temporaryName(id);
    });
    const noted = names.filter((name, index) => name !== undefined && batch[index]?.id === undefined);
    this.#journal.append(noted as string[], Date.now() / 1000);
    return names;
  }

  /** Stages it under this name, or a fresh one. Throws the system's error, or what `StoredElement.bytes` does. */
  stage(content: Content, temporary: string | undefined): Staged {
    if (temporary === undefined) {
      const moved = this.#stageFile(content);
      if (moved !== undefined) return moved;
    } else {
      try {
        return this.#write(content, temporary);
      } catch (error) {
        // RACE: another process took the same name in the same microsecond
        if (errnoOf(error) !== 'EEXIST') throw error;
      }
    }
    const other = this.#kind.writer.temporaryName();
    this.#journal.append([other], Date.now() / 1000);
    return this.#write(content, other);
  }

  /**
   * The element of another queue could not be synced, or not be given a name here. True: it is to be staged again, and is
   * then copied: that tells what is wrong, or works.
   */
  copies(content: Content, { moved }: Staged, error: unknown): boolean {
    if (moved === undefined || !isElement(content)) return false;
    this.#copied.add(content);
    if (NO_LINKS.has(errnoOf(error) ?? '')) this.#links = false;
    return true;
  }

  /** Tidying up on a failing disk may fail as well; what stays behind stays in the journal, for the next process. */
  tidy({ temporary, moved }: Staged, run: () => void): void {
    let done = false;
    quietly(() => {
      run();
      done = true;
    });
    if (!done && moved === undefined && this.#untidy.size < MOST_UNTIDY) this.#untidy.add(temporary);
  }

  /** What made it fail may be over. */
  tidyAgain(): void {
    for (const temporary of this.#untidy) {
      quietly(() => {
        this.#kind.elements.discard(temporary);
        this.#untidy.delete(temporary);
      });
    }
  }

  /** Between two batches: a journal that has grown is written anew. */
  compact(): void {
    if (!this.#journal.isLarge) return;
    const nowSeconds = Date.now() / 1000;
    this.#journal.compact([...this.#untidy].map((name) => [name, nowSeconds]));
  }

  close(): void {
    this.tidyAgain();
    // temporary files that could not be removed: the next process is to find them
    quietly(() => this.#journal.close(this.#untidy.size > 0));
    this.#untidy.clear();
    this.#links = true;
  }

  /** A file that looks unlike those written here (another's, other rights) would be of no use to who reads this queue. */
  #isMoved(content: Content): boolean | undefined {
    if (!isElement(content) || !this.#links || this.#copied.has(content)) return false;
    return this.#kind.writer.isLike(content);
  }

  #stageFile(content: Content): Staged | undefined {
    if (!isElement(content) || this.#isMoved(content) !== true) return undefined;
    try {
      return this.#kind.writer.stageFile(content.path, this.#syncs);
    } catch (error) {
      if (errnoOf(error) === 'EMFILE') throw error;
      return undefined;
    }
  }

  /** What is remembered by its id is staged where the file tells of it, after a kill, until the id is stored. */
  #temporaryName(id: string | undefined): string {
    return id === undefined || this.#ids === undefined ? this.#kind.writer.temporaryName() : this.#ids.temporaryName();
  }

  #write(content: Content, temporary: string): Staged {
    const { writer } = this.#kind;
    if (content instanceof Message) return writer.stage(content, temporary);
    return writer.stageBytes(Buffer.isBuffer(content) ? content : content.bytes(), temporary);
  }
}

function isElement(content: Content): content is StoredElement {
  return !(content instanceof Message) && !Buffer.isBuffer(content);
}
