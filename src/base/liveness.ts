import { readFileSync } from 'node:fs';
import { errnoOf } from './errors.js';

/** Clock ticks a second in /proc: USER_HZ, 100 on every Linux. */
const TICKS_PER_SECOND = 100;
/** How far a start time computed from /proc may be off, in milliseconds. */
const START_SLACK_MS = 1000;

/**
 * Is there a process with this pid? One that we may not signal counts; a zombie, already dead but not yet collected by
 * its parent, does not.
 */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
  const state = readStat(pid)?.state;
  return state !== 'Z' && state !== 'X';
}

/**
 * May process `pid` be the one that touched a file at `touchedMs` (milliseconds since the epoch)? False when there is
 * no such process, when it is ourselves (we ask before we touch anything), or when it started only after that touch:
 * then the pid was given again to another program, after a reboot for instance. Without /proc an existing process may.
 */
export function mayBeOwner(pid: number, touchedMs: number): boolean {
  if (pid === process.pid || !processExists(pid)) return false;
  const startedMs = processStartMs(pid);
  return startedMs === undefined || startedMs <= touchedMs + START_SLACK_MS;
}

/** When a process started, in milliseconds since the epoch; undefined without /proc or without the process. */
export function processStartMs(pid: number): number | undefined {
  const start = readStat(pid)?.startTicks;
  const own = readStat(process.pid)?.startTicks;
  if (start === undefined || own === undefined) return undefined;
  // measured from our own start, which we know in both clocks: the boot time is not the real one inside some containers
  return performance.timeOrigin + ((start - own) * 1000) / TICKS_PER_SECOND;
}

interface Stat {
  readonly state: string;
  /** since boot */
  readonly startTicks: number;
}

/** Fields 3 and 22 of /proc/PID/stat (proc(5)), counted after the command, which may itself hold blanks and brackets. */
function readStat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    // no /proc here, or no such process: the callers decide what that means
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], Number(fields[19])];
  if (state === undefined || !Number.isFinite(startTicks)) return undefined;
  return { state, startTicks };
}
