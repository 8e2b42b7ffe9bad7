import type { Clock } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';
import { Bell, wait } from '../base/wait.js';
import type { Delivery } from '../flow/delivery.js';
import type { Demand, SourceEvents, SourceLimits, SourceResult, TunableSource } from '../flow/source.js';
import type { Logger } from '../observe/logger.js';
import type { ReconnectPolicy } from '../transfer/supervisor.js';
import type { MemberFacts } from '../transfer/verdict.js';
import { endsRun, factsOf, type MemberGroup } from './member-group.js';
import { type MemberChange, type MemberPlace, MemberWatch, type MemberWatchOptions } from './member-watch.js';
import { type MadeSource, MergedMember } from './merged-member.js';

export interface MergedSourceOptions<Place extends MemberPlace> {
  /** for logs: `broker stomp://mq.example.org:61613` */
  readonly name: string;
  readonly watch: Pick<MemberWatchOptions<Place>, 'lookUp' | 'intervalMs'>;
  /** Makes the source of one member. Nothing is opened yet. */
  readonly make: (place: Place, limits: SourceLimits, events: SourceEvents) => MadeSource;
  /** of all members together */
  readonly limits: SourceLimits;
  readonly events: SourceEvents;
  /** a member was opened again; `parked`: what is parked at all of them now */
  readonly onReopened: () => void;
  /** there are fewer parked than before */
  readonly onParked: (parked: number) => void;
  /** the longest that what came of a member that has left is waited for, and that its closing is */
  readonly lingerMs: number;
  readonly closeMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** the longest wait for a message before `next` says that there is none */
const IDLE_MS = 1000;

/**
 * Receives from all members of an alias, a message of each in turn. Each has a session, a supervisor and a share of the window of
 * its own. It goes on while one of them does; a member that no attempt will help is given up, and only when all are does it fail.
 */
export class MergedSource<Place extends MemberPlace> implements TunableSource, MemberGroup {
  readonly name: string;
  readonly #options: MergedSourceOptions<Place>;
  readonly #watch: MemberWatch<Place>;
  #limits: SourceLimits;
  /** by key, in the order of their turns */
  readonly #members = new Map<string, MergedMember>();
  /** and when each is closed */
  readonly #leaving = new Map<MergedMember, Promise<void>>();
  /** rung when a member has answered, joined, or all is over */
  readonly #arrival = new Bell();
  #fatal: StompctlError | undefined;
  /** of reconnecting, when it was changed */
  #policy: ReconnectPolicy | undefined;
  #closed = false;

  constructor(options: MergedSourceOptions<Place>) {
    const { name, watch, clock, logger, limits } = options;
    this.name = name;
    this.#options = options;
    this.#limits = limits;
    this.#watch = new MemberWatch({ ...watch, name, clock, logger }, (change) => this.#changed(change));
  }

  get givenUp(): boolean {
    return this.#fatal !== undefined || (this.#members.size > 0 && this.#alive.length === 0);
  }

