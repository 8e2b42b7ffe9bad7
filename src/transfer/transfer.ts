import { StompctlError, unreachable } from '../base/errors.js';
import { SerialQueue } from '../base/serial-queue.js';
import { unlessAborted, wait, withDeadline } from '../base/wait.js';
import type { Delivery } from '../flow/delivery.js';
import type { Outcome, Processor } from '../flow/processor.js';
import type { Sink } from '../flow/sink.js';
import type { Source } from '../flow/source.js';
import type { Message } from '../message/message.js';
import { closeEnds, lingerExceeded, notOpen, whereLeft } from './close-ends.js';
import { EndTime, GIVE_UP_MS } from './end-time.js';
import { type Exchange, Exchanges } from './exchanges.js';
import { Ledger } from './ledger.js';
import { RateLimit } from './rate-limit.js';
import { RunTimers } from './run-timers.js';
import { asStompctlError } from './supervisor.js';
import type { EndReason, TransferLimits, TransferOutcome, TransferParts, TransferProgress } from './transfer-parts.js';
import { readable, sendDelivery } from './unread.js';

export type { EndReason, TransferLimits, TransferOutcome } from './transfer-parts.js';

/** What is still being opened when the time of a run is over gets this long: a short run on a busy machine is no failure. */
const OPENING_MS = 5000;

/**
 * One transfer: source, callback, sink, and the loop that drives them. A delivery is acknowledged only after the sink made
 * its message safe. Runs once.
 */
export class Transfer {
  readonly #parts: TransferParts;
  readonly #ledger: Ledger;
  readonly #interrupt = new AbortController();
  readonly #exchanges = new Exchanges();
  readonly #timers: RunTimers;
  readonly #rate: RateLimit;
  #throttledMs: number | undefined;
  /** since when the processor has been at the messages that it has now */
  #checkingSinceMs: number | undefined;
  #limits: TransferLimits;
  #processor: Processor | undefined;
  #ended: EndReason | undefined;
  #endedMs = 0;
  #lastMs = 0;
  #failure: StompctlError | undefined;
  /** of `count` */
  #taken = 0;
  #gaveUp = false;
  /** what the processor is done with now is given back, and not sent */
  #givingBack = false;
  /** callback and sends of one batch after the other, so that the next batch is read meanwhile and the order kept */
  readonly #pipeline = new SerialQueue();

  constructor(parts: TransferParts) {
    this.#parts = parts;
    this.#limits = parts.limits;
    this.#processor = parts.processor;
    this.#timers = new RunTimers(parts.clock, parts.limits, (why) => this.stop(why));
    this.#rate = new RateLimit(parts.clock, parts.limits);
    this.#ledger = new Ledger(parts.limits.window, parts.limits.windowBytes);
    parts.report.onTooManyParked((parked) => this.#tooManyParked(parked));
  }

  /** Deliveries taken and not settled. */
  get inFlight(): number {
    return this.#ledger.count;
  }

  /** How long what outlives the run may take to be closed, once it has ended. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** The transfer's part of the verdict. */
  get progress(): TransferProgress {
    const { count: inFlight, bytes: inFlightBytes, oldestMs } = this.#ledger;
    const nowMs = this.#parts.clock.monotonicMs();
    const stopping = this.#ended !== undefined;
    const throttledMs = this.#throttledMs && Math.max(0, this.#throttledMs - nowMs);
    const oldestUnsettledMs = oldestMs && nowMs - oldestMs;
    const checkingMs = this.#checkingSinceMs === undefined ? undefined : nowMs - this.#checkingSinceMs;
    return { stopping, inFlight, inFlightBytes, oldestUnsettledMs, checkingMs, throttledMs };
  }

  /** Ends the run: reading stops, what is in flight is settled, then `run` resolves. The first reason counts. */
  stop(reason: EndReason): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#endedMs = this.#parts.clock.monotonicMs();
    this.#timers.cancel();
    this.#interrupt.abort();
    this.#exchanges.close();
  }

