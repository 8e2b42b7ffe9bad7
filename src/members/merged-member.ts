import { type StompctlError, unreachable } from '../base/errors.js';
import { Bell, withDeadline } from '../base/wait.js';
import type { Delivery } from '../flow/delivery.js';
import type { Demand, SourceLimits, TunableSource } from '../flow/source.js';
import type { StoredElement } from '../flow/stored-element.js';
import type { Message } from '../message/message.js';
import type { Logger } from '../observe/logger.js';
import { SupervisedSource } from '../transfer/supervised-source.js';
import { asStompctlError } from '../transfer/supervisor.js';
import type { DrainLimits, MemberParts } from './member-group.js';

export interface MadeSource extends MemberParts {
  readonly source: TunableSource;
}

/** One member of a merged source: its source, what it has handed over, and what is not yet taken of that. */
export class MergedMember {
  readonly key: string;
  readonly parts: MadeSource;
  /** rejected, and unacknowledged at it */
  parked = 0;
  /** taken from it */
  messages = 0;
  /** why it was given up; undefined: it was not */
  failure: StompctlError | undefined;
  /** nothing will ever come again */
  ended = false;
  readonly #source: SupervisedSource<TunableSource>;
  readonly #stop = new AbortController();
  /** rung when none of its deliveries is with the transfer any more */
  readonly #settled = new Bell();
  /** while it is asked for more */
  #asking: Promise<void> | undefined;
  #ready: Delivery[] = [];
  #outstanding = 0;

  constructor(key: string, parts: MadeSource, { logger, onReopened }: MergedMemberOptions) {
    this.key = key;
    this.parts = parts;
    const { supervisor } = parts;
    this.#source = new SupervisedSource(parts.source, { supervisor, logger, onReopened });
  }

  get name(): string {
    return this.parts.source.name;
  }

  /** deliveries with the transfer */
  get inFlight(): number {
    return this.#outstanding;
  }

  tune(limits: SourceLimits): void {
    this.#source.tune(limits);
  }

  /** Asks it for more, unless it was, or has some. `answered` is called when that has come to something; never at once. */
  ask(demand: Demand, answered: () => void): void {
    if (this.#asking !== undefined || this.#ready.length > 0 || !this.reads) return;
    if (this.#stop.signal.aborted) return;
    this.#asking = this.#ask(demand).then(() => {
      this.#asking = undefined;
      answered();
    });
  }

  /** Never rejects. */
  async #ask(demand: Demand): Promise<void> {
    try {
      const result = await this.#source.next(demand, this.#stop.signal);
      switch (result.kind) {
        case 'batch':
          if (this.#stop.signal.aborted) for (const delivery of result.deliveries) delivery.release();
          else this.#ready.push(...result.deliveries);
          break;
        case 'end':
          this.ended = true;
          break;
        case 'idle':
          break;
        default:
          unreachable(result);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.failure = asStompctlError(error, this.name);
    }
  }

  /** Can more come of it? */
  get reads(): boolean {
    return !this.ended && this.failure === undefined;
  }

  get storesAtClose(): boolean {
    return this.#source.storesAtClose;
  }

  /** The size of what would be taken next; undefined: there is nothing. */
  get nextSize(): number | undefined {
    return this.#ready[0]?.size;
  }

  take(): Delivery | undefined {
    const delivery = this.#ready.shift();
    if (delivery === undefined) return undefined;
    this.#outstanding += 1;
    this.messages += 1;
    return new MemberDelivery(delivery, this.key, () => {
      this.#outstanding -= 1;
      if (this.#outstanding === 0) this.#settled.ring();
    });
  }

  settle(): Promise<void> {
    return this.#source.settle();
  }

  /** Stops reading: what was not taken stays where it came from. */
  stop(): void {
    this.#stop.abort();
    for (const delivery of this.#ready.splice(0)) delivery.release();
  }

  /** What it is handed while it is asked it must have back before it is closed: a queue would lock elements afterwards. */
  async close(): Promise<void> {
    this.stop();
    await this.#asking;
    await this.#source.close();
  }

  abandon(): void {
    this.stop();
    this.#source.abandon();
  }

  /** Stops reading, has what is with the transfer settled, for `lingerMs` at most, and closes, for `closeMs` at most. */
  async drain({ clock, lingerMs, closeMs }: DrainLimits): Promise<'late' | undefined> {
    this.stop();
    if (this.#outstanding > 0) await withDeadline(clock, lingerMs, this.#settled.rung(), () => undefined);
    return withDeadline(clock, closeMs, this.#settleAndClose(), () => {
      this.abandon();
      return 'late' as const;
    });
  }

  async #settleAndClose(): Promise<undefined> {
    try {
      await this.#source.settle();
    } finally {
      await this.close();
    }
  }
}

interface MergedMemberOptions {
  readonly logger: Logger;
  readonly onReopened: () => void;
}

/** A delivery that goes home: to the source that it is of. What names it is made to be of that one too. */
class MemberDelivery implements Delivery {
  readonly #inner: Delivery;
  readonly #member: string;
  #settled: (() => void) | undefined;

  constructor(inner: Delivery, member: string, settled: () => void) {
    this.#inner = inner;
    this.#member = member;
    this.#settled = settled;
  }

  get message(): Message {
    return this.#inner.message;
  }

  get stored(): StoredElement | undefined {
    return this.#inner.stored;
  }

  get name(): string {
    return this.#inner.name;
  }

  /** two brokers may give the same identifier to different messages */
  get id(): string | undefined {
    return this.#inner.id === undefined ? undefined : `${this.#member}\n${this.#inner.id}`;
  }

  get size(): number {
    return this.#inner.size;
  }

  get rejectedBefore(): boolean {
    return this.#inner.rejectedBefore ?? false;
  }

  ack(): void {
    this.#inner.ack();
    this.#done();
  }

  release(): void {
    this.#inner.release();
    this.#done();
  }

  reject(reason: StompctlError): void {
    this.#inner.reject(reason);
    this.#done();
  }

  #done(): void {
    const settled = this.#settled;
    this.#settled = undefined;
    settled?.();
  }
}
