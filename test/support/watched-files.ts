import { type FileSystem, systemFiles } from '../../src/base/file-system.js';

type Callback = (error: NodeJS.ErrnoException | null) => void;

/** Has a file system, whatever the tests run on, say that it is ext4: in memory nothing is synced. */
export const asOnDisk = ((path: string) => ({
  ...systemFiles.statfsSync(path),
  type: 0xef53,
})) as FileSystem['statfsSync'];

/** Decides, before a call is made, whether it fails: an errno name, or undefined to let it through. */
export type Fault = (operation: string, path: string) => string | undefined;

/** The system's calls, written down, any of which can be made to fail. Paths are relative to `root`. */
export class WatchedFiles {
  readonly calls: string[] = [];
  fault: Fault = () => undefined;
  readonly files: FileSystem;
  readonly #paths = new Map<number, string>();
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    const one = <Call extends (path: never, ...rest: never[]) => unknown>(operation: string, call: Call): Call =>
      ((path: string, ...rest: never[]) => {
        this.#note(operation, path);
        return call(path as never, ...rest);
      }) as unknown as Call;
    const onDescriptor = <Call extends (fd: number, ...rest: never[]) => unknown>(
      operation: string,
      call: Call,
    ): Call =>
      ((fd: number, ...rest: never[]) => {
        this.#note(operation, this.#paths.get(fd) ?? String(fd));
        return call(fd, ...rest);
      }) as unknown as Call;
    const later =
      (operation: string, call: (fd: number, callback: Callback) => void) =>
      (fd: number, callback: Callback): void => {
        try {
          this.#note(operation, this.#paths.get(fd) ?? String(fd));
        } catch (error) {
          setImmediate(() => callback(error as NodeJS.ErrnoException));
          return;
        }
        call(fd, (error) => {
          if (error === null) this.calls.push(`${operation} done ${this.#short(this.#paths.get(fd) ?? '')}`);
          callback(error);
        });
      };
    this.files = {
      ...systemFiles,
      openSync: ((path: string, flags: number, mode?: number) => {
        this.#note('open', path);
        const fd = systemFiles.openSync(path, flags, mode);
        this.#paths.set(fd, path);
        return fd;
      }) as FileSystem['openSync'],
      linkSync: ((from: string, to: string) => {
        this.#note('link', to);
        systemFiles.linkSync(from, to);
      }) as FileSystem['linkSync'],
      renameSync: ((from: string, to: string) => {
        this.#note('rename', to);
        systemFiles.renameSync(from, to);
      }) as FileSystem['renameSync'],
      writeSync: onDescriptor('write', systemFiles.writeSync as never),
      readSync: onDescriptor('read', systemFiles.readSync as never),
      closeSync: onDescriptor('close', systemFiles.closeSync),
      unlinkSync: one('unlink', systemFiles.unlinkSync as never),
      mkdirSync: one('mkdir', systemFiles.mkdirSync as never),
      rmdirSync: one('rmdir', systemFiles.rmdirSync as never),
      lutimesSync: one('utimes', systemFiles.lutimesSync as never),
      fdatasync: later('fdatasync', systemFiles.fdatasync) as FileSystem['fdatasync'],
      statfsSync: asOnDisk,
      fsync: later('fsync', systemFiles.fsync) as FileSystem['fsync'],
      fsyncSync: onDescriptor('fsyncSync', systemFiles.fsyncSync),
    };
  }

  #note(operation: string, path: string): void {
    const short = this.#short(path);
    const errno = this.fault(operation, short);
    this.calls.push(errno === undefined ? `${operation} ${short}` : `${operation} ${errno} ${short}`);
    if (errno !== undefined) throw Object.assign(new Error(`${errno}: as told, ${operation}`), { code: errno });
  }

  #short(path: string): string {
    return path.startsWith(this.#root) ? path.slice(this.#root.length + 1) : path;
  }
}
