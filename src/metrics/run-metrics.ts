import { performance } from 'node:perf_hooks';
import { maskText } from '../observe/mask.js';
import { LATENCY_BOUNDS, type LatencySnapshot } from '../transfer/latency.js';
import { type HealthFacts, verdictOf } from '../transfer/verdict.js';
import { METRIC_TABLE, type MeteredFacts, type MetricRow, PROGRAM_METRICS, SETTLE_HISTOGRAM } from './metric-table.js';

/** A run as the metrics see it: everything is read when they are asked for, nothing is told per message. */
export interface MeteredRun {
  health(): HealthFacts;
  latency(): LatencySnapshot;
}

export interface RunMetricsOptions {
  readonly version: string;
  /** memory, CPU, files and event loop of the process too, under the names that they have everywhere */
  readonly ofProcess: boolean;
  /** on every metric */
  readonly labels?: Readonly<Record<string, string>>;
}

type PromClient = typeof import('prom-client');

/** The metrics of a run in the text format of Prometheus. prom-client is loaded by who opens it. */
export class RunMetrics {
  readonly contentType: string;
  readonly #registry: InstanceType<PromClient['Registry']>;
  readonly #labels: Readonly<Record<string, string>>;
  #run: MeteredRun | undefined;
  #metered: MeteredFacts | undefined;

  private constructor(prom: PromClient, { version, ofProcess, labels = {} }: RunMetricsOptions) {
    this.#registry = new prom.Registry();
    this.#labels = labels;
    this.contentType = this.#registry.contentType;
    this.#registry.setDefaultLabels(labels);
    const registers = [this.#registry];
    const { build, started } = PROGRAM_METRICS;
    new prom.Gauge({ ...build, labelNames: build.labels, registers }).set({ version, node: process.version }, 1);
    new prom.Gauge({ ...started, registers }).set(performance.timeOrigin / 1000);
    for (const row of METRIC_TABLE) this.#register(prom, row);
    if (ofProcess) prom.collectDefaultMetrics({ register: this.#registry });
  }

  static async open(options: RunMetricsOptions): Promise<RunMetrics> {
    const { default: prom } = await import('prom-client');
    return new RunMetrics(prom, options);
  }

  /** What is told from now on is of this run. */
  show(run: MeteredRun): void {
    this.#run = run;
  }

  async text(): Promise<string> {
    const facts = this.#run?.health();
    const nowSeconds = Date.now() / 1000;
    this.#metered = facts && { facts, state: verdictOf(facts).state, nowSeconds };
    const latency = this.#run?.latency();
    return `${await this.#registry.metrics()}${latency === undefined ? '' : histogramText(latency, this.#labels)}`;
  }

  /** The same, and how the run ended. */
  async endText(exitCode: number): Promise<string> {
    const { default: prom } = await import('prom-client');
    const { ended, exit } = PROGRAM_METRICS;
    new prom.Gauge({ ...ended, registers: [this.#registry] }).set(Date.now() / 1000);
    new prom.Gauge({ ...exit, registers: [this.#registry] }).set(exitCode);
    return this.text();
  }

  #register(prom: PromClient, { name, type, help, labels, read }: MetricRow): void {
    const labelled = (values: readonly string[]) =>
      Object.fromEntries(labels.map((label, index) => [label, maskText(values[index] ?? '')]));
    const samples = () => (this.#metered === undefined ? [] : read(this.#metered));
    const shared = { name, help, labelNames: labels, registers: [this.#registry] };
    if (type === 'counter') {
      new prom.Counter({
        ...shared,
        collect() {
          this.reset();
          for (const [value, ...values] of samples()) this.inc(labelled(values), value);
        },
      });
      return;
    }
    new prom.Gauge({
      ...shared,
      collect() {
        this.reset();
        const found = samples();
        // one without labels begins at 0: what is not known is not told
        if (found.length === 0 && labels.length === 0) this.remove();
        for (const [value, ...values] of found) this.set(labelled(values), value);
      },
    });
  }
}

/** prom-client has no histogram that is set: it wants to be told each message. This is its text form. */
function histogramText(
  { atMost, count, sumSeconds }: LatencySnapshot,
  common: Readonly<Record<string, string>>,
): string {
  const { name, help } = SETTLE_HISTOGRAM;
  const constant = Object.entries(common).map(([label, value]) => `${label}="${escaped(value)}"`);
  const labels = (le?: string) => {
    const all = [...(le === undefined ? [] : [`le="${le}"`]), ...constant];
    return all.length === 0 ? '' : `{${all.join(',')}}`;
  };
  const buckets = LATENCY_BOUNDS.map((bound, index) => `${name}_bucket${labels(String(bound))} ${atMost[index] ?? 0}`);
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} histogram`,
    ...buckets,
    `${name}_bucket${labels('+Inf')} ${count}`,
    `${name}_sum${labels()} ${sumSeconds}`,
    `${name}_count${labels()} ${count}`,
    '',
  ].join('\n');
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
