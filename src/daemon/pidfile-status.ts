import { type Clock, systemClock } from '../base/clock.js';
import { processExists } from '../base/liveness.js';
import { wait } from '../base/wait.js';
import { readPidfile } from './pidfile-content.js';
import { isForeign } from './process-program.js';

export interface PidfileStatus {
  /** 0 running, 1 dead but the file is there, 3 no file, 4 unknown or stale (the codes of LSB init scripts) */
  readonly code: 0 | 1 | 3 | 4;
  /** scripts read it: `stompctl` and a blank come before it */
  readonly text: string;
}

/** A pidfile not touched for longer is stale: its owner touches it every second. */
const STALE_MS = 60_000;
const RETRY_MS = 100;

/** What a pidfile says about its owner now. PIDFILE_INVALID when it is not a pidfile. */
export function pidfileStatus(path: string, nowMs: number): PidfileStatus {
  const found = readPidfile(path);
  if (found === undefined) return { code: 3, text: 'does not seem to be running (no pid file)' };
  if (found.kind === 'empty') return { code: 4, text: 'does not seem to be running yet (empty pid file)' };
  const who = `(pid ${found.pid})`;
  if (!processExists(found.pid) || isForeign(found.pid))
    return { code: 1, text: `${who} does not seem to be running anymore` };
  const date = localDate(new Date(found.touchedMs));
  if (found.touchedMs < nowMs - STALE_MS) {
    return { code: 4, text: `${who} does not seem to be running anymore since ${date}` };
  }
  return { code: 0, text: `${who} was active on ${date}` };
}

/** Asks for the status until it is 0 or `timeoutMs` is over, ten times a second; the last answer counts. */
export async function awaitStatus(path: string, timeoutMs: number, clock: Clock = systemClock): Promise<PidfileStatus> {
  const deadline = clock.monotonicMs() + timeoutMs;
  while (true) {
    const status = pidfileStatus(path, clock.wallMs());
    if (status.code === 0 || clock.monotonicMs() >= deadline) return status;
    await wait(clock, RETRY_MS);
  }
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Local time as ctime(3) writes it, `Thu Sep  9 01:46:40 1999`, whatever the locale: scripts parse it. */
export function localDate(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = String(date.getDate()).padStart(2, ' ');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${day} ${time} ${date.getFullYear()}`;
}