  facts(): MemberFacts[] {
    return this.#everyone.map((member) => ({
      ...factsOf(member),
      parked: member.parked,
      leaving: this.#leaving.has(member),
    }));
  }

  waitingFor(): string[] {
    return [...this.#members.values()].flatMap(({ parts }) => parts.supervisor.waitingFor ?? []);
  }

  configure(policy: ReconnectPolicy): void {
    this.#policy = policy;
    for (const { parts } of this.#members.values()) parts.supervisor.configure(policy);
  }

  async secretsChanged(): Promise<boolean> {
    const changed = await Promise.all([...this.#members.values()].map(({ parts }) => parts.secretsChanged()));
    return changed.includes(true);
  }

  tune(limits: SourceLimits): void {
    this.#limits = limits;
    this.#share();
  }

  /** Resolves when it is known who the members are; they are opened by `next`. */
  async open(): Promise<void> {
    this.#closed = false;
    await this.#watch.start();
  }

  async next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + IDLE_MS;
    for (;;) {
      this.#check();
      const deliveries = this.#take(demand);
      if (deliveries.length > 0) return { kind: 'batch', deliveries };
      if (interrupt.aborted) return { kind: 'idle', reason: 'interrupted' };
      if (this.#alive.length > 0 && this.#alive.every(({ ended }) => ended)) return { kind: 'end' };
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) return { kind: 'idle', reason: 'empty' };
      this.#ask(demand);
      await wait(clock, leftMs, { signal: interrupt, bell: this.#arrival });
    }
  }

  async settle(): Promise<void> {
    await allOf(this.#everyone, (member) => member.settle());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watch.stop();
    this.#arrival.ring();
    const leaving = [...this.#leaving.values()];
    await allOf(this.#everyone, (member) => member.close());
    await Promise.all(leaving);
  }

  abandon(): void {
    for (const member of this.#everyone) member.abandon();
  }

  get #everyone(): MergedMember[] {
    return [...this.#members.values(), ...this.#leaving.keys()];
  }

  get #alive(): MergedMember[] {
    return [...this.#members.values()].filter(({ failure }) => failure === undefined);
  }

  #check(): void {
    if (this.#closed) throw new StompctlError('SESSION_CLOSED', 'next', this.name, 'not open');
    if (this.#fatal !== undefined) throw this.#fatal;
    if (!this.givenUp) return;
    const last = [...this.#members.values()].at(-1)?.failure;
    throw last ?? new StompctlError('SESSION_CLOSED', 'next', this.name, 'no member is left');
  }

  /** Each is asked for its part: what one has waits until it is taken, and counts for nobody else. */
  #ask(demand: Demand): void {
    const alive = this.#alive;
    const part = (whole: number) => Math.max(1, Math.ceil(whole / alive.length));
    const share = { deliveries: part(demand.deliveries), bytes: part(demand.bytes) };
    for (const member of alive) member.ask(share, () => this.#answered(member));
  }

  #answered(member: MergedMember): void {
    const { failure } = member;
    if (failure !== undefined && this.#members.get(member.key) === member) this.#gaveUp(member, failure);
    this.#arrival.ring();
  }

  #gaveUp(member: MergedMember, failure: StompctlError): void {
    const { logger } = this.#options;
    if (endsRun(failure)) this.#fatal ??= failure;
    // behind the others: the last one of the list is the one that was given up last
    this.#members.delete(member.key);
    this.#members.set(member.key, member);
    logger.error('member-failed', `${failure.message}; this member is given up`, {
      end: member.name,
      code: failure.code,
    });
    this.#unpark(member);
    this.#share();
  }

  /** One of each in turn, within `demand`: at least one, whatever its size. */
  #take(demand: Demand): Delivery[] {
    const taken: Delivery[] = [];
    let { bytes } = demand;
    for (let skipped = 0; taken.length < demand.deliveries && skipped < this.#members.size; ) {
      const [member] = this.#members.values();
      if (member === undefined) break;
      this.#members.delete(member.key);
      this.#members.set(member.key, member);
      const size = member.nextSize;
      skipped += 1;
      if (size === undefined) continue;
      if (size > bytes && taken.length > 0) continue;
      const delivery = member.take();
      if (delivery === undefined) continue;
      bytes -= size;
      taken.push(delivery);
      skipped = 0;
    }
    return taken;
  }

  #changed({ joined, left }: MemberChange<Place>): void {
    for (const key of left) this.#leave(key);
    const { make, logger, onReopened } = this.#options;
    for (const place of joined) {
      const parts = make(
        place,
        this.#limits,
        this.#eventsOf(() => member),
      );
      if (this.#policy !== undefined) parts.supervisor.configure(this.#policy);
      const reopened = () => {
        onReopened();
        this.#unpark(member);
      };
      const member: MergedMember = new MergedMember(place.key, parts, { logger, onReopened: reopened });
      this.#members.set(place.key, member);
    }
    this.#share();
    this.#arrival.ring();
  }

  /** What is parked is limited for each member, and counted of all. */
  #eventsOf(member: () => MergedMember): SourceEvents {
    const { events } = this.#options;
    return {
      ...events,
      parked: (name, parked) => {
        member().parked = parked;
        events.parked(name, parked, this.#parked);
      },
    };
  }

  get #parked(): number {
    return this.#everyone.reduce((sum, { parked }) => sum + parked, 0);
  }

  #unpark(member: MergedMember): void {
    if (member.parked === 0) return;
    member.parked = 0;
    this.#options.onParked(this.#parked);
  }

  #leave(key: string): void {
    const member = this.#members.get(key);
    if (member === undefined) return;
    this.#members.delete(key);
    const { logger } = this.#options;
    const failed = (why: string) => logger.warn('close-failed', `${member.name}: ${why}`, { end: member.name });
    const drained = member
      .drain(this.#options)
      .then(
        (late) => late && failed('was not closed in time, and is left behind'),
        (error: unknown) => failed(error instanceof Error ? error.message : String(error)),
      )
      .finally(() => {
        this.#leaving.delete(member);
        this.#unpark(member);
      });
    this.#leaving.set(member, drained);
  }

  /** The limits are of all together: each has a part, and what is rejected is limited at each broker. */
  #share(): void {
    const alive = this.#alive;
    const part = (whole: number) => Math.max(1, Math.floor(whole / Math.max(1, alive.length)));
    const { window, windowBytes } = this.#limits;
    for (const member of alive) {
      member.tune({ ...this.#limits, window: part(window), windowBytes: part(windowBytes) });
    }
  }
}

/** Does it to all, then rejects as the first that did. */
async function allOf<T>(all: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(all.map(run));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
