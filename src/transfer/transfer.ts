import type { Clock, Timer } from '../base/clock.js';
import { StompctlError, unreachable } from '../base/errors.js';
import { SerialQueue } from '../base/serial-queue.js';
import { unlessAborted, withDeadline } from '../base/wait.js';
import type { Delivery } from '../flow/delivery.js';
import type { Outcome, Processor } from '../flow/processor.js';
import type { Sink } from '../flow/sink.js';
import type { Source } from '../flow/source.js';
import type { Message } from '../message/message.js';
import { Ledger } from './ledger.js';
import type { TransferReport } from './report.js';
import { asStompctlError } from './supervisor.js';
import type { HealthFacts } from './verdict.js';

export interface TransferLimits {
  /** most unsettled deliveries */
  readonly window: number;
  /** most unsettled bytes; one delivery is always allowed */
  readonly windowBytes: number;
  /** deliveries to take before the run ends; undefined: without end */
  readonly count: number | undefined;
  readonly durationMs: number | undefined;
  /** the run ends after that long without a delivery; undefined: off */
  readonly inactivityMs: number | undefined;
  /** the longest a drain may take */
  readonly lingerMs: number;
  /** the longest that closing both ends may take, once everything is settled */
  readonly closeMs: number;
}

export interface TransferParts {
  readonly source: Source;
  readonly sink: Sink;
  /** undefined: every message passes as it is */
  readonly processor: Processor | undefined;
  readonly limits: TransferLimits;
  /** open the sink at the first message */
  readonly lazy: boolean;
  /** the one that the source has, too */
  readonly report: TransferReport;
  readonly clock: Clock;
  /** Called when the time of a drain is over: what still waits on the way to a failure queue gives up. */
  readonly giveUp?: () => Promise<void>;
}

/** When the time to drain is over, the ends get this long to give back and close; what hangs then is left behind. */
const GIVE_UP_MS = 2000;

/** What is still being opened when the time of a run is over gets this long: a short run on a busy machine is no failure. */
const OPENING_MS = 5000;

/** Why a run ended. `signal` and `quit` were asked for; `failed` has the error in the outcome. */
export type EndReason = 'end' | 'count' | 'duration' | 'inactivity' | 'signal' | 'quit' | 'failed';

export interface TransferOutcome {
  readonly reason: EndReason;
  readonly failure: StompctlError | undefined;
  /** deliveries given back because the drain took longer than `lingerMs` */
  readonly released: number;
}

/**
 * One transfer: source, callback, sink, and the loop that drives them. A delivery is acknowledged only after the sink made
 * its message safe. Runs once.
 */
export class Transfer {
  readonly #parts: TransferParts;
  readonly #ledger: Ledger;
  readonly #interrupt = new AbortController();
  #timers: Timer[] = [];
  #ended: EndReason | undefined;
  #failure: StompctlError | undefined;
  /** of `count` */
  #stillToTake: number;
  #lastDeliveryMs = 0;
  #gaveUp = false;
  /** callback and sends of one batch after the other, so that the next batch is read meanwhile and the order kept */
  readonly #pipeline = new SerialQueue();