  /** Other limits from now on. A `count` that is reached already ends the run. */
  configure(limits: TransferLimits): void {
    this.#limits = limits;
    this.#ledger.resize(limits.window, limits.windowBytes);
    this.#rate.configure(limits);
    if (this.#ended === undefined) this.#timers.configure(limits);
  }

  /** What is taken from now on goes through it, behind what is on its way to the sink already. */
  insert(processor: Processor): void {
    this.#processor = processor;
  }

  /**
   * Stops reading, has what is in flight settled (what is not within `lingerMs` is given back), calls `run`, and reads
   * on. `run` has a time limit of its own, and resolves when interrupted. Resolves false when the run ended before; rejects as `run`.
   */
  exchange(run: Exchange): Promise<boolean> {
    return this.#exchanges.ask(run);
  }

  /** Resolves when everything is settled and closed. Never rejects: what went wrong is in the outcome. */
  async run(): Promise<TransferOutcome> {
    const { source, sink, lazy, report, clock } = this.#parts;
    if (this.#ended === undefined) this.#timers.start();
    else this.#endedMs = clock.monotonicMs();
    try {
      // both ends wait inside `open` for as long as their broker is away: a stop must not wait with them
      if (!lazy) await this.#open(sink);
      await this.#open(source);
      while (this.#ended === undefined) {
        if (this.#exchanges.turn.aborted) await this.#exchangeAll();
        else await this.#step();
      }
    } catch (error) {
      this.fail(asStompctlError(error, source.name));
    }
    const { inFlight } = this;
    report.logger.debug('drain', `no more reading (${this.#ended}); ${inFlight} in flight`, { inFlight });
    const asked = this.#ended === 'signal' || this.#ended === 'quit';
    const time = new EndTime(clock, asked ? this.#endedMs : undefined, this.#limits.lingerMs);
    const drained = await this.#drain(time.lingerMs);
    this.#gaveUp = !drained;
    const waits = this.#parts.waiting?.() ?? [];
    const released = drained ? 0 : await this.#giveBack(time.recallMs);
    const closed = await this.#close(drained, time);
    this.#lastMs = time.lastMs(drained, this.#limits.closeMs);
    // who asked for the stop wants to hear whether it is over; a run that was to do something did not do all of it
    if (!closed || (!drained && !asked))
      this.#failure ??= lingerExceeded(source, released, this.#limits.lingerMs, waits);
    return { reason: this.#ended ?? 'end', failure: this.#failure, released };
  }

  /** Resolves when `end` is open, or the run is stopped. Where its time is over first, an opening under way may end. */
  async #open(end: Source | Sink): Promise<void> {
    if (this.#ended !== undefined) return;
    const opening = end.open();
    // an exchange need not wait until a broker that is away is back
    while ((await unlessAborted(opening, this.#exchanges.turn)) === 'aborted' && this.#ended === undefined) {
      await this.#exchangeAll();
    }
    if (this.#ended !== 'duration' && this.#ended !== 'inactivity') return;
    const opened = opening.then(() => true);
    const isOpen = await withDeadline(this.#parts.clock, OPENING_MS, opened, () => false);
    if (isOpen) return;
    this.#failure ??= notOpen(end, this.#ended);
  }

  #exchangeAll(): Promise<void> {
    return this.#exchanges.runAll(() => this.#drainForExchange(), this.#interrupt.signal);
  }

  /** Undefined: the run was stopped meanwhile, which drains as well. */
  async #drainForExchange(): Promise<'drained' | 'given-back' | undefined> {
    if (this.#ended !== undefined) return undefined;
    const draining = withDeadline(this.#parts.clock, this.#limits.lingerMs, this.#settleTaken(), () => false);
    const drained = await unlessAborted(draining, this.#interrupt.signal);
    if (this.#ended !== undefined || drained === 'aborted') return undefined;
    if (drained) return 'drained';
    // they will be taken again
    this.#taken -= await this.#giveBack(GIVE_UP_MS);
    return 'given-back';
  }

  get #stillToTake(): number {
    return Math.max(0, (this.#limits.count ?? Number.POSITIVE_INFINITY) - this.#taken);
  }

  async #step(): Promise<void> {
    const { source, sink } = this.#parts;
    const { turn } = this.#exchanges;
    const demand = this.#ledger.demand();
    const wanted = Math.min(demand.deliveries, this.#stillToTake);
    if (wanted <= 0) {
      if (this.#stillToTake === 0) return this.stop('count');
      await unlessAborted(this.#ledger.room(), turn);
      return;
    }
    const allowed = this.#rate.allowance();
    if (allowed.deliveries === 0) return this.#throttle(allowed.waitMs, turn);
    const [deliveries, bytes] = [Math.min(wanted, allowed.deliveries), Math.min(demand.bytes, allowed.bytes)];
    const unread = this.#processor === undefined && sink.moves === true;
    const result = await source.next({ deliveries, bytes, unread }, turn);
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

  /** Nothing is taken for a while: the source waits, which is no inactivity. */
  async #throttle(waitMs: number, turn: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    this.#throttledMs = clock.monotonicMs() + waitMs;
    this.#timers.hold(true);
    await wait(clock, waitMs, { signal: turn, bell: this.#rate.changed });
    this.#throttledMs = undefined;
    this.#timers.hold(false);
  }

  #idle(): void {
    const processor = this.#processor;
    if (processor === undefined) return;
    this.#pipeline.run(() => processor.idle()).catch((error: unknown) => this.fail(asStompctlError(error, 'callback')));
  }

  #take(deliveries: readonly Delivery[]): void {
    const nowMs = this.#timers.delivered();
    this.#taken += deliveries.length;
    let bytes = 0;
    for (const delivery of deliveries) {
      bytes += delivery.size;
      this.#ledger.add(delivery, nowMs);
      this.#parts.report.statistics.received(delivery.size);
    }
    this.#rate.spend(deliveries.length, bytes);
    const processor = this.#processor;
    if (processor === undefined) {
      for (const delivery of deliveries) this.#send(delivery);
      return;
    }
    this.#pipeline
      .run(() => this.#check(processor, deliveries))
      .catch((error: unknown) => {
        for (const delivery of deliveries) this.#release(delivery);
        this.fail(asStompctlError(error, 'callback'));
      });
  }

  /** What the callback made larger is on its way out before more of it is made: the window counts what came in. */
  async #check(processor: Processor, deliveries: readonly Delivery[]): Promise<void> {
    let rest = readable(deliveries, (delivery, error) => this.#notSent(delivery, error));
    while (rest.length > 0) {
      await this.#ledger.eased();
      const startedMs = this.#parts.clock.monotonicMs();
      this.#checkingSinceMs = startedMs;
      const outcomes = await processor.process(rest.map((delivery) => delivery.message)).finally(() => {
        this.#checkingSinceMs = undefined;
      });
      this.#parts.report.statistics.processed(outcomes.length, this.#parts.clock.monotonicMs() - startedMs);
      if (outcomes.length === 0) return;
      this.#carryOut(rest.slice(0, outcomes.length), outcomes);
      rest = rest.slice(outcomes.length);
    }
  }

  #carryOut(deliveries: readonly Delivery[], outcomes: readonly Outcome[]): void {
    deliveries.forEach((delivery, index) => {
      // given back meanwhile, when the callback took longer than a stop lingers
      if (this.#givingBack || !this.#ledger.has(delivery)) return;
      const outcome = outcomes[index];
      if (outcome !== undefined) this.#carryOutOne(delivery, outcome);
    });
  }

  #carryOutOne(delivery: Delivery, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'pass':
        if (outcome.message !== delivery.message) this.#ledger.grow(delivery, outcome.message.size);
        this.#send(delivery, outcome.message, outcome.to);
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

  #send(delivery: Delivery, processed?: Message, to?: string): void {
    const size = processed === undefined || processed === delivery.message ? delivery.size : processed.size;
    sendDelivery(this.#parts.sink, delivery, processed, to).then(
      () => {
        const takenMs = this.#ledger.takeOut(delivery);
        if (takenMs === undefined) return;
        delivery.ack();
        this.#parts.report.statistics.sent(size, takenMs);
      },
      (error: unknown) => this.#notSent(delivery, asStompctlError(error, delivery.name)),
    );
  }

  #notSent(delivery: Delivery, error: StompctlError): void {
    if (error.action === 'reject') this.#reject(delivery, error);
    else {
      this.#release(delivery);
      // the sink has given up, whatever a single attempt would have called for; unless it is this run that closes it
      if (error.code !== 'SESSION_CLOSED') this.fail(error);
    }
  }

  #release(delivery: Delivery): void {
    if (!this.#ledger.take(delivery)) return;
    delivery.release();
    this.#parts.report.statistics.released();
  }

  #drop(delivery: Delivery, reason: string): void {
    const takenMs = this.#ledger.takeOut(delivery);
    if (takenMs === undefined) return;
    delivery.ack();
    this.#parts.report.dropped(delivery.name, reason, delivery.size, takenMs);
  }

  #reject(delivery: Delivery, error: StompctlError): void {
    const takenMs = this.#ledger.takeOut(delivery);
    if (takenMs === undefined) return;
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

  /** Settles what is in flight, the source's part included; false when the time was not enough. */
  async #drain(lingerMs: number): Promise<boolean> {
    const settled = this.#settleTaken().then(() => this.#settleSource());
    return withDeadline(this.#parts.clock, lingerMs, settled, () => false);
  }

  async #settleTaken(): Promise<true> {
    await this.#pipeline.done();
    await Promise.all([this.#ledger.empty(), this.#parts.sink.flush().catch(() => undefined)]);
    return true;
  }

  async #settleSource(): Promise<true> {
    const { source } = this.#parts;
    try {
      await source.settle();
    } catch (error) {
      // while the time lasts it is told; afterwards it is the giving up itself
      if (!this.#gaveUp) this.#failure ??= asStompctlError(error, source.name);
    }
    return true;
  }

  /** Gives back what is in flight, and answers how much. The sink gives it up first: what it wrote later would come twice. */
  async #giveBack(recallMs: number): Promise<number> {
    const { source, sink, clock, report } = this.#parts;
    const before = report.statistics.snapshot().released;
    this.#givingBack = true;
    if (sink.recall !== undefined) await withDeadline(clock, recallMs, sink.recall(), () => undefined);
    for (const delivery of this.#ledger.all()) this.#release(delivery);
    this.#givingBack = false;
    const released = report.statistics.snapshot().released - before;
    const text = `${released} messages were not settled in time; what is left ${whereLeft(source)}`;
    report.logger.warn('linger-exceeded', text, { released, lingerMs: this.#limits.lingerMs });
    return released;
  }

  /** Closes both ends. False when the source did not say in time that everything is given back. */
  #close(drained: boolean, time: EndTime): Promise<boolean> {
    const { source, sink, clock, giveUp, report } = this.#parts;
    const closings = [() => source.close(), () => sink.close(), async () => this.#processor?.close()];
    return closeEnds({
      ...{ clock, drained, time, closeMs: this.#limits.closeMs, closings, source, giveUp, logger: report.logger },
      onError: (error) => {
        this.#failure ??= error;
      },
    });
  }
}
