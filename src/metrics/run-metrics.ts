import { performance } from 'node:perf_hooks';
import { maskText } from '../observe/mask.js';
import { LATENCY_BOUNDS, type LatencySnapshot } from '../transfer/latency.js';
import { type HealthFacts, verdictOf } from '../transfer/verdict.js';
import {
  METRIC_TABLE,
  type MeteredFacts,
  type MetricRow,
  PROGRAM_METRICS,
  type Sample,
  SETTLE_HISTOGRAM,
} from './metric-table.js';

/** A transfer as the metrics see it: everything is read when they are asked for, nothing is told per message. */
export interface MeteredRun {
  /** among several: its name */
  readonly transfer?: string;
  /** undefined: it does not run */
  health(): HealthFacts | undefined;
  latency(): LatencySnapshot | undefined;
}

export interface RunMetricsOptions {
  readonly version: string;
  /** memory, CPU, files and event loop of the process too, under the names that they have everywhere */
  readonly ofProcess: boolean;
  /** on every metric */
  readonly labels?: Readonly<Record<string, string>>;
  /** are there several transfers in the process? Then their metrics have the label `transfer` */
  readonly several?: boolean;
}

type PromClient = typeof import('prom-client');

/** The metrics of a process in the text format of Prometheus. prom-client is loaded by who opens it. */
export class RunMetrics {
  readonly contentType: string;
  readonly #registry: InstanceType<PromClient['Registry']>;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #several: boolean;
  #runs: () => readonly MeteredRun[] = () => [];
  #metered: readonly (readonly [transfer: string | undefined, metered: MeteredFacts])[] = [];

  private constructor(prom: PromClient, { version, ofProcess, labels = {}, several = false }: RunMetricsOptions) {
    this.#registry = new prom.Registry();
    this.#labels = labels;
    this.#several = several;
    this.contentType = this.#registry.contentType;
    this.#registry.setDefaultLabels(labels);
    const registers = [this.#registry];
    const { build, started } = PROGRAM_METRICS;
    new prom.Gauge({ ...build, labelNames: build.labels, registers }).set({ version, node: process.version }, 1);
    new prom.Gauge({ ...started, registers }).set(performance.timeOrigin / 1000);
    for (const row of METRIC_TABLE) this.#register(prom, row);
    if (several) this.#registerUp(prom);
    if (ofProcess) prom.collectDefaultMetrics({ register: this.#registry });
  }

  static async open(options: RunMetricsOptions): Promise<RunMetrics> {
    const { default: prom } = await import('prom-client');
    return new RunMetrics(prom, options);
  }

  /** What is told from now on is of these. */
  show(runs: () => readonly MeteredRun[]): void {
    this.#runs = runs;
  }

  async text(): Promise<string> {
    const nowSeconds = Date.now() / 1000;
    const runs = this.#runs();
    this.#metered = runs.flatMap((run) => {
      const facts = run.health();
      return facts === undefined ? [] : [[run.transfer, { facts, state: verdictOf(facts).state, nowSeconds }] as const];
    });
    const histograms = runs.flatMap((run) => {
      const latency = run.latency();
      const labels = { ...this.#labels, ...(run.transfer !== undefined && { transfer: run.transfer }) };
      return latency === undefined ? [] : histogramLines(latency, labels);
    });
    return `${await this.#registry.metrics()}${histogramText(histograms)}`;
  }

  /** The same, and how the run ended. */
  async endText(exitCode: number): Promise<string> {
    const { default: prom } = await import('prom-client');
    const { ended, exit } = PROGRAM_METRICS;
    new prom.Gauge({ ...ended, registers: [this.#registry] }).set(Date.now() / 1000);
    new prom.Gauge({ ...exit, registers: [this.#registry] }).set(exitCode);
    return this.text();
  }

  /** Of those that do not run nothing else is told. */
  #registerUp(prom: PromClient): void {
    const { up } = PROGRAM_METRICS;
    const runs = () => this.#runs();
    new prom.Gauge({
      ...up,
      labelNames: up.labels,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const run of runs()) this.set({ transfer: run.transfer ?? '' }, run.health() === undefined ? 0 : 1);
      },
    });
  }

  #register(prom: PromClient, { name, type, help, labels: own, read }: MetricRow): void {
    const labels = this.#several ? ['transfer', ...own] : own;
    const labelled = (values: readonly string[]) =>
      Object.fromEntries(labels.map((label, index) => [label, maskText(values[index] ?? '')]));
    const samples = () =>
      this.#metered.flatMap(([transfer, metered]) =>
        read(metered).map(
          ([value, ...values]): Sample => [value, ...(this.#several ? [transfer ?? ''] : []), ...values],
        ),
      );
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
function histogramText(lines: readonly string[]): string {
  const { name, help } = SETTLE_HISTOGRAM;
  return lines.length === 0 ? '' : [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...lines, ''].join('\n');
}

function histogramLines(
  { atMost, count, sumSeconds }: LatencySnapshot,
  common: Readonly<Record<string, string>>,
): string[] {
  const { name } = SETTLE_HISTOGRAM;
  const constant = Object.entries(common).map(([label, value]) => `${label}="${escaped(value)}"`);
  const labels = (le?: string) => {
    const all = [...(le === undefined ? [] : [`le="${le}"`]), ...constant];
    return all.length === 0 ? '' : `{${all.join(',')}}`;
  };
  const buckets = LATENCY_BOUNDS.map((bound, index) => `${name}_bucket${labels(String(bound))} ${atMost[index] ?? 0}`);
  return [
    ...buckets,
    `${name}_bucket${labels('+Inf')} ${count}`,
    `${name}_sum${labels()} ${sumSeconds}`,
    `${name}_count${labels()} ${count}`,
  ];
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
