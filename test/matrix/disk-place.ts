import type { Parcel } from './corpus.js';
import type { EndKind } from './paths.js';

/** An output as a configuration has it. */
export interface Output {
  readonly kind: EndKind;
  readonly options: Readonly<Record<string, string | number>>;
}

/** An end of a cell on the disk, written and read with none of the code under test. */
export interface DiskPlace {
  /** the folder that disks are mounted on, and whose mode is changed */
  readonly path: string;
  /** messages that are there now */
  readonly elements: number;
  /** Tells the account of every message that came since the last look. */
  look(): void;
  /** What a clean stop must not leave. */
  leftovers(): string[];
  /** The folders inside that are there now, of an end that has some. */
  folders(): string[];
  /** With which stompctl writes to it. */
  output(): Output;
}

/** One that stompctl can also read. */
export interface DiskSource extends DiskPlace {
  /** Resolves when it is there, which a fault may delay. */
  put(parcel: Parcel, header: Readonly<Record<string, string>>): Promise<void>;
  /** The options with which stompctl reads it. */
  incoming(): readonly string[];
}

const RETRY_MS = 20;
const ATTEMPTS = 500;

/** Tries again while something is in the way: a folder that was purged, a fault that makes it unreadable. */
export async function persist(put: () => void): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      put();
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
