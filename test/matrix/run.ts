import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { testSeed } from '../support/random.js';
import { KeptResults } from './kept-results.js';
import { MatrixRun } from './matrix-run.js';
import { allPlaces, nameOf } from './plan.js';
import type { CellResult } from './run-cell.js';
import { insertTable, markdown, redCells, totals } from './table.js';

/** For the cells that run when the time is over. */
const SPARE_MS = 60_000;
const DEFAULT_MINUTES = 10;
/** of a run whose table is to be written: all cells */
const WHOLE_MINUTES = 60;
const DOCUMENT = fileURLToPath(new URL('../../../docs/reliability.md', import.meta.url));

/**
 * Runs the matrix: every cell whose name contains one of the arguments (all without), two at a time at most (`--one`: one).
 * `--list` prints the names only; `--resume` goes on with the run that was ended; `--write` puts the table of a whole
 * run, red cells marked, into docs/reliability.md. STOMPCTL_TEST_FAULT_MINUTES, or ten (with `--write` sixty; of
 * CI_MINUTES nine tenths, when that is less), bounds a run. The seed decides the order; first comes a sample in which
 * every path with every broker meets every family of faults. What was not run is counted, and red cells are told
 * again at the end.
 */
async function main(args: readonly string[]): Promise<number> {
  const parts = args.filter((arg) => !arg.startsWith('--'));
  const kept = args.includes('--resume') ? KeptResults.resume() : KeptResults.begin(testSeed());
  const all = allPlaces(kept.seed);
  const wanted = all.filter((place) => parts.length === 0 || parts.some((part) => nameOf(place).includes(part)));
  if (args.includes('--list')) {
    for (const place of wanted) say(nameOf(place));
    return 0;
  }
  if (wanted.length === 0) throw new Error(`run(${parts.join(' ')}): no cell has such a name`);
  const writes = args.includes('--write');
  const minutes = minutesGiven(writes ? WHOLE_MINUTES : DEFAULT_MINUTES);
  say(`seed ${kept.seed}, ${wanted.length} cells, ${kept.results.length} of them done, ${minutes} minutes at most`);
  const untilMs = performance.now() + minutes * 60_000 - SPARE_MS;
  const run = new MatrixRun({ all, wanted, kept, untilMs, jobs: args.includes('--one') ? 1 : 2, say });
  const results = await run.run();
  const text = markdown(results);
  say(`\n${text}\n\n${totals(results)}`);
  for (const text of run.notRunCounts()) say(text);
  const whole = results.length === all.length;
  if (writes && whole) await write(text, results);
  if (writes && !whole) say('nothing is written: this was no whole run; go on with --resume --write');
  const red = redCells(results);
  if (red !== '') say(`\nred cells:\n${red}`);
  // a run that had no time for a single cell has shown nothing
  return red === '' && results.length > 0 && (whole || !writes) ? 0 : 1;
}

function minutesGiven(usual: number): number {
  const own = process.env.STOMPCTL_TEST_FAULT_MINUTES;
  if (own !== undefined) return Number(own);
  return Math.min(usual, Number(process.env.CI_MINUTES ?? usual) * 0.9);
}

async function write(text: string, results: readonly CellResult[]): Promise<void> {
  await writeFile(DOCUMENT, insertTable(await readFile(DOCUMENT, 'utf8'), text, results));
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

// brokers and mounts go with this process: see their exit listeners
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
// not by running out of work: Node keeps a socket for ever whose reset the kernel refuses
process.exit(await main(process.argv.slice(2)));
