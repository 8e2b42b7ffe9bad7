import { StompctlError } from '../base/errors.js';
import { wait } from '../base/wait.js';
import type { Delivery } from '../flow/delivery.js';
import type { Demand, SourceEvents, SourceLimits, SourceResult, TunableSource } from '../flow/source.js';
import { MemberSet, type MemberSetOptions } from './member-set.js';
import type { MemberPlace } from './member-watch.js';
import { type MadeSource, MergedMember } from './merged-member.js';

export interface MergedSourceOptions<Place extends MemberPlace> extends MemberSetOptions<Place> {
  /** Makes the source of one member. Nothing is opened yet. `onParked` is to be told when fewer are parked at it than before. */
  readonly make: (
    place: Place,
    limits: SourceLimits,
    events: SourceEvents,
    onParked: (parked: number) => void,
  ) => MadeSource;
  /** of all members together */
  readonly limits: SourceLimits;
  readonly events: SourceEvents;
  /** a member was opened again; `parked`: what is parked at all of them now */
  readonly onReopened: () => void;
  /** there are fewer parked than before */
  readonly onParked: (parked: number) => void;
}

/** the longest wait for a message before `next` says that there is none */
const IDLE_MS = 1000;

/**
 * Receives from all members of an alias, or from several inputs, a message of each in turn. Each has a session, a supervisor and a
 * share of the window of its own. It goes on while one of them does; a member that no attempt will help is given up, and only when
 * all are, or the others are at their end, does it fail.
 */
export class MergedSource<Place extends MemberPlace> extends MemberSet<Place, MergedMember> implements TunableSource {
  readonly #options: MergedSourceOptions<Place>;
  #limits: SourceLimits;

  constructor(options: MergedSourceOptions<Place>) {
    super(options);
    this.#options = options;
    this.#limits = options.limits;
  }

  override get givenUp(): boolean {
    if (super.givenUp) return true;
    const { alive } = this;
    return alive.length < this.members.size && alive.every(({ ended }) => ended);
  }

  get storesAtClose(): boolean {
    return this.everyone.some((member) => member.storesAtClose);
  }

  tune(limits: SourceLimits): void {
    this.#limits = limits;
    this.#share();
  }

  /** Resolves when it is known who the members are; they are opened by `next`. */
  async open(): Promise<void> {
    this.closed = false;
    await this.watch.start();
  }

  async next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + IDLE_MS;
    for (;;) {
      this.#check();
      const deliveries = this.#take(demand);
      if (deliveries.length > 0) return { kind: 'batch', deliveries };
      if (interrupt.aborted) return { kind: 'idle', reason: 'interrupted' };
      if (this.alive.length > 0 && this.alive.every(({ ended }) => ended)) return { kind: 'end' };
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) return { kind: 'idle', reason: 'empty' };
      this.#ask(demand);
      await wait(clock, leftMs, { signal: interrupt, bell: this.changed });
    }
  }

  async settle(): Promise<void> {
    const results = await Promise.allSettled(this.everyone.map((member) => member.settle()));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  abandon(): void {
    for (const member of this.everyone) member.abandon();
  }

  #check(): void {
    if (this.closed) throw new StompctlError('SESSION_CLOSED', 'next', this.name, 'not open');
    if (this.givenUp) throw this.unavailable('next');
  }

  /** those of which more can come */
  get #reading(): MergedMember[] {
    return this.alive.filter(({ reads }) => reads);
  }

  /** Each is asked for its part: what one has waits until it is taken, and counts for nobody else. */
  #ask(demand: Demand): void {
    const reading = this.#reading;
    const part = (whole: number) => Math.max(1, Math.ceil(whole / reading.length));
    const share = { ...demand, deliveries: part(demand.deliveries), bytes: part(demand.bytes) };
    for (const member of reading) member.ask(share, () => this.#answered(member));
  }

  #answered(member: MergedMember): void {
    if (this.gaveUp(member)) this.#unpark(member);
    if (!member.reads) this.#share();
    this.changed.ring();
  }

  /** One of each in turn, within `demand`: at least one, whatever its size. */
  #take(demand: Demand): Delivery[] {
    const taken: Delivery[] = [];
    let { bytes } = demand;
    for (let skipped = 0; taken.length < demand.deliveries && skipped < this.members.size; ) {
      const [member] = this.members.values();
      if (member === undefined) break;
      this.hadTurn(member);
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

  protected override join(place: Place): MergedMember {
    const { make, logger, onReopened } = this.#options;
    const parts = make(
      place,
      this.#limits,
      this.#eventsOf(() => member),
      (parked) => this.#setParked(member, parked),
    );
    const reopened = () => {
      onReopened();
      this.#unpark(member);
    };
    const member = new MergedMember(place.key, this.configured(parts), { logger, onReopened: reopened });
    return member;
  }

  protected override regrouped(): void {
    this.#share();
  }

  protected override async leave(member: MergedMember): Promise<void> {
    await super.leave(member);
    this.#unpark(member);
  }

  /** What is parked is limited for each member, and counted of all. */
  #eventsOf(member: () => MergedMember): SourceEvents {
    const { events } = this.#options;
    return {
      ...events,
      parked: (name, parked, all = parked) => {
        member().parked = all;
        events.parked(name, parked, this.#parked);
      },
    };
  }

  get #parked(): number {
    return this.everyone.reduce((sum, { parked }) => sum + parked, 0);
  }

  #unpark(member: MergedMember): void {
    if (member.parked > 0) this.#setParked(member, 0);
  }

  #setParked(member: MergedMember, parked: number): void {
    member.parked = parked;
    this.#options.onParked(this.#parked);
  }

  /**
   * The limits are of all together: each has a part, and what is rejected is limited at each broker. Of those that nothing more comes
   * of something may wait for the failure queue.
   */
  #share(): void {
    const reading = this.#reading;
    for (const member of this.everyone) if (!reading.includes(member)) member.tune(this.#limits);
    const part = (whole: number) => Math.max(1, Math.floor(whole / Math.max(1, reading.length)));
    const { window, windowBytes } = this.#limits;
    for (const member of reading) {
      member.tune({ ...this.#limits, window: part(window), windowBytes: part(windowBytes) });
    }
  }
}