  constructor(parts: TransferParts) {
    this.#parts = parts;
    this.#stillToTake = parts.limits.count ?? Number.POSITIVE_INFINITY;
    this.#ledger = new Ledger(parts.limits.window, parts.limits.windowBytes);
    parts.report.onTooManyParked((parked) => this.#tooManyParked(parked));
  }

  /** Deliveries taken and not settled. */
  get inFlight(): number {
    return this.#ledger.count;
  }

  /** The transfer's part of the verdict. */
  get progress(): Pick<HealthFacts, 'stopping' | 'inFlight' | 'inFlightBytes' | 'oldestUnsettledMs'> {
    const { count: inFlight, bytes: inFlightBytes, oldestMs } = this.#ledger;
    const oldestUnsettledMs = oldestMs && this.#parts.clock.monotonicMs() - oldestMs;
    return { stopping: this.#ended !== undefined, inFlight, inFlightBytes, oldestUnsettledMs };
  }

  /** Ends the run: reading stops, what is in flight is settled, then `run` resolves. The first reason counts. */
  stop(reason: EndReason): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    for (const timer of this.#timers) timer.cancel();
    this.#interrupt.abort();
  }

  /** Resolves when everything is settled and closed. Never rejects: what went wrong is in the outcome. */
  async run(): Promise<TransferOutcome> {
    const { source, sink, lazy, report } = this.#parts;
    this.#startTimers();
    try {
      // both ends wait inside `open` for as long as their broker is away: a stop must not wait with them
      if (!lazy) await this.#open(sink);
      await this.#open(source);
      while (this.#ended === undefined) await this.#step();
    } catch (error) {
      this.fail(asStompctlError(error, source.name));
    }
    const { inFlight } = this;
    report.logger.debug('drain', `no more reading (${this.#ended}); ${inFlight} in flight`, { inFlight });
    const drained = await this.#drain();
    const released = drained ? 0 : this.#giveBack();
    const closed = await this.#close(drained);
    // who asked for the stop wants to hear whether it is over; a run that was to do something did not do all of it
    if (!closed || (!drained && !this.#wasAskedFor)) this.#failure ??= this.#lingerExceeded(released);
    return { reason: this.#ended ?? 'end', failure: this.#failure, released };
  }

  get #wasAskedFor(): boolean {
    return this.#ended === 'signal' || this.#ended === 'quit';
  }

  /**
   * Resolves when `end` is open, or the run is stopped. Where the time of a run is over first, an opening under way may end: it
   * was slow, or something is wrong, and then the run did not do what it was to do.
   */
  async #open(end: Source | Sink): Promise<void> {
    if (this.#ended !== undefined) return;
    const opening = end.open();
    await unlessAborted(opening, this.#interrupt.signal);
    if (this.#ended !== 'duration' && this.#ended !== 'inactivity') return;
    const opened = opening.then(() => true);
    const isOpen = await withDeadline(this.#parts.clock, OPENING_MS, opened, () => false);
    if (isOpen) return;
    const reason = `not open when the time of the run was over (${this.#ended})`;
    this.#failure ??= new StompctlError('CONNECT_TIMEOUT', 'transfer', end.name, reason);
  }

  async #step(): Promise<void> {
    const { source } = this.#parts;
    const demand = this.#ledger.demand();
    const wanted = Math.min(demand.deliveries, this.#stillToTake);
    if (wanted <= 0) {
      if (this.#stillToTake === 0) return this.stop('count');
      await unlessAborted(this.#ledger.room(), this.#interrupt.signal);
      return;
    }
    const result = await source.next({ deliveries: wanted, bytes: demand.bytes }, this.#interrupt.signal);
    switch (result.kind) {
      case 'batch':
        this.#take(result.deliveries);
        break;
      case 'idle':
        // with messages in flight there is something to do, even though nothing comes
        if (result.reason === 'empty' && this.#ledger.count === 0) this.#idle();
        break;
      case 'end':
        this.#idle();
        this.stop('end');
        break;
      default:
        unreachable(result);
    }
  }

  #idle(): void {
    const { processor } = this.#parts;
    if (processor === undefined) return;
    this.#pipeline.run(() => processor.idle()).catch((error: unknown) => this.fail(asStompctlError(error, 'callback')));
  }

  #take(deliveries: readonly Delivery[]): void {
    this.#lastDeliveryMs = this.#parts.clock.monotonicMs();
    this.#stillToTake -= deliveries.length;
    for (const delivery of deliveries) {
      this.#ledger.add(delivery, this.#lastDeliveryMs);
      this.#parts.report.statistics.received(delivery.size);
    }
    if (this.#parts.processor === undefined) {
      for (const delivery of deliveries) this.#send(delivery, delivery.message);
      return;
    }
    const { processor } = this.#parts;
    this.#pipeline
      .run(() => this.#check(processor, deliveries))
      .catch((error: unknown) => {
        for (const delivery of deliveries) this.#release(delivery);
        this.fail(asStompctlError(error, 'callback'));
      });
  }

  /** What the callback made larger is on its way out before more of it is made: the window counts what came in. */
  async #check(processor: Processor, deliveries: readonly Delivery[]): Promise<void> {
    let rest = deliveries;
    while (rest.length > 0) {
      await this.#ledger.eased();
      const startedMs = this.#parts.clock.monotonicMs();
      const outcomes = await processor.process(rest.map((delivery) => delivery.message));
      this.#parts.report.statistics.processed(outcomes.length, this.#parts.clock.monotonicMs() - startedMs);
      if (outcomes.length === 0) return;
      this.#carryOut(rest.slice(0, outcomes.length), outcomes);
      rest = rest.slice(outcomes.length);
    }
  }

  #carryOut(deliveries: readonly Delivery[], outcomes: readonly Outcome[]): void {
    deliveries.forEach((delivery, index) => {
      // given back meanwhile, when the callback took longer than a stop lingers
      if (!this.#ledger.has(delivery)) return;
      const outcome = outcomes[index];
      if (outcome !== undefined) this.#carryOutOne(delivery, outcome);
    });
  }

  #carryOutOne(delivery: Delivery, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'pass':
        if (outcome.message !== delivery.message) this.#ledger.grow(delivery, outcome.message.size);
        this.#send(delivery, outcome.message);
        break;
      case 'drop':
        this.#drop(delivery, outcome.reason);
        break;
      case 'reject':
        this.#reject(delivery, outcome.error);
        break;
      default:
        unreachable(outcome);
    }
  }

  #send(delivery: Delivery, message: Message): void {
    const size = message === delivery.message ? delivery.size : message.size;
    this.#parts.sink.send(message, delivery.id).then(
      () => {
        const takenMs = this.#ledger.takenMs(delivery);
        if (!this.#ledger.take(delivery)) return;
        delivery.ack();
        this.#parts.report.statistics.sent(size, takenMs);
      },
      (error: unknown) => this.#notSent(delivery, asStompctlError(error, delivery.name)),
    );
  }

  #notSent(delivery: Delivery, error: StompctlError): void {
    if (error.action === 'reject') {
      this.#reject(delivery, error);
      return;
    }
    this.#release(delivery);
    // the sink has given up, whatever a single attempt would have called for; unless it is this run that closes it
    if (error.code !== 'SESSION_CLOSED') this.fail(error);
  }

  #release(delivery: Delivery): void {
    if (!this.#ledger.take(delivery)) return;
    delivery.release();
    this.#parts.report.statistics.released();
  }

  #drop(delivery: Delivery, reason: string): void {
    const takenMs = this.#ledger.takenMs(delivery);
    if (!this.#ledger.take(delivery)) return;
    delivery.ack();
    this.#parts.report.dropped(delivery.name, reason, delivery.size, takenMs);
  }

  #reject(delivery: Delivery, error: StompctlError): void {
    const takenMs = this.#ledger.takenMs(delivery);
    if (!this.#ledger.take(delivery)) return;
    delivery.reject(error);
    const { name, size, rejectedBefore } = delivery;
    if (rejectedBefore === true) this.#parts.report.rejectedAgain(name, error, size, takenMs);
    else this.#parts.report.rejected(name, error, size, takenMs);
  }

  #tooManyParked(parked: number): void {
    if (this.#ended !== undefined) return;
    const reason = `${parked} rejected messages wait unacknowledged; set failure-queue to keep them apart`;
    this.fail(new StompctlError('TOO_MANY_PARKED', 'transfer', this.#parts.source.name, reason));
  }

  /** Ends the run because of an error from outside, as `stop` does. */
  fail(error: StompctlError): void {
    this.#failure ??= error;
    this.stop('failed');
  }

  /** Settles what is in flight, the source's part included, at most for `lingerMs`; false when that was not enough. */
  async #drain(): Promise<boolean> {
    const { limits, clock } = this.#parts;
    return withDeadline(clock, limits.lingerMs, this.#settleAll(), () => false);
  }

  async #settleAll(): Promise<true> {
    await this.#pipeline.done();
    await Promise.all([this.#ledger.empty(), this.#parts.sink.flush().catch(() => undefined)]);
    await this.#settleSource();
    return true;
  }

  async #settleSource(): Promise<void> {
    const { source } = this.#parts;
    try {
      await source.settle();
    } catch (error) {
      // while the time lasts it is told; afterwards it is the giving up itself
      if (!this.#gaveUp) this.#failure ??= asStompctlError(error, source.name);
    }
  }

  /** Gives back what is in flight. Answers how many that were. */
  #giveBack(): number {
    const { limits, report } = this.#parts;
    this.#gaveUp = true;
    const left = this.#ledger.all();
    for (const delivery of left) this.#release(delivery);
    const text = `${left.length} messages were not settled in time and stay with the source`;
    report.logger.warn('linger-exceeded', text, { released: left.length, lingerMs: limits.lingerMs });
    return left.length;
  }

  #lingerExceeded(released: number): StompctlError {
    const { source, limits } = this.#parts;
    const seconds = limits.lingerMs / 1000;
    const what = released === 0 ? 'not everything was' : `${released} messages were not`;
    const reason = `${what} settled within ${seconds} s (timeout-linger): what is left stays with the source, for the next run`;
    return new StompctlError('LINGER_EXCEEDED', 'transfer', source.name, reason);
  }

  /** Closes both ends. False when the source did not say in time that everything is given back. */
  async #close(drained: boolean): Promise<boolean> {
    const { source, sink, processor, clock, limits, giveUp } = this.#parts;
    const late = new AbortController();
    const timer = clock.after(drained ? limits.closeMs : GIVE_UP_MS, () => late.abort());
    let closed = false;
    const closings = [
      async () => {
        await source.close();
      },
      () => sink.close(),
      async () => processor?.close(),
    ];
    const close = async (closing: () => Promise<void>, isSource: boolean): Promise<void> => {
      try {
        await unlessAborted(closing(), late.signal);
      } catch (error) {
        if (drained) this.#failure ??= asStompctlError(error, source.name);
        else this.#parts.report.logger.warn('close-failed', asStompctlError(error, source.name).message);
      }
      if (isSource && !late.signal.aborted) closed = true;
    };
    if (drained) for (const [index, closing] of closings.entries()) await close(closing, index === 0);
    else {
      if (giveUp !== undefined) void giveUp().catch(() => undefined);
      await Promise.all(closings.map((closing, index) => close(closing, index === 0)));
    }
    timer.cancel();
    return closed;
  }

  #startTimers(): void {
    const { limits, clock } = this.#parts;
    if (this.#ended !== undefined) return;
    this.#lastDeliveryMs = clock.monotonicMs();
    if (limits.durationMs !== undefined) this.#timers.push(clock.after(limits.durationMs, () => this.stop('duration')));
    if (limits.inactivityMs !== undefined) this.#watchInactivity(limits.inactivityMs);
  }

  #watchInactivity(inactivityMs: number): void {
    const quietMs = this.#parts.clock.monotonicMs() - this.#lastDeliveryMs;
    if (quietMs >= inactivityMs) {
      this.stop('inactivity');
      return;
    }
    const timer = this.#parts.clock.after(inactivityMs - quietMs, () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
      if (this.#ended === undefined) this.#watchInactivity(inactivityMs);
    });
    this.#timers.push(timer);
  }
}
