import { isDeepStrictEqual } from 'node:util';
import { reasonOf, StompctlError, unreachable } from '../base/errors.js';
import { limitText, withDeadline } from '../base/wait.js';
import {
  type InputSettings,
  inputsOf,
  type OutputSettings,
  outputsOf,
  type QueueSettings,
  type Settings,
} from '../config/settings.js';
import type { Processor } from '../flow/processor.js';
import type { Sink } from '../flow/sink.js';
import type { TunableSource } from '../flow/source.js';
import { TapSink } from '../sinks/queue/tap-sink.js';
import { SupervisedSink } from '../transfer/supervised-sink.js';
import { SupervisedSource } from '../transfer/supervised-source.js';
import { Transfer } from '../transfer/transfer.js';
import type { TransferLimits } from '../transfer/transfer-parts.js';
import type { EndFacts } from '../transfer/verdict.js';
import { brokerEnd } from './broker-end.js';
import { checkQueue } from './check-queue.js';
import { checkCommand, programOf } from './command-ends.js';
import { type FailureQueue, openFailureQueue } from './failure-queue.js';
import {
  type EndContext,
  makeNowhere,
  makeSink,
  makeSource,
  policyOfQueue,
  reconnectPolicy,
  type SupervisedEnd,
} from './make-ends.js';
import { outputFault } from './output-fault.js';
import { SwappableProcessor } from './swappable-processor.js';

/** What a reload is to do. */
export interface ReloadWish {
  readonly settings: Settings;
  /** is this end to be made anew? */
  readonly source: boolean;
  readonly sink: boolean;
}

/** Which ends a reload has made anew: also those whose secrets had changed. */
export interface ReloadedEnds {
  readonly source: boolean;
  readonly sink: boolean;
}

export interface RunningParts {
  readonly settings: Settings;
  readonly context: EndContext;
  readonly failureQueue: FailureQueue | undefined;
  readonly processor: Processor | undefined;
  readonly openIt: (settings: Settings) => Promise<Processor | undefined>;
}

/** What a reload has made ready before it changes anything. */
interface Prepared {
  readonly source: boolean;
  readonly sink: boolean;
  readonly processor: { readonly fresh: Processor | undefined } | undefined;
  readonly failureQueue: { readonly fresh: FailureQueue | undefined } | undefined;
  readonly tap: boolean;
}

/** A transfer with its ends, which can take other settings over while messages move. */
export class RunningTransfer {
  readonly transfer: Transfer;
  readonly #parts: RunningParts;
  readonly #context: EndContext;
  #settings: Settings;
  #source: SupervisedEnd<TunableSource>;
  #sink: SupervisedEnd<Sink>;
  #tap: SupervisedEnd<Sink> | undefined;
  #failureQueue: FailureQueue | undefined;
  #processor: SwappableProcessor | undefined;
  readonly #supervisedSource: SupervisedSource<TunableSource>;
  readonly #main: SupervisedSink;
  readonly #withTap: TapSink;
  /** each under a supervisor of its own: what one of the two is sent again, the other is not */
  #supervisedTap: SupervisedSink | undefined;
  /** failure queues of earlier settings that still store what they have */
  readonly #retiring = new Set<FailureQueue>();

