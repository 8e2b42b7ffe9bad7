import { type BrokerHost, type Program, programOf, startHost } from './broker-host.js';
import type { KeptResults } from './kept-results.js';
import { nameOf, type Place, sampleFirst } from './plan.js';
import { brokenCell, type CellResult, runCell } from './run-cell.js';
import { line } from './table.js';

const HOST_ATTEMPTS = 2;
/** Besides what a fault puts in while it strikes. */
const MESSAGES = Number(process.env.STOMPCTL_TEST_FAULT_MESSAGES ?? 300);

export interface RunPlan {
  /** what a cell's own seed is counted from, so that it is the same when the cell runs alone */
  readonly all: readonly Place[];
  readonly wanted: readonly Place[];
  readonly kept: KeptResults;
  /** no cell begins later; of the monotonic clock */
  readonly untilMs: number;
  /** cells at a time: one or two */
  readonly jobs: number;
  readonly say: (text: string) => void;
}

type WhyNotRun = 'only root can mount' | 'the time was over';

/** Goes through the cells, the sample of every path, broker and family first. No cell and no broker that breaks ends it. */
export class MatrixRun {
  readonly #notRun: { readonly place: Place; readonly why: WhyNotRun }[] = [];
  #sample: ReadonlySet<Place> = new Set();
  readonly #plan: RunPlan;
  readonly #hosts: Host[] = [];

  constructor(plan: RunPlan) {
    this.#plan = plan;
  }

  /** Two workers, each with a real broker of its own and then with what needs none; or one with all. */
  async run(): Promise<CellResult[]> {
    const { wanted, kept, jobs } = this.#plan;
    const done = new Set(kept.results.map(({ seed }) => seed));
    const left = wanted.filter((place) => !done.has(this.#seedOf(place)));
    const workers: Program[][] = jobs === 1 ? [['RabbitMQ', 'ActiveMQ']] : [['RabbitMQ'], ['ActiveMQ']];
    try {
      // the brokers of the sample are used before the rest of any of them
      const [sample, rest] = sampleFirst(left, kept.seed);
      this.#sample = new Set(sample);
      await Promise.all(
        workers.map(async (kinds) => {
          const hosts = [...kinds, 'scripted' as const].map((name) => new Host(name));
          this.#hosts.push(...hosts);
          for (const waiting of [sample, rest]) for (const host of hosts) await this.#work(waiting, host);
        }),
      );
    } finally {
      for (const host of this.#hosts) await host.stop();
    }
    return kept.results.sort((a, b) => a.seed - b.seed);
  }

  /** How many cells were not run, a line for each reason. */
  notRunCounts(): string[] {
    return (['only root can mount', 'the time was over'] as const).flatMap((why) => {
      const places = this.#notRun.filter((one) => one.why === why);
      const ofSample = places.filter(({ place }) => this.#sample.has(place)).length;
      return places.length === 0
        ? []
        : [`not run, since ${why}: ${places.length} cells, ${ofSample} of them of the sample`];
    });
  }

  #seedOf(place: Place): number {
    return this.#plan.kept.seed + this.#plan.all.indexOf(place);
  }

  async #work(waiting: Place[], host: Host): Promise<void> {
    const fits = (place: Place): boolean => programOf(place.broker ?? 'scripted') === host.program;
    for (;;) {
      const at = waiting.findIndex(fits);
      const [place] = at < 0 ? [] : waiting.splice(at, 1);
      if (place === undefined) return;
      await this.#cell(place, host);
    }
  }

  async #cell(place: Place, host: Host): Promise<void> {
    const { faults, path, broker } = place;
    const { kept, say, untilMs } = this.#plan;
    if (faults.some((fault) => fault.needsRoot === true) && process.getuid?.() !== 0) {
      this.#notRun.push({ place, why: 'only root can mount' });
      return;
    }
    if (performance.now() > untilMs) {
      this.#notRun.push({ place, why: 'the time was over' });
      return;
    }
    const seed = this.#seedOf(place);
    let result: CellResult;
    try {
      result = await runCell({
        ...{ faults, path, messages: MESSAGES, seed, type: place.type },
        host: broker === undefined ? undefined : (await host.get()).as(broker),
      });
    } catch (error) {
      result = brokenCell(place, seed, error);
    }
    kept.add(result);
    say(line(result));
    if (result.wrong.length === 0) return;
    say(`    again: STOMPCTL_TEST_SEED=${kept.seed} npm run test:faults -- "${nameOf(place)}"`);
    if (broker === undefined || broker === 'scripted') return;
    say(`    the end of the log of ${broker}:\n${await host.logTail()}`);
    // what one cell did to it must not be in the way of the next
    await host.stop();
  }
}

/** A broker that is started when it is first needed, and again after it was stopped. */
class Host {
  readonly program: Program;
  #host: BrokerHost | undefined;

  constructor(program: Program) {
    this.program = program;
  }

  async get(): Promise<BrokerHost> {
    for (let attempt = 1; this.#host === undefined; attempt += 1) {
      try {
        this.#host = await startHost(this.program);
      } catch (error) {
        if (attempt === HOST_ATTEMPTS) throw new Error(`${this.program} does not start`, { cause: error });
      }
    }
    return this.#host;
  }

  async logTail(): Promise<string> {
    try {
      return (await this.#host?.logTail())?.slice(-1500) ?? '(it does not run)';
    } catch (error) {
      return String(error);
    }
  }

  /** Never rejects: its process goes with this one at the latest. */
  async stop(): Promise<void> {
    const host = this.#host;
    this.#host = undefined;
    await host?.stop().catch((error: unknown) => process.stderr.write(`${this.program} stops: ${String(error)}\n`));
  }
}
