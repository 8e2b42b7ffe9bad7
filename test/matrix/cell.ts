import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../support/random.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { Account, type SinkName } from './account.js';
import { Agent } from './agent.js';
import type { BrokerHost } from './broker-host.js';
import { BrokerPlace } from './broker-place.js';
import { type Parcel, parcels } from './corpus.js';
import type { DiskPlace, DiskSource } from './disk-place.js';
import { CommandPlace, FolderPlace } from './folder-place.js';
import { type EndKind, type PathName, routeOf } from './paths.js';
import { QueuePlace, type QueueType } from './queue-place.js';

/** Deliveries in flight at most; small, so that the duplicates of a fault can be told from those of another. */
export const WINDOW = 50;
/** Messages put in at once, and the pause between. */
const BURST = 40;
const BURST_MS = 100;
const DELAY_MS = 3;
/** a broker may be down for a while */
const PUT_MS = 120_000;
const SINKS: readonly SinkName[] = ['sink', 'second sink'];
/** of outputs on the disk: kill points know the first */
const FOLDERS = ['out', 'second-out'] as const;
/** This part of the messages is held back until the fault is over. */
const HELD_BACK = 0.2;

export interface CellOptions {
  readonly path: PathName;
  readonly host: BrokerHost | undefined;
  /** of source, sink and failure queue */
  readonly type: QueueType;
  readonly messages: number;
  readonly seed: number;
  /** arguments and variables that the fault wants the agents to have */
  readonly args: (folder: string) => readonly string[];
  readonly env: (folder: string) => NodeJS.ProcessEnv;
  readonly agents: number;
}

const QUICK = [
  ...['--window', String(WINDOW), '--max-parked', '1'],
  ...['--reconnect-delay', '0.05', '--reconnect-max-delay', '0.3'],
];
const LONG_TIMEOUTS = ['--timeout-connect', '20', '--timeout-broker', '60'];

type Cleaner = () => Promise<unknown>;

let cells = 0;

export type SinkPlace = DiskPlace | BrokerPlace;

/** Two ends, or several outputs; one stompctl or two between them, and an account of every message. */
export class Cell {
  readonly options: CellOptions;
  readonly folder: string;
  readonly random: Random;
  readonly account: Account;
  readonly proxy: TcpProxy | undefined;
  readonly agents: Agent[] = [];
  readonly source: DiskSource | BrokerPlace;
  readonly sinks: readonly SinkPlace[];
  readonly failures: QueuePlace;
  readonly #cleaners: Cleaner[];
  readonly #destination: string;
  #made = 0;
  #puts: Promise<void> = Promise.resolve();

