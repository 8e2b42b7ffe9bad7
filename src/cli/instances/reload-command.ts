import { type Clock, systemClock } from '../../base/clock.js';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import { mayBeOwner } from '../../base/liveness.js';
import { wait } from '../../base/wait.js';
import type { Environment } from '../../config/formats/environment.js';
import { readPidOptions } from '../../config/pid-options.js';
import { readPidfile } from '../../daemon/pidfile-content.js';
import { programOf } from '../../daemon/process-program.js';
import { readStatus, statusPath } from '../../daemon/status-file.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import type { CommandIo } from '../command-line/io.js';
import type { ParsedArguments } from '../command-line/option-command.js';
import { oneInstance } from './one-instance.js';
import { publishedTransfers } from './published-facts.js';

const NOT_RUNNING = 1;
const LOOK_MS = 50;
/** what `timeout-linger` and `timeout-flush` are when they are not given */
const DEFAULT_MS = 60_000;
/** reading the configuration and starting a callback */
const MARGIN_MS = 30_000;

/**
 * `stompctl reload [CONFIG]`: sends HUP to the instance of a pidfile and waits for what it says of that in its status file.
 * Exit code 0: taken over; 1: nothing runs. RELOAD_REFUSED with the reason when the configuration is refused, also when it
 * does not even tell the pidfile; RELOAD_UNKNOWN when the outcome is not known in time.
 */
export async function reload(parsed: ParsedArguments, env: Environment, io: CommandIo): Promise<number> {
  const commandLine = oneInstance(parsed, 'reload');
  const { pidfile, lingerMs = DEFAULT_MS, flushMs = DEFAULT_MS } = await pidOptions({ commandLine, env });
  // both ends may have to be drained
  return reloadInstance(pidfile, 2 * (lingerMs + flushMs) + MARGIN_MS, io);
}

async function pidOptions(input: Parameters<typeof readPidOptions>[0]) {
  try {
    return await readPidOptions(input, 'reload');
  } catch (error) {
    if (!(error instanceof StompctlError) || error.code === 'USAGE') throw error;
    throw refused(input.commandLine.get('config')?.at(-1) ?? '', `it was not told to reload: ${error.message}`);
  }
}

/** Tells the owner of the pidfile to reload, and what came of it. */
export async function reloadInstance(
  pidfile: string,
  timeoutMs: number,
  io: Pick<CommandIo, 'out'>,
  clock: Clock = systemClock,
): Promise<number> {
  const owner = readPidfile(pidfile);
  const lives = () =>
    owner?.kind === 'owned' && mayBeOwner(owner.pid, owner.touchedMs) && programOf(owner.pid, owner.uid) !== 'other';
  if (owner?.kind !== 'owned' || !lives()) return notRunning(io);
  const { pid } = owner;
  const path = statusPath(pidfile);
  const before = published(path, pid)?.begun ?? 0;
  if (!signal(pid)) return notRunning(io);
  const deadline = clock.monotonicMs() + timeoutMs;
  while (clock.monotonicMs() < deadline) {
    const state = published(path, pid);
    if (state !== undefined && state.done > before) return tell(pidfile, pid, state, io);
    if (!lives()) return notRunning(io);
    await wait(clock, LOOK_MS);
  }
  const reason = `pid ${pid} was told to reload, and has not said within ${timeoutMs / 1000} s (in ${path}) what came of it: see its log`;
  throw new StompctlError('RELOAD_UNKNOWN', 'reload', pidfile, reason);
}

interface Published {
  readonly begun: number;
  readonly done: number;
  readonly outcome: unknown;
  readonly text: string;
  /** the process runs several transfers: what is refused is told of each */
  readonly several: boolean;
}

/** What a process publishes of its reloads; undefined: nothing, or nothing that this version knows. */
function published(path: string, pid: number): Published | undefined {
  try {
    const record = readStatus(path);
    if (record?.pid !== pid) return undefined;
    const { begun, done, outcome, text }: Record<string, unknown> = { ...Object(record.reload) };
    if (typeof begun !== 'number' || typeof done !== 'number') return undefined;
    const several = publishedTransfers(record) !== undefined;
    return { begun, done, outcome, several, text: typeof text === 'string' ? text.replace(/\p{Cc}/gu, ' ') : '' };
  } catch {
    // it may be readable the next time; when not, the time-out says where to look
    return undefined;
  }
}

function signal(pid: number): boolean {
  try {
    process.kill(pid, 'SIGHUP');
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
    const reason = `cannot send SIGHUP to ${pid}: ${reasonOf(error)}; ask as the user that it runs as`;
    throw new StompctlError('QUIT_FAILED', 'reload', String(pid), reason, error);
  }
}

function tell(
  pidfile: string,
  pid: number,
  { outcome, text, several }: Published,
  { out }: Pick<CommandIo, 'out'>,
): number {
  if (outcome === 'refused') throw refused(pidfile, several ? text : `the old configuration goes on: ${text}`);
  out.write(`stompctl (pid ${pid}) has reloaded: ${text}\n`);
  return EXIT_CODES.ok;
}

function refused(what: string, reason: string): StompctlError {
  return new StompctlError('RELOAD_REFUSED', 'reload', what, reason);
}

function notRunning({ out }: Pick<CommandIo, 'out'>): number {
  out.write('stompctl is not running\n');
  return NOT_RUNNING;
}
