import { existsSync } from 'node:fs';
import { type Clock, systemClock } from '../../base/clock.js';
import { reasonOf } from '../../base/errors.js';
import { wait } from '../../base/wait.js';
import { type CommandIo, drained } from '../command-line/io.js';
import type { ParsedArguments } from '../command-line/option-command.js';
import { findInstances, RUN_FOLDER, refuseNoPlace } from './find-instances.js';
import { instanceStatus, statusJson } from './instance-status.js';
import { type InstanceRow, instanceTable, stateOf } from './instance-table.js';

const REFRESH_MS = 1000;
const WIDTH = 80;
const HEIGHT = 24;

/** The other screen of the terminal, without a cursor; and back. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const END_OF_LINE = '\u001b[K';
const END_OF_SCREEN = '\u001b[J';

/**
 * `stompctl top [PLACE…]`: every instance on this host, each second; once where standard output is no terminal, or with `--json`.
 * Exits 0, or 1 when it was asked once and none has a pidfile. Ends without a word when its terminal goes. INPUT_UNREADABLE for a place
 * that is not there at the start.
 */
export async function top(parsed: ParsedArguments, io: CommandIo, clock: Clock = systemClock): Promise<number> {
  const given = [...(parsed.options.get('pidfile') ?? []), ...parsed.operands];
  refuseNoPlace(given);
  const places = given.length === 0 ? [RUN_FOLDER] : given;
  const once = parsed.flags.has('json') || io.columns === undefined;
  if (!once) return live(places, io, clock);
  const rows = await Promise.all(findInstances(places).map((pidfile) => look(pidfile)));
  if (parsed.flags.has('json')) for (const row of rows) io.out.write(`${JSON.stringify(rowJson(row))}\n`);
  else if (rows.length === 0) io.out.write(`${noneAt(places)}\n`);
  else
    for (const line of instanceTable(rows, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY))
      io.out.write(`${line}\n`);
  return rows.some(({ pidfile }) => existsSync(pidfile)) ? 0 : 1;
}

async function live(places: readonly string[], io: CommandIo, clock: Clock): Promise<number> {
  const { out, signals } = io;
  // however it ends, a signal included: the terminal is given back as it was
  const leave = () => out.write(LEAVE);
  process.on('exit', leave);
  let gone = false;
  // HUP: the terminal has gone
  signals.onReload(() => {
    gone = true;
  });
  const watched = new Map<string, Watched>();
  try {
    out.write(ENTER);
    while (!gone) {
      watch(watched, findInstances(places));
      // a terminal that does not know its size says 0
      const [columns, rows] = [out.columns || WIDTH, out.rows || HEIGHT];
      const lines = [`stompctl top  ${new Date(clock.wallMs()).toLocaleTimeString()}  Ctrl-C ends it`, ''];
      const known = [...watched].map(([pidfile, { row }]) => row ?? { pidfile, status: undefined, fault: undefined });
      lines.push(...(known.length === 0 ? [noneAt(places)] : instanceTable(known, columns, Math.max(2, rows - 3))));
      const screen = lines.map((line) => `${line.slice(0, columns)}${END_OF_LINE}`).join('\r\n');
      if (!(await drained(out, `${HOME}${screen}${END_OF_SCREEN}`))) break;
      await wait(clock, REFRESH_MS);
    }
  } finally {
    process.off('exit', leave);
    if (!gone && out.writable !== false) leave();
  }
  return 0;
}

interface Watched {
  row: InstanceRow | undefined;
  looking: boolean;
}

/** Looks at each again, unless it is being looked at: one that is stuck takes seconds, and must not hold up the others. */
function watch(watched: Map<string, Watched>, pidfiles: readonly string[]): void {
  for (const pidfile of [...watched.keys()]) if (!pidfiles.includes(pidfile)) watched.delete(pidfile);
  for (const pidfile of pidfiles) {
    const one = watched.get(pidfile) ?? { row: undefined, looking: false };
    watched.set(pidfile, one);
    if (one.looking) continue;
    one.looking = true;
    void look(pidfile).then((row) => {
      one.row = row;
      one.looking = false;
    });
  }
}

/** Never rejects: what is wrong with one instance is told in its row. */
async function look(pidfile: string): Promise<InstanceRow> {
  try {
    return { pidfile, status: await instanceStatus(pidfile, 0), fault: undefined };
  } catch (error) {
    return { pidfile, status: undefined, fault: reasonOf(error) };
  }
}

function rowJson(row: InstanceRow): Readonly<Record<string, unknown>> {
  const { pidfile, status, fault } = row;
  return status === undefined ? { pidfile, running: false, state: stateOf(row), reason: fault } : statusJson(status);
}

function noneAt(places: readonly string[]): string {
  return `no instance has a pidfile at ${places.join(', ')}: name its folder, or the pidfile (stompctl top PLACE…)`;
}
