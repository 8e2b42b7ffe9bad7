/** What Perl reads from and writes to under a name of ours. */
export interface Device {
  /** fills `into`, and gives the count; 0: there is no more */
  read(into: Uint8Array): number;
  /** `bytes` lie in Perl's memory: copy what is to stay. False: refused, Perl sees an error. */
  write(bytes: Uint8Array): boolean;
}

export interface WasiOptions {
  /** by file descriptor: 1 standard output, 2 standard error */
  readonly output: (fd: 1 | 2, bytes: Uint8Array) => boolean;
  readonly devices: ReadonlyMap<string, Device>;
  /** files that can be read, by path without the leading slash */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** the code wanted a file that is none of these */
  readonly refused: (path: string) => void;
}

/** Perl ended itself: `exit`, or no memory was left. */
export class PerlExit extends Error {}

type Import = (...args: number[]) => number;

interface Open {
  readonly device?: Device;
  readonly file?: Uint8Array;
  at: number;
}

/**
 * The part of WASI that Perl asks for: time, random numbers, sleeping, devices and files of ours. Nothing of the host. Perl's
 * own library lies inside the module, which also hands out small file descriptors for it: ours are larger.
 */
export class Wasi {
  readonly #options: WasiOptions;
  readonly #open = new Map<number, Open>();
  #memory: WebAssembly.Memory | undefined;
  #view = new DataView(new ArrayBuffer(0));
  #bytes = new Uint8Array(0);
  #nextFd = FIRST_FD;

  constructor(options: WasiOptions) {
    this.#options = options;
  }

  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  /** Perl's memory; growing makes a new buffer. */
  bytes(): Uint8Array {
    const memory = this.#memory;
    if (memory !== undefined && this.#bytes.buffer !== memory.buffer) {
      this.#bytes = new Uint8Array(memory.buffer);
      this.#view = new DataView(memory.buffer);
    }
    return this.#bytes;
  }

