import fs from 'node:fs';
import { join } from 'node:path';
import { measured } from '../raw/raw-socket.js';
import { type Figures, runCommand } from './command-run.js';

const WINDOW = 1000;
const TOGETHER = 128;

type Sync = (fd: number, callback: (error: Error | null) => void) => void;

function later(call: Sync, fd: number): Promise<void> {
  return new Promise((resolve, reject) => call(fd, (error) => (error === null ? resolve() : reject(error))));
}

async function syncFolder(folder: string): Promise<void> {
  const fd = fs.openSync(folder, 'r');
  await later(fs.fsync, fd);
  fs.closeSync(fd);
}

/**
 * The least that moving takes: the system calls of a run that reads, writes and removes each element, with the same syncs
 * or none, and nothing else.
 */
export function plainMove(from: string, to: string, messages: number, synced: boolean): Promise<Figures> {
  const scratch = Buffer.alloc(4 << 20);
  const out = join(to, '5f000000');
  fs.mkdirSync(out, { recursive: true });
  return measured(messages, async () => {
    for (const folder of fs.readdirSync(from).sort()) {
      const names = fs.readdirSync(join(from, folder)).sort();
      for (let at = 0; at < names.length; at += TOGETHER) {
        const batch = names.slice(at, at + TOGETHER);
        await carry(join(from, folder), out, batch, scratch, synced);
        if (synced && at % WINDOW < TOGETHER) await syncFolder(join(from, folder));
      }
    }
  });
}

async function carry(
  from: string,
  out: string,
  names: readonly string[],
  scratch: Buffer,
  synced: boolean,
): Promise<void> {
  const fds = names.map((name) => {
    const path = join(from, name);
    fs.linkSync(path, `${path}.lck`);
    fs.utimesSync(path, 1e9, 1e9);
    const read = fs.openSync(path, 'r');
    const length = fs.readSync(read, scratch, 0, scratch.length, 0);
    fs.closeSync(read);
    const fd = fs.openSync(join(out, `${name}.tmp`), 'wx', 0o666);
    fs.writeSync(fd, scratch, 0, length);
    return fd;
  });
  if (synced) await Promise.all(fds.map((fd) => later(fs.fdatasync, fd)));
  for (const fd of fds) fs.closeSync(fd);
  for (const name of names) fs.linkSync(join(out, `${name}.tmp`), join(out, name));
  if (synced) await syncFolder(out);
  for (const name of names) {
    for (const path of [join(out, `${name}.tmp`), join(from, name), join(from, `${name}.lck`)]) fs.unlinkSync(path);
  }
}

const PYTHON = `
import sys, time
from dirq.QueueSimple import QueueSimple
source, target, count = QueueSimple(sys.argv[1]), QueueSimple(sys.argv[2]), 0
started = time.time()
name = source.first()
while name:
    if source.lock(name):
        target.add(source.get(name))
        source.remove(name)
        count += 1
    name = source.next()
print("processed %d messages in %.3f seconds" % (count, time.time() - started))
`;

/** Is Debian's python3-dirq installed? */
export function hasPython(): boolean {
  return fs.existsSync('/usr/lib/python3/dist-packages/dirq');
}

/** Debian's python3-dirq, which never syncs: lock, get, add, remove. */
export function pythonMove(from: string, to: string, messages: number): Promise<Figures> {
  return runCommand(['/usr/bin/python3', '-c', PYTHON, from, to], messages);
}
