import { type Clock, systemClock } from '../../base/clock.js';
import { reasonOf } from '../../base/errors.js';
import { mayBeOwner } from '../../base/liveness.js';
import { wait } from '../../base/wait.js';
import { readPidfile } from '../../daemon/pidfile-content.js';
import { awaitStatus, type PidfileStatus } from '../../daemon/pidfile-status.js';
import { readStatus, type StatusRecord, statusPath } from '../../daemon/status-file.js';
import type { Verdict } from '../../transfer/verdict.js';
import { publishedVerdict } from './published-facts.js';

/** The exit codes of `stompctl status`; the worst of several instances counts. */
export const MOVING_OR_IDLE = 0;
export const NOT_RUNNING = 1;
export const STUCK = 2;

/** A status file is written each second: an older one is another clock's, or its process does not run */
const FRESH_MS = 5000;
/** so long is waited for the next one, which tells the two apart */
const NEXT_MS = 2500;
const LOOK_MS = 50;

/** What is known of one instance. */
export interface InstanceStatus {
  readonly pidfile: string;
  readonly code: number;
  /** stompclt's line and code */
  readonly known: PidfileStatus;
  readonly pid: number | undefined;
  /** undefined: it does not run, or publishes nothing that this version can read */
  readonly verdict: Verdict | undefined;
  readonly record: StatusRecord | undefined;
  /** why there is no verdict on a process that runs */
  readonly unknown: string | undefined;
}

/** Asks as `--status` does, for at most `timeoutMs`, and then for the verdict. PIDFILE_INVALID when it is no pidfile. */
export async function instanceStatus(
  pidfile: string,
  timeoutMs: number,
  clock: Clock = systemClock,
): Promise<InstanceStatus> {
  const known = await awaitStatus(pidfile, timeoutMs, clock);
  const content = readPidfile(pidfile);
  const base = { pidfile, known, pid: undefined, verdict: undefined, record: undefined, unknown: undefined };
  // a pid that was given to another program after the file was last touched is no sign of life
  if (content?.kind !== 'owned' || !mayBeOwner(content.pid, content.touchedMs)) return { ...base, code: NOT_RUNNING };
  const { pid } = content;
  const path = statusPath(pidfile);
  const silent = known.code === 4 ? STUCK : MOVING_OR_IDLE;
  const without = (unknown: string): InstanceStatus => ({ ...base, pid, code: silent, unknown });
  let record: StatusRecord | undefined;
  try {
    record = readStatus(path);
    if (record === undefined) return without(`${path} is not there, or not of this version`);
    if (record.pid !== pid) return without(`${path} is of pid ${record.pid}`);
    record = await freshest(path, record, clock);
  } catch (error) {
    return without(`${path} cannot be read: ${reasonOf(error)}`);
  }
  const last = record ?? readStatusQuietly(path);
  const verdict = record === undefined ? silentVerdict(last, clock) : publishedVerdict(record);
  if (verdict === undefined) return without(`${path} is not of this version`);
  return { ...base, pid, verdict, record: last, code: verdict.state === 'stuck' ? STUCK : MOVING_OR_IDLE };
}

/**
 * The record, when it is fresh or a next one comes; undefined: the process has stopped to write. A clock that was stepped
 * makes a fresh file look old, or of the future: only the next one tells.
 */
async function freshest(path: string, record: StatusRecord, clock: Clock): Promise<StatusRecord | undefined> {
  const ageMs = clock.wallMs() - Date.parse(record.at);
  if (ageMs > -FRESH_MS && ageMs < FRESH_MS) return record;
  const deadline = clock.monotonicMs() + NEXT_MS;
  while (clock.monotonicMs() < deadline) {
    await wait(clock, LOOK_MS);
    const next = readStatus(path);
    if (next !== undefined && next.pid === record.pid && next.sequence !== record.sequence) return next;
  }
  return undefined;
}

function readStatusQuietly(path: string): StatusRecord | undefined {
  try {
    return readStatus(path);
  } catch {
    // it was readable a moment ago; what it said is not worth an error
    return undefined;
  }
}

function silentVerdict(last: StatusRecord | undefined, clock: Clock): Verdict {
  const agoMs = last === undefined ? 0 : clock.wallMs() - Date.parse(last.at);
  const since = agoMs > 0 ? `${Math.round(agoMs / 1000)} s` : `${NEXT_MS / 1000} s`;
  const reason = `it has published nothing for ${since}: the process is stopped, blocked, or cannot write its status file`;
  return { state: 'stuck', reason };
}

/** What `--json` prints of an instance: what it publishes, and what is known from outside. */
export function statusJson({
  pidfile,
  code,
  known,
  pid,
  verdict,
  record,
  unknown,
}: InstanceStatus): Readonly<Record<string, unknown>> {
  const state = verdict?.state ?? (pid === undefined ? 'not-running' : 'unknown');
  const reason = verdict?.reason ?? unknown ?? known.text;
  return { ...record, pidfile, running: pid !== undefined, pid, code, text: known.text, state, reason };
}
