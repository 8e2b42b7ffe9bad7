import { basename } from 'node:path';
import type { Clock, Timer } from '../base/clock.js';
import { reasonOf } from '../base/errors.js';
import type { ListenAddress } from '../config/listen-address.js';
import type { Logger } from '../observe/logger.js';
import { MetricsServer } from './metrics-server.js';
import { type Monitored, routes } from './routes.js';
import { type MeteredRun, RunMetrics } from './run-metrics.js';
import { TextFile } from './text-file.js';

export interface MonitorOptions {
  readonly listen: ListenAddress | undefined;
  readonly remote: boolean;
  readonly textfile: string | undefined;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** does the process run several transfers? */
  readonly several: boolean;
}

export interface MonitoredProcess extends Monitored {
  readonly runs: () => readonly MeteredRun[];
}

const WRITE_MS = 15_000;

/** What others see of a process: `metrics-listen` and `metrics-textfile`. */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #startedMs: number;
  #shown: Monitored | undefined;
  #server: MetricsServer | undefined;
  #served: RunMetrics | undefined;
  #file: { readonly file: TextFile; readonly metrics: RunMetrics } | undefined;
  #timer: Timer | undefined;

  private constructor(options: MonitorOptions) {
    this.#options = options;
    this.#startedMs = options.clock.wallMs();
  }

  /** Listens at once. Rejects with METRICS_LISTEN. */
  static async open(options: MonitorOptions): Promise<Monitor> {
    const monitor = new Monitor(options);
    await monitor.#open();
    return monitor;
  }

  /** From now on there is something to see. */
  show(shown: MonitoredProcess): void {
    this.#shown = shown;
    this.#served?.show(shown.runs);
    this.#file?.metrics.show(shown.runs);
    if (this.#file !== undefined) void this.#write();
  }

  /** The run has ended, with this code: nobody is answered any more, and the text file says so. Never rejects. */
  async end(exitCode: number): Promise<void> {
    this.#timer?.cancel();
    await this.#server?.close();
    if (this.#file === undefined) return;
    const { file, metrics } = this.#file;
    this.#file = undefined;
    try {
      file.write(await metrics.endText(exitCode));
    } catch (error) {
      this.#fault('metrics-textfile', error);
    }
  }

  /** Whatever goes wrong in here, messages are moved. */
  #fault(where: string, error: unknown): void {
    this.#options.logger.warn('metrics-fault', `${where}: ${reasonOf(error)}`);
  }

  async #open(): Promise<void> {
    const { listen, remote, textfile, version, clock, logger, several } = this.#options;
    if (listen !== undefined) {
      this.#served = await RunMetrics.open({ version, ofProcess: true, several });
      const onFault = (error: unknown) => this.#fault('metrics-listen', error);
      const answer = this.#routes(this.#served);
      this.#server = await MetricsServer.listen({ address: listen, remote, clock, answer, onFault });
      const { address } = this.#server;
      logger.info('metrics-listen', `metrics and the status page are at ${address}`, { address });
    }
    if (textfile !== undefined) {
      // files of several instances are read together: each needs a name of its own
      const labels = { file: basename(textfile).replace(/\.prom$/, '') };
      const metrics = await RunMetrics.open({ version, ofProcess: false, labels, several });
      const onTrouble = ({ message, code }: { message: string; code: string }) => {
        logger.warn('metrics-unwritable', message, { code });
      };
      this.#file = { file: new TextFile(textfile, onTrouble), metrics };
    }
  }

  #routes(metrics: RunMetrics) {
    const { clock, version } = this.#options;
    return routes({
      clock,
      shown: () => this.#shown,
      metrics: async () => ({ type: metrics.contentType, text: await metrics.text() }),
      about: () => ({
        version,
        pid: process.pid,
        startedAt: new Date(this.#startedMs).toISOString(),
      }),
    });
  }

  async #write(): Promise<void> {
    try {
      const text = await this.#file?.metrics.text();
      // it may have ended meanwhile: then its last words stand there
      if (this.#file === undefined || text === undefined) return;
      this.#file.file.write(text);
    } catch (error) {
      this.#fault('metrics-textfile', error);
    }
    this.#timer = this.#options.clock.after(WRITE_MS, () => void this.#write(), false);
  }
}
