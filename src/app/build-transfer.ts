import type { Clock } from '../base/clock.js';
import { reasonOf, StompctlError, unreachable } from '../base/errors.js';
import type { FailoverOptions } from '../config/broker-uris.js';
import type { Environment } from '../config/formats/environment.js';
import type { Settings, SinkSettings, SourceSettings } from '../config/settings.js';
import type { Sink } from '../flow/sink.js';
import type { Source } from '../flow/source.js';
import type { RunLogger } from '../observe/pino-logger.js';
import { DeadLetterSink } from '../sinks/queue/dead-letter-sink.js';
import { QueueSink } from '../sinks/queue/queue-sink.js';
import { TapSink } from '../sinks/queue/tap-sink.js';
import { RateMeter } from '../transfer/rate-meter.js';
import { TransferReport } from '../transfer/report.js';
import { Statistics } from '../transfer/statistics.js';
import { SupervisedSink } from '../transfer/supervised-sink.js';
import { SupervisedSource } from '../transfer/supervised-source.js';
import { mayComeBack, Supervisor } from '../transfer/supervisor.js';
import { Transfer } from '../transfer/transfer.js';
import type { EndFacts, HealthFacts } from '../transfer/verdict.js';
import { brokerSink, brokerSource, failoverOptions, type MadeEnd } from './broker-end.js';
import { openProcessor } from './open-processor.js';
import { FullQueues, queueSink, queueSource, storingSink } from './queue-ends.js';
import { queuesWaiting } from './queues-waiting.js';
import { SwappableProcessor } from './swappable-processor.js';

export interface BuildContext {
  readonly clock: Clock;
  readonly logger: RunLogger;
  readonly env: Environment;
  /** what a callback prints; a promise that it gives is waited for */
  readonly print: (printed: string | Uint8Array) => unknown;
}

export interface BuiltTransfer {
  readonly transfer: Transfer;
  readonly statistics: Statistics;
  readonly sourceName: string;
  readonly sinkName: string;
  /** what the verdict on the run is made of, as of now */
  readonly health: () => HealthFacts;
  /** what the run waits for now: queues that are full, brokers and folders that are away, a line each */
  readonly waiting: () => readonly string[];
  /**
   * Puts the callback and rules of other settings in the place of the present ones; false when the run began with none,
   * and so has no place for them. Rejects as `buildTransfer`, and nothing changes then.
   */
  reloadProcessor(settings: Settings): Promise<boolean>;
  /** Closes what outlives the transfer. To be called after its run, and when it is not run. */
  close(): Promise<void>;
}

/**
 * The composition root: the only place that turns settings into objects. Opens the failure queue and starts the callback,
 * so that what is wrong with either is told before anything moves. Errors: QUEUE_*, CALLBACK_*, CREDENTIAL_INVALID.
 */
export async function buildTransfer(settings: Settings, context: BuildContext): Promise<BuiltTransfer> {
  const { clock, logger } = context;
  const statistics = new Statistics(clock);
  const report = new TransferReport({ statistics, logger, maxParked: settings.maxParked });
  const full = new FullQueues();
  const supervisors: Supervisor[] = [];
  const ends: (() => EndFacts)[] = [];
  const supervisorOf: SupervisorOf = (end, { end: { name }, allRefused, session }) => {
    const made = supervisor(settings, context, end, allRefused);
    supervisors.push(made);
    const role = end === settings.source ? 'source' : end === settings.sink ? 'sink' : 'tap';
    const lazy = settings.lazy && role !== 'source';
    ends.push(() => ({ role, name, lazy, ...made.state, session: session?.() }));
    return made;
  };
  const deadLetters = await openDeadLetters(settings, context, full);
  const inner = makeSource(settings, context, report, deadLetters);
  const source = new SupervisedSource(inner.end, {
    supervisor: supervisorOf(settings.source, inner),
    logger,
    onReopened: () => {
      report.reconnected();
      report.nothingParked();
    },
  });
  const supervised = (to: SinkSettings) => {
    const made = makeSink(to, settings, context, full, report.duplicate);
    const { maxAttempts } = settings;
    const onReopened = report.reconnected;
    const supervisor = supervisorOf(to, made);
    return new SupervisedSink(made.end, { supervisor, maxAttempts, logger, onReopened });
  };
  const main = supervised(settings.sink);
  const { tapQueue } = settings;
  // each under a supervisor of its own: what one of them is sent again, the other is not
  const sink = tapQueue === undefined ? main : new TapSink(main, supervised({ kind: 'queue', queue: tapQueue }));
  const openTapQueue = (path: string, type: string) => openTap(path, type, settings.sync);
  const processorContext = { ...context, openTap: openTapQueue };
  const first = await openProcessor(settings, processorContext);
  // without callback and rules at the start none are added later: then a message costs nothing on its way
  const processor = first && new SwappableProcessor(first);
  const transfer = new Transfer({
    source,
    sink,
    processor,
    report,
    clock,
    lazy: settings.lazy,
    limits: limits(settings),
    giveUp: async () => deadLetters?.close(),
  });
  const running = transfer;
  const waits = queuesWaiting(settings, clock);
  const rates = new RateMeter(clock);
  return {
    transfer,
    statistics,
    sourceName: source.name,
    sinkName: sink.name,
    health: () => {
      const counted = statistics.snapshot();
      return {
        ...running.progress,
        ...statistics.last,
        ends: ends.map((end) => end()),
        full: [...full.reasons, ...[deadLetters].flatMap((end) => end?.waitingFor ?? [])],
        parked: counted.parked,
        rejected: counted.rejected,
        ...waits(),
        rate: rates.rate(counted),
        counted,
      };
    },
    waiting: () => [...full.reasons, ...[deadLetters, ...supervisors].flatMap((end) => end?.waitingFor ?? [])],
    reloadProcessor: async (fresh) => {
      await processor?.replace(await openProcessor(fresh, processorContext));
      return processor !== undefined;
    },
    close: async () => {
      await deadLetters?.close();
    },
  };
}

