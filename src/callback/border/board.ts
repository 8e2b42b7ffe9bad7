/**
 * The memory that the main thread and the sandbox worker share: which message is in progress and since when, and a log
 * of what came out so far. A worker that hangs inside WebAssembly can post nothing, so whatever it finished before must
 * lie where the main thread can read it without asking.
 */
export class Board {
  readonly shared: SharedArrayBuffer;
  readonly #cells: Int32Array;
  readonly #clock: BigInt64Array;
  readonly #log: Buffer;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(HEAD_BYTES + LOG_BYTES)) {
    this.shared = shared;
    this.#cells = new Int32Array(shared, 0, 4);
    this.#clock = new BigInt64Array(shared, 16, 1);
    this.#log = Buffer.from(shared, HEAD_BYTES, shared.byteLength - HEAD_BYTES);
  }

  /** Position in the batch of the message in progress; IDLE between requests. */
  get inProgress(): number {
    return Atomics.load(this.#cells, IN_PROGRESS);
  }

  /** Monotonic nanoseconds (`process.hrtime`, the same in every thread) when the call in progress began. */
  get startedNs(): bigint {
    return Atomics.load(this.#clock, 0);
  }

  begin(position: number): bigint {
    const now = process.hrtime.bigint();
    Atomics.store(this.#clock, 0, now);
    Atomics.store(this.#cells, IN_PROGRESS, position);
    return now;
  }

  idle(): void {
    Atomics.store(this.#cells, IN_PROGRESS, IDLE);
  }

  /** How many times the log was carried away (`reset`): tells a log already received from a new one. */
  get generation(): number {
    return Atomics.load(this.#cells, GENERATION);
  }

  /** Appends a record; false when it does not fit. It counts once its end is stored: killed before, there is none. */
  append(kind: RecordKind, bytes: Uint8Array): boolean {
    const start = Atomics.load(this.#cells, LENGTH);
    const body = start + RECORD_HEAD;
    if (body + bytes.length > this.#log.length) return false;
    this.#log.set(bytes, body);
    this.#log[start] = kind;
    this.#log.writeUInt32LE(bytes.length, start + 1);
    Atomics.store(this.#cells, LENGTH, body + bytes.length);
    return true;
  }

  /** The log so far, copied. */
  contents(): Buffer {
    return Buffer.from(this.#log.subarray(0, Atomics.load(this.#cells, LENGTH)));
  }

  /**
   * Empties the log. RACE: the worker may be terminated between handing the contents over and this; the generation
   * goes up last, so a log that still carries the generation of a received one is that one.
   */
  reset(): void {
    Atomics.store(this.#cells, LENGTH, 0);
    Atomics.add(this.#cells, GENERATION, 1);
  }
}

export const IDLE = -1;
/** evaluating the code and `start`, `idle` and `stop` are calls too, with a deadline */
export const SETTING_UP = -2;
export const HOOK = -3;

export const RECORD = { outcome: 1, print: 2, log: 3, tap: 4 } as const;
export type RecordKind = (typeof RECORD)[keyof typeof RECORD];

/** A record is whole or it is not there: everything that belongs to one outcome is in one. */
export interface LogRecord {
  readonly kind: RecordKind;
  readonly bytes: Buffer;
}

/** The records of a log, in the order they were written, as views; one that is not whole is none, nor is what follows. */
export function readRecords(log: Buffer): LogRecord[] {
  const records: LogRecord[] = [];
  let at = 0;
  while (at + RECORD_HEAD <= log.length) {
    const kind = kindOf(log[at]);
    const body = at + RECORD_HEAD;
    const end = body + log.readUInt32LE(at + 1);
    if (kind === undefined || end > log.length) break;
    records.push({ kind, bytes: log.subarray(body, end) });
    at = end;
  }
  return records;
}

function kindOf(byte: number | undefined): RecordKind | undefined {
  return KINDS[byte ?? 0];
}

const KINDS: readonly (RecordKind | undefined)[] = [undefined, ...Object.values(RECORD)];
const IN_PROGRESS = 0;
const LENGTH = 1;
const GENERATION = 2;
const HEAD_BYTES = 64;
const LOG_BYTES = 256 * 1024;
const RECORD_HEAD = 5;
