import { eventually } from '../support/eventually.js';
import type { Ended } from '../support/stompctl-process.js';
import { StompctlProcess, WITHOUT_PRIVILEGES } from '../support/stompctl-process.js';

/** Between an end and the next start, as a service manager would wait. */
const RESTART_MS = 100;
const STOP_MS = 120_000;
const READY_MS = 120_000;
const SETTLE_MS = 100;

/** The kernel ends it when the harness dies. */
const WRAPPER = ['setpriv', '--pdeathsig', 'KILL', ...WITHOUT_PRIVILEGES.slice(1), '--'];

export interface AgentOptions {
  readonly args: readonly string[];
  /** with how many brokers it talks */
  readonly sessions: number;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * One stompctl under a service manager: started again whenever it ends, for whatever reason, until it is stopped. Root's
 * power over file modes is taken from it.
 */
export class Agent {
  readonly #options: AgentOptions;
  #run: StompctlProcess | undefined;
  #stopping = false;
  /** why it ended without being told to: `66 QUEUE_MISSING` */
  readonly #ownEnds: string[] = [];
  #tail = '';
  #timer: NodeJS.Timeout | undefined;
  /** how it ends next is the harness's doing */
  #expected = false;
  /** what only the next start gets besides */
  #once: NodeJS.ProcessEnv = {};
  #starts = 0;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#start();
  }

  /** the ends of its log */
  get tail(): string {
    return (this.#run?.running === true ? this.#run.stderr : this.#tail).slice(-1500);
  }

  /** Ends that nobody asked for. */
  get ownEnds(): readonly string[] {
    return this.#ownEnds;
  }

  get running(): boolean {
    return this.#run?.running === true;
  }

  /** Resolves when it has begun to work: it has its sessions, or, without a broker, has been at it for a moment. */
  async ready(): Promise<void> {
    const { sessions } = this.#options;
    const begun = (log: string): boolean =>
      log.includes('"event":"start"') && log.split('"event":"session-open"').length - 1 >= sessions;
    const ready = (): boolean => this.#run?.running === true && begun(this.#run.stderr);
    await eventually(ready, { deadlineMs: READY_MS, what: 'stompctl starts' });
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }

  /** How often it has logged such an event since its last start. */
  logged(event: string): number {
    return this.#run?.log(event).length ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#run?.signal(signal);
  }

  /** SIGKILL; resolves when it is gone. It is started again. */
  async kill(): Promise<void> {
    const run = this.#run;
    if (run?.running !== true) return;
    this.#expected = true;
    await run.stop('SIGKILL');
  }

  /** Resolves when the process that runs now has ended, however; rejects after a while. */
  async end(withinMs: number): Promise<Ended> {
    const run = this.#run;
    if (run === undefined) throw new Error('Agent.end: it does not run');
    return await within(withinMs, run.ended());
  }

  /** Kills it, and gives the next start these variables; that one's SIGKILL of itself is expected. */
  async restartWith(env: NodeJS.ProcessEnv): Promise<void> {
    this.#once = env;
    await this.kill();
    await this.#started();
    this.#expected = true;
  }

  /** The next end, by this means, is the harness's doing; its exit code must be 0. */
  async endsWell(ask: () => Promise<void> | void): Promise<void> {
    const run = this.#run;
    if (run?.running !== true) return;
    // one that was started a moment ago does not listen to signals yet, and what it is to take over is still there
    const begun = (): boolean => run.running !== true || run.stderr.includes('"event":"start"');
    await eventually(begun, { deadlineMs: READY_MS, what: 'stompctl begins' });
    this.#expected = true;
    await ask();
    const ended = await within(STOP_MS, run.ended());
    if (ended.code !== 0) this.#ownEnds.push(`${ended.code ?? ended.signal} at a stop`);
  }

  /** The next end, by this means, is the harness's doing, and its exit code anything. */
  async endsAbruptly(ask: () => void): Promise<void> {
    const run = this.#run;
    if (run?.running !== true) return;
    this.#expected = true;
    ask();
    await within(STOP_MS, run.ended());
  }

  /** For good, with SIGTERM. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    try {
      await this.endsWell(() => this.signal('SIGTERM'));
    } catch (error) {
      this.#ownEnds.push('does not stop');
      await this.#run?.stop('SIGKILL');
      throw error;
    }
  }

  /** For good, at once, whatever it does: for a cell that has failed. */
  async destroy(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    if (this.#run?.running === true) await this.#run.stop('SIGKILL');
  }

  async #started(): Promise<void> {
    const from = this.#starts;
    while (this.#starts === from && !this.#stopping) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  #start(): void {
    this.#starts += 1;
    this.#expected = false;
    const env = { ...this.#options.env, ...this.#once };
    this.#once = {};
    const run = new StompctlProcess(this.#options.args, { env, under: WRAPPER });
    this.#run = run;
    run.ended().then(
      (ended) => this.#ended(ended),
      () => undefined,
    );
  }

  #ended({ code, signal, stderr }: Ended): void {
    this.#tail = stderr.slice(-2000);
    if (!this.#expected) this.#ownEnds.push(`${code ?? signal} ${lastCode(stderr)}`.trim());
    if (this.#stopping) return;
    this.#timer = setTimeout(() => this.#start(), RESTART_MS);
  }
}

/** The error code that a log ends with. */
function lastCode(log: string): string {
  return [...log.matchAll(/"code":"([A-Z_]+)"/g)].at(-1)?.[1] ?? '';
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not ended within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