function limits(settings: Settings) {
  const { window, windowBytes, count, durationMs, timeouts } = settings;
  const { inactivityMs, lingerMs, flushMs, disconnectMs } = timeouts;
  const closeMs = flushMs + disconnectMs;
  return { window, windowBytes, count, durationMs, inactivityMs, lingerMs, closeMs };
}

type SupervisorOf = (end: SourceSettings | SinkSettings, made: MadeEnd<Source | Sink>) => Supervisor;

/** Does the run end by itself? Then it also ends because of what somebody must mend first. */
function isBounded({ source, loop, count, durationMs, timeouts }: Settings): boolean {
  return (
    endsByItself(source, loop) || count !== undefined || durationMs !== undefined || timeouts.inactivityMs !== undefined
  );
}

function endsByItself(source: SourceSettings, loop: boolean): boolean {
  switch (source.kind) {
    case 'queue':
      return !loop;
    case 'broker':
      return false;
    default:
      return unreachable(source);
  }
}

/** The options of a failover URI win over those of the run. */
function supervisor(
  settings: Settings,
  { clock, logger }: BuildContext,
  end: SourceSettings | SinkSettings,
  allRefused?: () => boolean,
): Supervisor {
  const { delayMs, maxDelayMs, attempts } = settings.reconnect;
  const failover = failoverOf(end);
  const { maxReconnectAttempts: most, useExponentialBackOff, backOffMultiplier = 2 } = failover;
  return new Supervisor({
    delayMs: failover.initialReconnectDelayMs ?? delayMs,
    maxDelayMs: failover.maxReconnectDelayMs ?? maxDelayMs,
    factor: useExponentialBackOff === false ? 1 : backOffMultiplier,
    // as stompclt counts: the first attempt is no reconnection
    attempts: most === undefined ? attempts : most < 0 ? undefined : most + 1,
    bounded: isBounded(settings),
    ...(allRefused && { allRefused }),
    clock,
    logger,
  });
}

function failoverOf(end: SourceSettings | SinkSettings): FailoverOptions {
  switch (end.kind) {
    case 'queue':
      return {};
    case 'broker':
      return failoverOptions(end.broker.uri);
    default:
      return unreachable(end);
  }
}

function makeSource(
  settings: Settings,
  context: BuildContext,
  report: TransferReport,
  deadLetters: DeadLetterSink | undefined,
): MadeEnd<Source> {
  const { source } = settings;
  switch (source.kind) {
    case 'queue':
      return { end: queueSource(source.queue, settings, context, report, deadLetters) };
    case 'broker': {
      const told = { events: report, deadLetters, onDuplicate: report.duplicate };
      return brokerSource(source, settings, context, told);
    }
    default:
      return unreachable(source);
  }
}

function makeSink(
  sink: SinkSettings,
  settings: Settings,
  context: BuildContext,
  full: FullQueues,
  onDuplicate: (name: string) => void,
): MadeEnd<Sink> {
  switch (sink.kind) {
    case 'queue':
      return { end: queueSink(sink.queue, settings, context, full, onDuplicate) };
    case 'broker':
      return brokerSink(sink, settings, context);
    default:
      return unreachable(sink);
  }
}

/** Opens the failure queue. A run without end does not end when that cannot be opened just now: it is tried again. */
async function openDeadLetters(
  settings: Settings,
  context: BuildContext,
  full: FullQueues,
): Promise<DeadLetterSink | undefined> {
  const { failureQueue } = settings;
  if (failureQueue === undefined) return undefined;
  const queue = storingSink(failureQueue, failureQueue.type === 'DQN' ? 'DQN' : 'DQS', settings, context, full);
  const sink = new DeadLetterSink(queue);
  try {
    await sink.open();
  } catch (error) {
    if (isBounded(settings) || !mayComeBack(error)) throw error;
    context.logger.warn('open-retry', `${reasonOf(error)}; tried again at the first rejected message`, {
      end: queue.name,
    });
  }
  return sink;
}

/** A queue that the callback gives copies of messages to. */
async function openTap(path: string, type: string, sync: Settings['sync']): Promise<Sink> {
  if (type !== 'DQS' && type !== 'DQN') {
    throw new StompctlError('CONFIG_INVALID', 'tap', path, `unknown queue type ${type}; known are DQS and DQN`);
  }
  const tap = new QueueSink({ path, type, sync });
  await tap.open();
  return tap;
}
