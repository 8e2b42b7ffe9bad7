import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../support/random.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { Account } from './account.js';
import { Agent } from './agent.js';
import type { BrokerHost } from './broker-host.js';
import { BrokerPlace } from './broker-place.js';
import { type Parcel, parcels } from './corpus.js';
import type { DiskPlace, DiskSource } from './disk-place.js';
import { CommandPlace, FolderPlace } from './folder-place.js';
import { QueuePlace, type QueueType } from './queue-place.js';

export const PATHS = [
  ...(['queue → broker', 'broker → queue', 'broker → broker', 'queue → queue'] as const),
  ...(['folder → queue', 'queue → folder', 'queue → command'] as const),
] as const;
export type PathName = (typeof PATHS)[number];

/** Deliveries in flight at most; small, so that the duplicates of a fault can be told from those of another. */
export const WINDOW = 50;
/** Messages put in at once, and the pause between. */
const BURST = 40;
const BURST_MS = 100;
const DELAY_MS = 3;
/** a broker may be down for a while */
const PUT_MS = 120_000;
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

/** Two ends, one stompctl or two between them, and an account of every message. */
export class Cell {
  readonly options: CellOptions;
  readonly folder: string;
  readonly random: Random;
  readonly account = new Account();
  readonly proxy: TcpProxy | undefined;
  readonly agents: Agent[] = [];
  readonly source: DiskSource | BrokerPlace;
  readonly sink: DiskPlace | BrokerPlace;
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
    const [from = '', to = ''] = options.path.split(' → ');
    this.source = this.#sourceOf(from, `${name}-in`);
    this.sink = this.#sinkOf(to);
    this.failures = new QueuePlace(join(folder, 'failed'), 'failure queue', this.account, options.type);
  }

  static async set(options: CellOptions): Promise<Cell> {
    const cleaners: Cleaner[] = [];
    // somebody may have tidied up
    await mkdir(tmpdir(), { recursive: true });
    const folder = await mkdtemp(join(tmpdir(), 'stompctl-cell-'));
    cleaners.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    await mkdir(join(folder, 'in'));
    await mkdir(join(folder, 'out'));
    const cleaning = { after: (run: () => Promise<void>) => cleaners.push(run) };
    const proxy =
      options.host === undefined
        ? undefined
        : await TcpProxy.start(cleaning, { host: options.host.host, port: options.host.agents.port });
    // a little, as on a real network: otherwise nothing is ever under way when a fault strikes
    proxy?.delay(DELAY_MS);
    return new Cell(options, folder, proxy, cleaners);
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
      const sessions = [this.source, this.sink].filter((place) => place instanceof BrokerPlace).length;
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
    for (const place of [this.source, this.sink]) if (place instanceof BrokerPlace) place.close();
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

  #sourceOf(kind: string, destination: string): DiskSource | BrokerPlace {
    if (kind === 'broker') return new BrokerPlace(this.host, destination, 'source', this.account);
    const path = join(this.folder, 'in');
    if (kind === 'folder') return new FolderPlace(path, 'source', this.account);
    return new QueuePlace(path, 'source', this.account, this.options.type);
  }

  #sinkOf(kind: string): DiskPlace | BrokerPlace {
    if (kind === 'broker') return new BrokerPlace(this.host, this.#destination, 'sink', this.account);
    const path = join(this.folder, 'out');
    if (kind === 'folder') return new FolderPlace(path, 'sink', this.account);
    if (kind === 'command') return new CommandPlace(path, 'sink', this.account);
    return new QueuePlace(path, 'sink', this.account, this.options.type);
  }

  #ends(): string[] {
    const args = [
      ...QUICK,
      ...LONG_TIMEOUTS,
      '--failure-queue',
      `path=${this.failures.path} type=${this.options.type}`,
    ];
    if (this.source instanceof BrokerPlace) {
      args.push(...this.#login('incoming'), '--subscribe', `destination=${this.source.destination}`);
    } else args.push(...this.source.incoming());
    if (this.sink instanceof BrokerPlace) args.push(...this.#login('outgoing'));
    else args.push(...this.sink.outgoing());
    if (this.source instanceof BrokerPlace && this.sink instanceof BrokerPlace) {
      const code = `hdr.destination = ${JSON.stringify(this.sink.destination)}`;
      args.push('--callback-language', 'javascript', '--callback-code', code);
    }
    // the last one of an option counts
    return [...args, ...this.options.args(this.folder)];
  }

  #login(end: 'incoming' | 'outgoing'): string[] {
    const { user, pass, agents } = this.host;
    const uri = `${agents.scheme}://127.0.0.1:${this.proxy?.port}`;
    return [`--${end}-broker-uri`, uri, `--${end}-broker-auth`, `plain name=${user} pass=${pass}`];
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
