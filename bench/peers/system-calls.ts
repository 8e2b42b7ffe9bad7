import fs from 'node:fs';
import { join } from 'node:path';
import type { Figures } from '../measure/command-run.js';
import { measured } from '../raw/raw-socket.js';

const WINDOW = 1000;
/** elements of a batch; ours has 384 at most */
export const TOGETHER = 512;

type Sync = (fd: number, callback: (error: Error | null) => void) => void;

function later(call: Sync, fd: number): Promise<void> {
  return new Promise((resolve, reject) => call(fd, (error) => (error === null ? resolve() : reject(error))));
}

const TMPFS = 0x01021994;

/** There nothing can be synced, nor has to be: neither does ours. */
function isInMemory(folder: string): boolean {
  return fs.statfsSync(folder).type === TMPFS;
}

export async function syncFolder(folder: string): Promise<void> {
  const fd = fs.openSync(folder, 'r');
  await later(fs.fsync, fd);
  fs.closeSync(fd);
}

/** What is done with elements of one folder for another one: all but the sync of the first. */
type Carry = (from: string, out: string, names: readonly string[], synced: boolean) => Promise<void>;

/**
 * The least that a transfer from queue to queue takes: its system calls, with the same syncs or none, and nothing else. `carry`:
 * `copied` reads, writes and removes each element, `linked` gives it another name.
 */
export function plainMove(
  from: string,
  to: string,
  { messages, synced, carry }: { readonly messages: number; readonly synced: boolean; readonly carry: Carry },
): Promise<Figures> {
  const out = join(to, '5f000000');
  fs.mkdirSync(out, { recursive: true });
  return measured(messages, async () => {
    for (const folder of fs.readdirSync(from).sort()) {
      const names = fs.readdirSync(join(from, folder)).sort();
      for (let at = 0; at < names.length; at += TOGETHER) {
        const batch = names.slice(at, at + TOGETHER);
        await carry(join(from, folder), out, batch, synced);
        if (synced && at % WINDOW < TOGETHER) await syncFolder(join(from, folder));
      }
    }
  });
}

const scratch = Buffer.alloc(4 << 20);

export function lock(path: string): void {
  fs.linkSync(path, `${path}.lck`);
  fs.lutimesSync(path, 1e9, 1e9);
}

/** Files of a batch, written and synced under their temporary names, then linked. */
async function publish(out: string, names: readonly string[], fds: readonly number[], synced: boolean): Promise<void> {
  if (synced && !isInMemory(out)) await Promise.all(fds.map((fd) => later(fs.fdatasync, fd)));
  for (const fd of fds) fs.closeSync(fd);
  for (const name of names) fs.linkSync(join(out, `${name}.tmp`), join(out, name));
  if (synced) await syncFolder(out);
}

/** The least that storing messages in a queue takes: the system calls of its elements, with the same syncs or none, and nothing else. */
export function plainStore(
  to: string,
  { messages, bytes, synced }: { readonly messages: number; readonly bytes: number; readonly synced: boolean },
): Promise<Figures> {
  const out = join(to, '5f000000');
  fs.mkdirSync(out, { recursive: true });
  const content = Buffer.alloc(bytes, 'x');
  return measured(messages, async () => {
    for (let at = 0; at < messages; at += TOGETHER) {
      await newFiles(out, at, Array(Math.min(TOGETHER, messages - at)).fill(content), synced);
    }
  });
}

/** The elements of one batch, numbered from `first`. */
export async function newFiles(
  out: string,
  first: number,
  contents: readonly Buffer[],
  synced: boolean,
): Promise<void> {
  const names = contents.map((_, index) => `5f0000${(first + index).toString(16).padStart(8, '0')}`);
  const fds = names.map((name, index) => {
    const fd = fs.openSync(join(out, `${name}.tmp`), 'wx', 0o666);
    fs.writeSync(fd, contents[index] ?? Buffer.alloc(0));
    return fd;
  });
  await publish(out, names, fds, synced);
  for (const name of names) fs.unlinkSync(join(out, `${name}.tmp`));
}

export const copied: Carry = async (from, out, names, synced) => {
  const fds = names.map((name) => {
    const path = join(from, name);
    lock(path);
    const read = fs.openSync(path, 'r');
    const length = fs.readSync(read, scratch, 0, scratch.length, 0);
    fs.closeSync(read);
    const fd = fs.openSync(join(out, `${name}.tmp`), 'wx', 0o666);
    fs.writeSync(fd, scratch, 0, length);
    return fd;
  });
  await publish(out, names, fds, synced);
  for (const name of names) {
    for (const path of [join(out, `${name}.tmp`), join(from, name), join(from, `${name}.lck`)]) fs.unlinkSync(path);
  }
};

export const linked: Carry = async (from, out, names, synced) => {
  const opened = synced && !isInMemory(out);
  const fds = names.flatMap((name) => {
    const path = join(from, name);
    fs.lstatSync(path);
    lock(path);
    return opened ? [fs.openSync(path, 'r')] : [];
  });
  await Promise.all(fds.map((fd) => later(fs.fdatasync, fd)));
  for (const fd of fds) fs.closeSync(fd);
  for (const name of names) fs.linkSync(join(from, name), join(out, name));
  if (synced) await syncFolder(out);
  for (const name of names) for (const path of [join(from, name), join(from, `${name}.lck`)]) fs.unlinkSync(path);
};
