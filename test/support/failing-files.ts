import { type FileSystem, systemFiles } from '../../src/base/file-system.js';
import { asOnDisk } from './watched-files.js';

type Callback = (error: NodeJS.ErrnoException | null) => void;
type Call = (...given: unknown[]) => unknown;

/** What becomes of one call: it fails with this errno; `after`: it is carried out, and fails all the same (NFS). */
export interface Failure {
  readonly errno: string;
  readonly after?: boolean;
}

/** What becomes of the call of this number and name; a Map goes by the number alone. */
export interface Failures {
  get(index: number, name: string): Failure | undefined;
}

/** calls that wait for the disk: they answer later, through their last argument */
const LATER: ReadonlySet<string> = new Set(['fsync', 'fdatasync']);

/**
 * A file system whose calls are counted, any of which fails as told, by its number. Nothing is synced: a test makes
 * thousands of runs. A `close` that fails has closed all the same, as Linux does.
 */
export class FailingFiles {
  readonly files: FileSystem;
  /** the calls made, by name; the index is what `failures` goes by */
  readonly calls: string[] = [];
  readonly #failures: Failures;

  constructor(failures: Failures) {
    this.#failures = failures;
    const wrapped = Object.entries(namesOf()).map(([name, call]) => [name, this.#wrap(name, call)]);
    this.files = { ...systemFiles, ...Object.fromEntries(wrapped) };
  }

  #wrap(name: string, call: Call): Call {
    if (LATER.has(name)) {
      return (...given) => {
        const failure = this.#next(name);
        const done = given.at(-1) as Callback;
        setImmediate(() => done(failure === undefined ? null : errorOf(name, failure)));
      };
    }
    return (...given) => {
      const failure = this.#next(name);
      if (failure === undefined) return call(...given);
      // an `open` that is carried out would leave a descriptor that nobody knows
      if (name === 'closeSync' || (failure.after && !name.startsWith('open'))) call(...given);
      throw errorOf(name, failure);
    };
  }

  #next(name: string): Failure | undefined {
    const failure = this.#failures.get(this.calls.length, name);
    this.calls.push(name);
    return failure;
  }
}

function namesOf(): Record<string, Call> {
  const names = [
    'accessSync',
    'chmodSync',
    'closeSync',
    'fchmodSync',
    'fdatasync',
    'fstatSync',
    'fsync',
    'ftruncateSync',
    'linkSync',
    'lstatSync',
    'lutimesSync',
    'mkdirSync',
    'opendirSync',
    'openSync',
    'readdirSync',
    'readFileSync',
    'readSync',
    'renameSync',
    'rmdirSync',
    'statSync',
    'statfsSync',
    'unlinkSync',
    'writeSync',
  ] as const satisfies readonly (keyof FileSystem)[];
  return Object.fromEntries(
    names.map((name) => [name, (name === 'statfsSync' ? asOnDisk : systemFiles[name]) as Call]),
  );
}

function errorOf(name: string, { errno, after }: Failure): Error {
  return Object.assign(new Error(`${errno}: as told${after ? ', after it was done' : ''}, ${name}`), { code: errno });
}