  constructor(parts: RunningParts) {
    const { settings, context, failureQueue, processor } = parts;
    const { logger, report, clock } = context;
    this.#parts = parts;
    this.#context = context;
    this.#settings = settings;
    this.#failureQueue = failureQueue;
    this.#source = makeSource(settings, context, failureQueue?.sink);
    this.#sink = makeSink(settings.sink, settings, context);
    const onReopened = () => {
      report.reconnected();
      report.nothingParked();
    };
    this.#supervisedSource = new SupervisedSource(this.#source.end, {
      supervisor: this.#source.supervisor,
      logger,
      onReopened,
    });
    this.#main = this.#supervise(this.#sink);
    this.#withTap = new TapSink(this.#main);
    if (settings.tapQueue !== undefined) this.#addTap(settings.tapQueue, settings);
    // without callback and rules a message costs nothing on its way
    this.#processor = processor && new SwappableProcessor(processor, this.#outputFault);
    this.transfer = new Transfer({
      source: this.#supervisedSource,
      sink: this.#withTap,
      processor: this.#processor,
      report,
      clock,
      lazy: settings.lazy,
      limits: limitsOf(settings),
      waiting: () => this.waiting(),
      giveUp: async () => this.#failureQueue?.sink.close(),
    });
    this.#heed(failureQueue);
  }

  get settings(): Settings {
    return this.#settings;
  }

  get names(): { readonly source: string; readonly sink: string } {
    return { source: this.#supervisedSource.name, sink: this.#main.name };
  }

  ends(): EndFacts[] {
    const { lazy } = this.#settings;
    const facts = (role: EndFacts['role'], { end, state, session }: SupervisedEnd<{ readonly name: string }>) => ({
      role,
      name: end.name,
      lazy: lazy && role !== 'source',
      ...state(),
      session: session(),
    });
    const ends: EndFacts[] = [facts('source', this.#source), facts('sink', this.#sink)];
    if (this.#tap !== undefined) ends.push(facts('tap', this.#tap));
    return ends;
  }

  full(): string[] {
    const queues = [this.#failureQueue, this.#sink, this.#tap].flatMap((of) => of?.full.reasons ?? []);
    return [...queues, ...[this.#failureQueue?.sink.waitingFor ?? []].flat()];
  }

  waiting(): string[] {
    const supervisors = [this.#source, this.#sink, this.#tap].flatMap((of) => of?.waitingFor() ?? []);
    return [...this.full(), ...supervisors];
  }

  /** See `BuiltTransfer.reload`. One at a time. */
  async reload(wish: ReloadWish): Promise<ReloadedEnds> {
    const prepared = await this.#prepare(wish);
    await this.#tune(wish.settings, prepared);
    if (prepared.sink) await this.#exchangeSink();
    if (prepared.source && !(await this.#exchangeSource()))
      throw this.#notAnyMore('the run has ended before its source was exchanged');
    return { source: prepared.source, sink: prepared.sink };
  }

  /** See `BuiltTransfer.close`. */
  async close(limitMs: number): Promise<void> {
    const { clock, logger } = this.#context;
    const closed = Promise.all([...this.#retiring, this.#failureQueue].map((queue) => queue?.sink.close()));
    await withDeadline(clock, limitMs, closed, () => {
      logger.warn(
        'close-failed',
        `the failure queue was not closed within ${limitText(limitMs)}; does its disk answer?`,
      );
    });
  }

  /** Everything that may fail. Rejects with nothing changed, and nothing left open. */
  async #prepare({ settings, source, sink }: ReloadWish): Promise<Prepared> {
    const before = this.#settings;
    this.#refuseWhenStopping();
    if (before.failureQueue !== undefined && settings.failureQueue === undefined) this.#refuseWhenNeeded();
    const remade = {
      source: source || (await this.#source.secretsChanged()),
      sink: sink || (await this.#sink.secretsChanged()),
    };
    if (remade.source) this.#refuseWhenCrowded();
    const changed = <K extends keyof Settings>(...keys: K[]) =>
      keys.some((key) => !isDeepStrictEqual(before[key], settings[key]));
    const tap = changed('tapQueue') || (settings.tapQueue !== undefined && changed('sync'));
    const checks: Promise<void>[] = [];
    if (source) checks.push(...inputsOf(settings).map((end) => checkEnd(end, settings, this.#context, before)));
    if (sink) checks.push(...outputsOf(settings).map((end) => checkEnd(end, settings, this.#context)));
    await Promise.all(checks);
    if (tap && settings.tapQueue !== undefined) checkQueue(settings.tapQueue.path);
    const processor = changed('rewrite', 'callback') ? { fresh: await this.#parts.openIt(settings) } : undefined;
    let failureQueue: Prepared['failureQueue'];
    try {
      if (changed('failureQueue', 'sync')) failureQueue = { fresh: await openFailureQueue(settings, this.#context) };
      this.#refuseWhenStopping();
    } catch (error) {
      await processor?.fresh?.close();
      await failureQueue?.fresh?.sink.close();
      throw error;
    }
    return { ...remade, processor, failureQueue, tap };
  }

  #refuseWhenStopping(): void {
    if (this.transfer.progress.stopping) throw this.#notAnyMore('the run is ending');
  }

  #refuseWhenCrowded(): void {
    if (!this.#supervisedSource.isCrowded) return;
    const what = 'what earlier sources have left still waits for the failure queue';
    const reason = `${what}; mend that, or reload with another one alone`;
    throw new StompctlError('RELOAD_REFUSED', 'reload', this.names.source, reason);
  }

  /** What cannot be read again would have no place to go to: what waits for the failure queue, and what a closing source gives back. */
  #refuseWhenNeeded(): void {
    if (!this.#supervisedSource.storesAtClose) return;
    const what = 'what an incoming-command without ack has written goes to the failure queue when it is not sent';
    const next =
      'reload with another source first, and without failure-queue once nothing waits for that (stompctl status)';
    throw new StompctlError('RELOAD_REFUSED', 'reload', this.names.source, `${what}; ${next}`);
  }

  #notAnyMore(why: string): StompctlError {
    return new StompctlError('RELOAD_REFUSED', 'reload', this.names.source, `${why}; start it again instead`);
  }

  /** What changes in place. */
  async #tune(settings: Settings, { processor, failureQueue, tap }: Prepared): Promise<void> {
    this.#settings = settings;
    this.transfer.configure(limitsOf(settings));
    this.#context.report.maxParked = settings.maxParked;
    this.#main.maxAttempts = settings.maxAttempts;
    this.#sink.end.tune?.(settings);
    if (this.#supervisedTap !== undefined) this.#supervisedTap.maxAttempts = settings.maxAttempts;
    this.#source.configure(reconnectPolicy(settings, settings.source));
    this.#sink.configure(reconnectPolicy(settings, settings.sink));
    this.#tap?.configure(policyOfQueue(settings));
    const old = failureQueue && this.#failureQueue;
    if (failureQueue !== undefined) {
      this.#failureQueue = failureQueue.fresh;
      this.#heed(failureQueue.fresh);
    } else this.#failureQueue?.configure(policyOfQueue(settings));
    const { window, windowBytes, maxParked } = settings;
    this.#supervisedSource.tune({ window, windowBytes, maxParked, deadLetters: this.#failureQueue?.sink });
    if (old !== undefined) this.#retire(old, settings.timeouts.lingerMs);
    if (!settings.lazy) this.#openSink();
    if (tap) await this.#exchangeTap(settings);
    if (processor !== undefined) await this.#replaceProcessor(processor.fresh);
  }

  /** A run that ends by itself does so when its failure queue is no longer tried; one that a reload has put aside ends nothing. */
  #heed(failureQueue: FailureQueue | undefined): void {
    void failureQueue?.failed.then((error) => {
      if (failureQueue === this.#failureQueue) this.transfer.fail(error);
    });
  }

  /** Nobody waits for it; the end of the run closes it. */
  #retire(old: FailureQueue, lingerMs: number): void {
    this.#retiring.add(old);
    const { logger } = this.#context;
    old.retire(lingerMs).then(
      () => this.#retiring.delete(old),
      (error: unknown) => logger.warn('close-failed', reasonOf(error)),
    );
  }

  /** It may not be open yet, when the run began with `lazy`. */
  #openSink(): void {
    this.#withTap.open().catch((error: unknown) => {
      if (error instanceof StompctlError) this.transfer.fail(error);
      else throw error;
    });
  }

  readonly #outputFault = (to: string): StompctlError | undefined => outputFault(to, this.#settings.sink);

  async #replaceProcessor(fresh: Processor | undefined): Promise<void> {
    if (this.#processor !== undefined) return this.#processor.replace(fresh);
    if (fresh === undefined) return;
    this.#processor = new SwappableProcessor(fresh, this.#outputFault);
    this.transfer.insert(this.#processor);
  }

  #supervise({ end, supervisor }: SupervisedEnd<Sink>): SupervisedSink {
    const { logger, report } = this.#context;
    const { maxAttempts } = this.#settings;
    return new SupervisedSink(end, { supervisor, maxAttempts, logger, onReopened: report.reconnected });
  }

  #addTap(queue: QueueSettings, settings: Settings): void {
    this.#tap = makeSink({ kind: 'queue', queue }, settings, this.#context);
    this.#supervisedTap = this.#supervise(this.#tap);
    this.#withTap.add(this.#supervisedTap);
  }

  /** One that is no longer wanted gives way to nothing: what waits for it is safe enough at the other place. */
  async #exchangeTap(settings: Settings): Promise<void> {
    const { tapQueue: queue } = settings;
    if (this.#supervisedTap === undefined) {
      if (queue !== undefined) this.#addTap(queue, settings);
      return;
    }
    const made =
      queue === undefined
        ? makeNowhere(settings, this.#context)
        : makeSink({ kind: 'queue', queue }, settings, this.#context);
    this.#tap = queue === undefined ? undefined : made;
    await this.#supervisedTap.exchange(made.end, made.supervisor, this.#exchangeLimits());
  }

  async #exchangeSink(): Promise<void> {
    const made = makeSink(this.#settings.sink, this.#settings, this.#context);
    this.#sink = made;
    await this.#main.exchange(made.end, made.supervisor, this.#exchangeLimits());
  }

  /** False: the run ended before. */
  #exchangeSource(): Promise<boolean> {
    return this.transfer.exchange(async (_drained, interrupt) => {
      const { report } = this.#context;
      const made = makeSource(this.#settings, this.#context, this.#failureQueue?.sink);
      this.#source = made;
      await this.#supervisedSource.exchange(made.end, made.supervisor, { ...this.#exchangeLimits(), interrupt });
      report.nothingParked();
    });
  }

  #exchangeLimits() {
    const { lingerMs, closeMs } = limitsOf(this.#settings);
    return { lingerMs, closeMs, clock: this.#context.clock };
  }
}

/** What would keep this end from being opened, as far as that can be known without opening it. `before`: it is an input, in place of these. */
async function checkEnd(
  end: InputSettings | OutputSettings,
  settings: Settings,
  context: EndContext,
  before?: Settings,
): Promise<void> {
  switch (end.kind) {
    case 'queue':
      if (end.queue.type === 'NULL') return;
      // one that was there was moved away, or is on a disk that is: another one in its place would be in the way of its return
      checkQueue(end.queue.path, before && (!settings.loop || isQueueAt(before, end.queue.path)));
      return;
    case 'broker':
      // whether it is up is not asked: a run waits for a broker that is not
      await brokerEnd(end.broker, settings, context).secretsChanged();
      return;
    case 'folder':
      checkQueue(end.folder.path, before !== undefined);
      return;
    case 'command':
      checkCommand(programOf(end.command), context.env);
      return;
    default:
      unreachable(end);
  }
}

function isQueueAt(settings: Settings, path: string): boolean {
  return inputsOf(settings).some((end) => end.kind === 'queue' && end.queue.type !== 'NULL' && end.queue.path === path);
}

/** closing takes some time besides what the broker is given */
const OWN_CLOSE_MS = 1000;

/** What the settings say of the limits of a run. */
export function limitsOf(settings: Settings): TransferLimits {
  const { window, windowBytes, count, durationMs, maxRate, maxRateBytes, timeouts } = settings;
  const { inactivityMs, lingerMs, flushMs, disconnectMs } = timeouts;
  const closeMs = flushMs + disconnectMs + OWN_CLOSE_MS;
  return { window, windowBytes, count, durationMs, maxRate, maxRateBytes, inactivityMs, lingerMs, closeMs };
}
