import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errnoOf } from '../../base/errors.js';

/** What tells a process from every other one that had or will have its number. `-` stands for what is not known. */
export interface ProcessIdentity {
  /** changes at each start of the machine */
  readonly boot: string;
  /** clock ticks between the machine's start and the process's */
  readonly started: string;
  /** processes of another namespace (a container) cannot be seen, nor their numbers compared */
  readonly namespace: string;
  /** tells machines of one name apart; a container may have none, or share its image's (machine-id(5)) */
  readonly machine: string;
}

const UNKNOWN = '-';
const MACHINE_IDS = ['/etc/machine-id', '/var/lib/dbus/machine-id'];

/** The host's name, safe inside a file name. */
export function hostName(): string {
  return hostname().replace(/[^A-Za-z0-9_-]/g, '_');
}

let own: ProcessIdentity | undefined;

/** Read once: it does not change, and later there may be no descriptor left to read it with. Throws the system's error. */
export function ownIdentity(): ProcessIdentity {
  own ??= {
    boot: orUnknown(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    started: startOf(process.pid),
    namespace: orUnknown(() => readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')),
    machine: machineId(),
  };
  return own;
}

/** The first line of a journal: `BOOT STARTED NAMESPACE MACHINE`. */
export function identityLine({ boot, started, namespace, machine } = ownIdentity()): string {
  return `${boot} ${started} ${namespace} ${machine}\n`;
}

/** What the first line of a journal says; undefined when it is not whole. Earlier versions left the machine out. */
export function readIdentity(text: string): ProcessIdentity | undefined {
  const end = text.indexOf('\n');
  const [boot, started, namespace, machine = UNKNOWN] = text.slice(0, Math.max(0, end)).split(' ');
  if (boot === undefined || started === undefined || namespace === undefined) return undefined;
  return { boot, started, namespace, machine };
}

/** Are both known, and the same? */
export function isSame(left: string, right: string): boolean {
  return left === right && left !== UNKNOWN;
}

/** Are both known, and not the same? */
export function isOther(left: string, right: string): boolean {
  return left !== right && left !== UNKNOWN && right !== UNKNOWN;
}

function machineId(): string {
  for (const file of MACHINE_IDS) {
    const id = orUnknown(() => readFileSync(file, 'latin1').trim());
    if (/^[0-9a-f]{32}$/.test(id)) return id;
  }
  return UNKNOWN;
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

const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL']);

/**
 * Where there is no /proc (or it hides other users' processes) nothing is known, and nothing is taken for dead. Too many
 * open files are another matter: who does not know his own boot would take everybody's for another.
 */
function orUnknown(read: () => string): string {
  try {
    return read() || UNKNOWN;
  } catch (error) {
    if (!MISSING.has(errnoOf(error) ?? '')) throw error;
    return UNKNOWN;
  }
}
