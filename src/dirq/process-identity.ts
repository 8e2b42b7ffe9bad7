import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errnoOf } from '../base/errors.js';

/** What tells a process from every other one that had or will have its number. `-` stands for what is not known. */
export interface ProcessIdentity {
  /** changes at each start of the machine */
  readonly boot: string;
  /** clock ticks between the machine's start and the process's */
  readonly started: string;
  /** processes of another namespace (a container) cannot be seen, nor their numbers compared */
  readonly namespace: string;
}

const UNKNOWN = '-';

/** The host's name, safe inside a file name. */
export function hostName(): string {
  return hostname().replace(/[^A-Za-z0-9_-]/g, '_');
}

export function ownIdentity(): ProcessIdentity {
  return {
    boot: orUnknown(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    started: startOf(process.pid),
    namespace: orUnknown(() => readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')),
  };
}

/** Field 22 of `/proc/PID/stat` (proc(5)); the command before it may hold blanks and parentheses. */
export function startOf(pid: number): string {
  return orUnknown(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? UNKNOWN;
  });
}

/** Is there a process `pid` on this machine, the one that started at `started`? Only to be asked within one namespace. */
export function isAlive(pid: number, started: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is another user's
    if (errnoOf(error) !== 'EPERM') return false;
  }
  const now = startOf(pid);
  return now === UNKNOWN || started === UNKNOWN || now === started;
}

/** Where there is no /proc (or it hides other users' processes) nothing is known, and nothing is taken for dead. */
function orUnknown(read: () => string): string {
  try {
    return read() || UNKNOWN;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return UNKNOWN;
  }
}