  /** Imports for a module: what is not implemented says so. */
  imports(module: WebAssembly.Module): Record<string, Import> {
    const own: Readonly<Record<string, Import>> = {
      environ_sizes_get: (count = 0, size = 0) => this.#numbers([count, 0], [size, 0]),
      environ_get: () => OK,
      clock_time_get: (clock = 0, _precision = 0, to = 0) => this.#time(clock, to),
      random_get: (at = 0, length = 0) => {
        for (let done = 0; done < length; done += MOST_RANDOM) {
          crypto.getRandomValues(this.bytes().subarray(at + done, at + Math.min(length, done + MOST_RANDOM)));
        }
        return OK;
      },
      proc_exit: (code) => {
        throw new PerlExit(`exit ${code}`);
      },
      poll_oneoff: (from = 0, to = 0, _count, happened = 0) => this.#sleep(from, to, happened),
      ...this.#fileCalls(),
      ...this.#pathCalls(),
    };
    const imports: Record<string, Import> = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      if (from === 'wasi_snapshot_preview1') imports[name] = own[name] ?? (() => NOSYS);
    }
    return imports;
  }

  #fileCalls(): Record<string, Import> {
    return {
      fd_write: (fd = 0, vectors = 0, count = 0, written = 0) => this.#write(fd, vectors, count, written),
      fd_read: (fd = 0, vectors = 0, count = 0, read = 0) => this.#read(fd, vectors, count, read),
      fd_close: (fd = 0) => {
        this.#open.delete(fd);
        return OK;
      },
      fd_fdstat_get: (fd = 0, to = 0) => {
        if (fd >= FIRST_FD && !this.#open.has(fd)) return BADF;
        this.bytes().fill(0, to, to + 24);
        this.#bytes[to] = this.#fileType(fd);
        this.#view.setBigUint64(to + 8, ALL_RIGHTS, true);
        this.#view.setBigUint64(to + 16, ALL_RIGHTS, true);
        return OK;
      },
      fd_fdstat_set_flags: () => OK,
      fd_filestat_get: (fd = 0, to = 0) => this.#stat(to, this.#fileType(fd), this.#open.get(fd)?.file),
      fd_prestat_get: (fd = 0, to = 0) => (fd === ROOT_FD ? this.#numbers([to, 0], [to + 4, 1]) : BADF),
      fd_prestat_dir_name: (_fd, to = 0) => {
        this.bytes()[to] = '/'.charCodeAt(0);
        return OK;
      },
    };
  }

  #pathCalls(): Record<string, Import> {
    return {
      path_open: (_fd, _flags, path = 0, length = 0, ...rest) => {
        const name = this.#text(path, length);
        const opened = this.#opening(name);
        if (opened === undefined) {
          this.#options.refused(`/${name}`);
          return ((rest[0] ?? 0) & CREATE) === 0 ? NOENT : ACCES;
        }
        this.#nextFd += 1;
        this.#open.set(this.#nextFd, opened);
        return this.#numbers([rest[4] ?? 0, this.#nextFd]);
      },
      path_filestat_get: (_fd, _flags, path = 0, length = 0, to = 0) => {
        const file = this.#options.files.get(this.#text(path, length));
        return file === undefined ? NOENT : this.#stat(to, REGULAR, file);
      },
    };
  }

  #opening(name: string): Open | undefined {
    const device = name === 'dev/null' ? NULL_DEVICE : this.#options.devices.get(name);
    if (device !== undefined) return { device, at: 0 };
    const file = this.#options.files.get(name);
    return file === undefined ? undefined : { file, at: 0 };
  }

  #write(fd: number, vectors: number, count: number, written: number): number {
    const bytes = this.bytes();
    const view = this.#view;
    const device = fd < FIRST_FD ? undefined : this.#open.get(fd)?.device;
    if (device === undefined && fd !== 1 && fd !== 2) return BADF;
    let total = 0;
    for (let at = vectors; at < vectors + count * 8; at += 8) {
      const start = view.getUint32(at, true);
      const length = view.getUint32(at + 4, true);
      if (length === 0) continue;
      const piece = bytes.subarray(start, start + length);
      if (!(device === undefined ? this.#options.output(fd as 1 | 2, piece) : device.write(piece))) return NOSPC;
      total += length;
    }
    view.setUint32(written, total, true);
    return OK;
  }

  #read(fd: number, vectors: number, count: number, read: number): number {
    const bytes = this.bytes();
    const open = this.#open.get(fd);
    let total = 0;
    for (let at = vectors; at < vectors + count * 8; at += 8) {
      const start = this.#view.getUint32(at, true);
      const length = this.#view.getUint32(at + 4, true);
      const got = open === undefined ? 0 : take(open, bytes.subarray(start, start + length));
      total += got;
      if (got < length) break;
    }
    return this.#numbers([read, total]);
  }

  #stat(to: number, type: number, file: Uint8Array | undefined): number {
    this.bytes().fill(0, to, to + 64);
    this.#bytes[to + 16] = type;
    this.#view.setBigUint64(to + 32, BigInt(file?.length ?? 0), true);
    return OK;
  }

  #fileType(fd: number): number {
    if (fd === ROOT_FD) return DIRECTORY;
    return this.#open.get(fd)?.file === undefined ? CHARACTER_DEVICE : REGULAR;
  }

  #time(clock: number, to: number): number {
    this.bytes();
    const now = clock === 0 ? BigInt(Date.now()) * 1_000_000n : monotonicNs();
    this.#view.setBigUint64(to, now, true);
    return OK;
  }

  /** `sleep`, `select`: the first subscription to a clock, which is all that Perl asks for here. */
  #sleep(from: number, to: number, happened: number): number {
    this.bytes();
    const view = this.#view;
    const timeout = view.getBigUint64(from + 24, true);
    const absolute = (view.getUint16(from + 40, true) & 1) === 1;
    const left = absolute ? timeout - monotonicNs() : timeout;
    if (view.getUint8(from + 8) === 0 && left > 0n)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(left) / 1e6);
    this.#bytes.fill(0, to, to + 32);
    view.setBigUint64(to, view.getBigUint64(from, true), true);
    return this.#numbers([happened, 1]);
  }

  #numbers(...values: [at: number, value: number][]): number {
    this.bytes();
    for (const [at, value] of values) this.#view.setUint32(at, value, true);
    return OK;
  }

  #text(at: number, length: number): string {
    return Buffer.from(this.bytes().subarray(at, at + length)).toString('utf8');
  }
}

function take(open: Open, into: Uint8Array): number {
  if (open.device !== undefined) return open.device.read(into);
  const piece = open.file?.subarray(open.at, open.at + into.length) ?? new Uint8Array(0);
  into.set(piece);
  open.at += piece.length;
  return piece.length;
}

function monotonicNs(): bigint {
  return process.hrtime.bigint();
}

const NULL_DEVICE: Device = { read: () => 0, write: () => true };
const ROOT_FD = 3;
const FIRST_FD = 64;
const ALL_RIGHTS = 0x1fffffffn;
/** `crypto.getRandomValues` takes no more at once */
const MOST_RANDOM = 65536;
const CHARACTER_DEVICE = 2;
const DIRECTORY = 3;
const REGULAR = 4;
const CREATE = 1;
const OK = 0;
const ACCES = 2;
const BADF = 8;
const NOENT = 44;
const NOSPC = 51;
const NOSYS = 52;