  private constructor(options: CellOptions, folder: string, proxy: TcpProxy | undefined, cleaners: Cleaner[]) {
    this.options = options;
    this.folder = folder;
    this.proxy = proxy;
    this.#cleaners = cleaners;
    this.random = new Random(options.seed);
    cells += 1;
    const name = `/queue/cell-${process.pid}-${cells}`;
    this.#destination = `${name}-out`;
    const { from, to, deliver } = routeOf(options.path);
    const names = SINKS.slice(0, to.length);
    this.account = new Account(names, deliver);
    this.source = this.#sourceOf(from, `${name}-in`);
    const folders = FOLDERS.values();
    this.sinks = names.map((name, index) => this.#sinkOf(to[index] ?? 'queue', name, folders));
    this.failures = new QueuePlace(join(folder, 'failed'), 'failure queue', this.account, options.type);
  }

  static async set(options: CellOptions): Promise<Cell> {
    const cleaners: Cleaner[] = [];
    // somebody may have tidied up
    await mkdir(tmpdir(), { recursive: true });
    const folder = await mkdtemp(join(tmpdir(), 'stompctl-cell-'));
    cleaners.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    await mkdir(join(folder, 'in'));
    for (const name of FOLDERS) await mkdir(join(folder, name));
    const cleaning = { after: (run: () => Promise<void>) => cleaners.push(run) };
    const proxy =
      options.host === undefined
        ? undefined
        : await TcpProxy.start(cleaning, { host: options.host.host, port: options.host.agents.port });
    // a little, as on a real network: otherwise nothing is ever under way when a fault strikes
    proxy?.delay(DELAY_MS);
    const cell = new Cell(options, folder, proxy, cleaners);
    cell.configure();
    return cell;
  }

  /** Messages go to these while nothing is wrong. */
  get usualSinks(): readonly SinkPlace[] {
    return routeOf(this.options.path).deliver === 'first' ? this.sinks.slice(0, 1) : this.sinks;
  }

  /** Writes the configuration of the agents: the outputs, and what a fault adds. */
  configure(more: Readonly<Record<string, string>> = {}): void {
    const { deliver } = routeOf(this.options.path);
    const outgoing = this.sinks.map((sink, index) => {
      const { kind, options } = sink.output();
      return { [kind]: deliver === undefined ? options : { [`output-${index}`]: options } };
    });
    // in lines: their order is that of the outputs
    const text = JSON.stringify({ outgoing, deliver, ...more }, undefined, 1);
    writeFileSync(this.#configuration, text, { mode: 0o600 });
  }

  get #configuration(): string {
    return join(this.folder, 'cell.yaml');
  }

  get host(): BrokerHost {
    if (this.options.host === undefined) throw new Error('Cell.host: this cell has no broker');
    return this.options.host;
  }

  get agent(): Agent {
    const [agent] = this.agents;
    if (agent === undefined) throw new Error('Cell.agent: none was started');
    return agent;
  }

  /** To be done at the end, last one first. */
  after(run: () => Promise<unknown>): void {
    this.#cleaners.push(run);
  }

  pidfile(index = 0): string {
    return join(this.folder, `pid-${index}`);
  }

  startAgents(): void {
    for (let index = 0; index < this.options.agents; index += 1) {
      const args = [...this.#ends(), '--pidfile', this.pidfile(index)];
      const sessions = [this.source, ...this.sinks].filter((place) => place instanceof BrokerPlace).length;
      this.agents.push(new Agent({ args, sessions, env: this.options.env(this.folder) }));
    }
  }

  /** Puts messages in, the last part of them only when `fault` is over; resolves when all are in. */
  async load(fault: Promise<unknown>): Promise<void> {
    const { messages } = this.options;
    const late = Math.round(messages * HELD_BACK);
    await Promise.all([this.#feed(messages - late), fault]);
    await this.#feed(late);
    await this.#puts;
  }

  /** Puts some more messages in, and lets a little time go by, so that what follows strikes in the middle of them. */
  async midLoad(): Promise<void> {
    const put = this.#putIn(BURST);
    // a broker that is down takes none
    await Promise.race([put, pause(200)]);
    await pause(this.random.between(0, 40));
  }

  async clean(): Promise<void> {
    for (const agent of this.agents) await agent.destroy();
    for (const place of [this.source, ...this.sinks]) if (place instanceof BrokerPlace) place.close();
    const errors: unknown[] = [];
    // each, also when another cannot: a mount or a proxy that stays is in the way of what comes next
    for (const clean of this.#cleaners.reverse()) await clean().catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw new AggregateError(errors, 'the cell could not be cleaned up');
  }

  async #feed(count: number): Promise<void> {
    for (let left = count; left > 0; left -= BURST) {
      await Promise.race([this.#putIn(Math.min(BURST, left)), pause(BURST_MS)]);
      await pause(BURST_MS);
    }
  }

  /** One after the other, in the order of the calls. */
  #putIn(count: number): Promise<void> {
    const some = parcels(this.random, this.#made, count);
    this.#made += count;
    const put = this.#puts.then(() => this.#putAll(some));
    this.#puts = put;
    return put;
  }

  async #putAll(some: readonly Parcel[]): Promise<void> {
    if (this.source instanceof BrokerPlace) await this.source.put(some, AbortSignal.timeout(PUT_MS));
    else for (const parcel of some) await this.source.put(parcel, { destination: this.#destination });
  }

  #sourceOf(kind: EndKind, destination: string): DiskSource | BrokerPlace {
    if (kind === 'broker') return this.#brokerPlace(destination, 'source');
    const path = join(this.folder, 'in');
    if (kind === 'folder') return new FolderPlace(path, 'source', this.account);
    return new QueuePlace(path, 'source', this.account, this.options.type);
  }

  /** One on the disk takes the next of the folders. */
  #sinkOf(kind: EndKind, name: SinkName, folders: Iterator<string>): SinkPlace {
    if (kind === 'broker') return this.#brokerPlace(this.#destination, name);
    const path = join(this.folder, String(folders.next().value));
    if (kind === 'folder') return new FolderPlace(path, name, this.account);
    if (kind === 'command') return new CommandPlace(path, name, this.account);
    return new QueuePlace(path, name, this.account, this.options.type);
  }

  #brokerPlace(destination: string, place: 'source' | SinkName): BrokerPlace {
    return new BrokerPlace(this.host, this.proxy?.port, { destination, place, account: this.account });
  }

  #ends(): string[] {
    const args = [
      ...QUICK,
      ...LONG_TIMEOUTS,
      ...['--config', this.#configuration],
      ...['--failure-queue', `path=${this.failures.path} type=${this.options.type}`],
    ];
    if (this.source instanceof BrokerPlace) {
      for (const [name, value] of Object.entries(this.source.options())) {
        args.push(`--incoming-broker-${name}`, String(value));
      }
      args.push('--subscribe', `destination=${this.source.destination}`);
      if (this.sinks.some((sink) => sink instanceof BrokerPlace)) {
        const code = `hdr.destination = ${JSON.stringify(this.#destination)}`;
        args.push('--callback-language', 'javascript', '--callback-code', code);
      }
    } else args.push(...this.source.incoming());
    // the last one of an option counts
    return [...args, ...this.options.args(this.folder)];
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
