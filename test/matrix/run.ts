import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Random, testSeed } from '../support/random.js';
import { type BrokerHost, type BrokerName, startHost } from './broker-host.js';
import { allPlaces, nameOf, type Place } from './plan.js';
import { type CellResult, runCell } from './run-cell.js';
import { insertTable, line, markdown, totals } from './table.js';

/** For the cells that run when the time is over. */
const SPARE_MS = 60_000;
const DEFAULT_MINUTES = 10;
const DOCUMENT = fileURLToPath(new URL('../../../docs/reliability.md', import.meta.url));

/**
 * Runs the matrix: every cell whose name contains one of the arguments (all without), two at a time at most.
 * `--write` puts the table of a whole run into docs/reliability.md; `--list` prints the names only.
 * STOMPCTL_TEST_FAULT_MINUTES, or ten (of CI_MINUTES nine tenths, when that is less), bounds a run. The seed decides
 * the order, so that a run that is too short is not always short of the same cells; it names those.
 */
async function main(args: readonly string[]): Promise<number> {
  const parts = args.filter((arg) => !arg.startsWith('--'));
  const seed = testSeed();
  const all = allPlaces(seed);
  const wanted = all.filter((place) => parts.length === 0 || parts.some((part) => nameOf(place).includes(part)));
  if (args.includes('--list')) {
    for (const place of wanted) say(nameOf(place));
    return 0;
  }
  if (wanted.length === 0) throw new Error(`run(${parts.join(' ')}): no cell has such a name`);
  const minutes = minutesGiven();
  say(`seed ${seed}, ${wanted.length} cells, ${minutes} minutes at most`);
  const run = new MatrixRun(all, wanted, seed, performance.now() + minutes * 60_000 - SPARE_MS);
  const results = await run.run();
  const text = markdown(results);
  say(`\n${text}\n\n${totals(results)}`);
  for (const place of run.notRun) say(`not run: ${nameOf(place)}: ${place.why}`);
  if (args.includes('--write')) await write(text, results, run.notRun.length + parts.length);
  return results.every(({ wrong }) => wrong.length === 0) ? 0 : 1;
}

function minutesGiven(): number {
  const own = process.env.STOMPCTL_TEST_FAULT_MINUTES;
  if (own !== undefined) return Number(own);
  return Math.min(DEFAULT_MINUTES, Number(process.env.CI_MINUTES ?? DEFAULT_MINUTES) * 0.9);
}

/** The document holds whole runs only, and none that is known to have lost anything; red cells say so in it. */
async function write(text: string, results: readonly CellResult[], missing: number): Promise<void> {
  if (missing > 0) throw new Error('run(--write): this was no whole run; nothing is written');
  const bad = results.filter(({ verdict }) => verdict.lost.length + verdict.spoilt.length + verdict.atSource > 0);
  if (bad.length > 0) throw new Error(`run(--write): ${bad.length} cells lost something; nothing is written`);
  await writeFile(DOCUMENT, insertTable(await readFile(DOCUMENT, 'utf8'), text, results));
}

interface NotRun extends Place {
  readonly why: string;
}

class MatrixRun {
  readonly notRun: NotRun[] = [];
  readonly #results: CellResult[] = [];
  readonly #waiting: Place[];
  readonly #order: readonly Place[];
  readonly #seed: number;
  readonly #until: number;

  /** `all`: what a cell's own seed is counted from, so that it is the same when the cell runs alone. */
  constructor(all: readonly Place[], wanted: readonly Place[], seed: number, until: number) {
    this.#order = all;
    this.#waiting = shuffled(wanted, new Random(seed));
    this.#seed = seed;
    this.#until = until;
  }

  /** Two workers, each with a real broker of its own, then with what needs none. */
  async run(): Promise<CellResult[]> {
    await Promise.all([this.#work('RabbitMQ'), this.#work('ActiveMQ')]);
    return this.#results.sort((a, b) => this.#indexOf(a) - this.#indexOf(b));
  }

  #indexOf(result: CellResult): number {
    return result.seed - this.#seed;
  }

  async #work(kind: BrokerName): Promise<void> {
    for (const broker of [kind, 'scripted'] as const) {
      const fits = (place: Place): boolean =>
        place.broker === broker || (broker === 'scripted' && place.broker === undefined);
      if (!this.#waiting.some(fits)) continue;
      const host = await startHost(broker);
      try {
        for (;;) {
          const at = this.#waiting.findIndex(fits);
          const [place] = at < 0 ? [] : this.#waiting.splice(at, 1);
          if (place === undefined) break;
          await this.#cell(place, place.broker === undefined ? undefined : host);
        }
      } finally {
        await host.stop();
      }
    }
  }

  async #cell(place: Place, host: BrokerHost | undefined): Promise<void> {
    const { faults, path } = place;
    if (faults.some((fault) => fault.needsRoot === true) && process.getuid?.() !== 0) {
      this.notRun.push({ ...place, why: 'only root can mount' });
      return;
    }
    if (performance.now() > this.#until) {
      this.notRun.push({ ...place, why: 'the time was over' });
      return;
    }
    const seed = this.#seed + this.#order.indexOf(place);
    const result = await runCell({ faults, path, host, messages: MESSAGES, seed });
    this.#results.push(result);
    say(line(result));
    if (result.wrong.length > 0)
      say(`    again: STOMPCTL_TEST_SEED=${this.#seed} npm run test:faults -- "${nameOf(place)}"`);
    if (result.wrong.length > 0 && host !== undefined && host.name !== 'scripted') {
      say(`    the end of the log of ${host.name}:\n${(await host.logTail().catch(String)).slice(-1500)}`);
    }
  }
}

function shuffled<T>(all: readonly T[], random: Random): T[] {
  const rest = [...all];
  return Array.from({ length: rest.length }, () => rest.splice(random.between(0, rest.length - 1), 1)[0] as T);
}

/** Besides what a fault puts in while it strikes. */
const MESSAGES = Number(process.env.STOMPCTL_TEST_FAULT_MESSAGES ?? 300);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

// brokers and mounts go with this process: see their exit listeners
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
// not by running out of work: Node keeps a socket for ever whose reset the kernel refuses
process.exit(await main(process.argv.slice(2)));
