import type { Clock } from '../base/clock.js';
import { reasonOf, StompctlError } from '../base/errors.js';
import type { Environment } from '../config/formats/environment.js';
import type { Settings } from '../config/settings.js';
import type { Sink } from '../flow/sink.js';
import type { Source, SourceEvents } from '../flow/source.js';
import type { RunLogger } from '../observe/pino-logger.js';
import { BrokerSink } from '../sinks/broker/broker-sink.js';
import { DeadLetterSink } from '../sinks/queue/dead-letter-sink.js';
import { QueueSink } from '../sinks/queue/queue-sink.js';
import { TapSink } from '../sinks/queue/tap-sink.js';
import { BrokerSource } from '../sources/broker/broker-source.js';
import { QueueBacklog } from '../sources/queue/backlog.js';
import { Statistics } from '../transfer/statistics.js';
import { SupervisedSink } from '../transfer/supervised-sink.js';
import { SupervisedSource } from '../transfer/supervised-source.js';
import { mayComeBack, Supervisor } from '../transfer/supervisor.js';
import { Transfer } from '../transfer/transfer.js';
import type { EndFacts, HealthFacts } from '../transfer/verdict.js';
import { brokerEnd, failoverOptions } from './broker-end.js';
import { openProcessor } from './open-processor.js';
import { FullQueues, queueSink, queueSource, storingSink } from './queue-ends.js';
import { SwappableProcessor } from './swappable-processor.js';

export interface BuildContext {
  readonly clock: Clock;
  readonly logger: RunLogger;
  readonly env: Environment;
  /** what a callback prints; a promise that it gives is waited for */
  readonly print: (text: string) => unknown;
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
  const full = new FullQueues();
  const supervisors: Supervisor[] = [];
  const ends: (() => EndFacts)[] = [];
  const supervisorOf: SupervisorOf = (end, name, allRefused) => {
    const made = supervisor(settings, context, end, allRefused);
    supervisors.push(made);
    const role = end === settings.source ? 'source' : end === settings.sink ? 'sink' : 'tap';
    ends.push(() => ({ role, name, ...made.state }));
    return made;
  };
  const deadLetters = await openDeadLetters(settings, context, full);
  let transfer: Transfer | undefined;
  const events = Transfer.eventsFor(() => transfer as Transfer);
  const onReopened = () => statistics.reconnected();

  const onDuplicate = (name: string) => {
    statistics.duplicate();
    logger.debug('duplicate', `${name} came again though it is safe, and was acknowledged`, { delivery: name });
  };
  const inner = makeSource(settings, context, events, deadLetters, onDuplicate);
  const source = new SupervisedSource(inner.end, {
    supervisor: supervisorOf(settings.source, inner.end.name, inner.allRefused),
    logger,
    onReopened: () => {
      onReopened();
      // what was parked has gone back to the broker
      statistics.setParked(0);
    },
  });
  const supervised = (to: Settings['sink']) => {
    const { end, allRefused } = makeSink(to, settings, context, full, onDuplicate);
    const { maxAttempts } = settings;
    return new SupervisedSink(end, {
      supervisor: supervisorOf(to, end.name, allRefused),
      maxAttempts,
      logger,
      onReopened,
    });
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
  transfer = new Transfer({
    source,
    sink,
    processor,
    statistics,
    clock,
    logger,
    lazy: settings.lazy,
    limits: limits(settings),
    giveUp: async () => deadLetters?.close(),
  });
  const running = transfer;
  const backlog = backlogOf(settings, clock);
  return {
    transfer,
    statistics,
    sourceName: source.name,
    sinkName: sink.name,
    health: () => ({
      ...running.progress,
      ...statistics.last,
      ends: ends.map((end) => end()),
      full: [...full.reasons, ...[deadLetters].flatMap((end) => end?.waitingFor ?? [])],
      parked: statistics.snapshot().parked,
      rejected: statistics.snapshot().rejected,
      backlog: backlog?.sample(),
    }),
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

/** Of a queue that is only browsed everything stays: its number says nothing. */
function backlogOf({ source, remove }: Settings, clock: Clock): QueueBacklog | undefined {
  if (source.kind !== 'queue' || source.queue.type === 'NULL' || !remove) return undefined;
  return new QueueBacklog(source.queue.path, source.queue.type, clock);
}

function limits(settings: Settings) {
  const { window, windowBytes, count, durationMs, maxParked, timeouts } = settings;
  const { inactivityMs, lingerMs, flushMs, disconnectMs } = timeouts;
  const closeMs = flushMs + disconnectMs;
  return { window, windowBytes, count, durationMs, maxParked, inactivityMs, lingerMs, closeMs };
}

type SupervisorOf = (
  end: Settings['source'] | Settings['sink'],
  name: string,
  allRefused?: () => boolean,
) => Supervisor;

/** One end, and what its supervisor needs to know of a list of brokers. */
interface MadeEnd<End> {
  readonly end: End;
  readonly allRefused?: () => boolean;
}

/** Does the run end by itself? Then it also ends because of what somebody must mend first. */
function isBounded({ source, loop, count, durationMs, timeouts }: Settings): boolean {
  const onePass = source.kind === 'queue' && !loop;
  return onePass || count !== undefined || durationMs !== undefined || timeouts.inactivityMs !== undefined;
}

/** The options of a failover URI win over those of the run. */
function supervisor(
  settings: Settings,
  { clock, logger }: BuildContext,
  end: Settings['source'] | Settings['sink'],
  allRefused?: () => boolean,
): Supervisor {
  const { delayMs, maxDelayMs, attempts } = settings.reconnect;
  const failover = end.kind === 'broker' ? failoverOptions(end.broker.uri) : {};
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

function makeSource(
  settings: Settings,
  context: BuildContext,
  events: SourceEvents,
  deadLetters: DeadLetterSink | undefined,
  onDuplicate: (name: string) => void,
): MadeEnd<Source> {
  const { source, window, windowBytes, maxParked, reliable } = settings;
  if (source.kind === 'queue') return { end: queueSource(source.queue, settings, context, events, deadLetters) };
  const { connect, name, onSession, allRefused } = brokerEnd(source.broker, settings, context);
  const end = new BrokerSource({
    name,
    connect,
    onSession,
    subscriptions: source.subscriptions,
    prefetch: source.prefetch,
    reliable,
    window,
    windowBytes,
    maxParked,
    deadLetters,
    events,
    onDuplicate,
    onWarning: (event, text) => context.logger.warn(event, text, { end: name }),
    clock: context.clock,
  });
  return { end, allRefused };
}

function makeSink(
  sink: Settings['sink'],
  settings: Settings,
  context: BuildContext,
  full: FullQueues,
  onDuplicate: (name: string) => void,
): MadeEnd<Sink> {
  const { reliable, maxMessageSize, timeouts } = settings;
  if (sink.kind === 'queue') return { end: queueSink(sink.queue, settings, context, full, onDuplicate) };
  const { connect, name, onSession, allRefused } = brokerEnd(sink.broker, settings, context);
  const end = new BrokerSink({
    name,
    connect,
    onSession,
    reliable,
    persistent: sink.broker.persistent,
    contentLength: sink.broker.contentLength,
    maxMessageSize,
    flushMs: timeouts.flushMs,
    onWarning: (event, text) => context.logger.warn(event, text, { end: name }),
    clock: context.clock,
  });
  return { end, allRefused };
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
