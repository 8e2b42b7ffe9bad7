import type { Clock } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';
import type { Environment } from '../config/environment.js';
import type { Settings } from '../config/settings.js';
import type { Sink } from '../flow/sink.js';
import type { Source, SourceEvents } from '../flow/source.js';
import type { RunLogger } from '../observe/pino-logger.js';
import { BrokerSink } from '../sinks/broker-sink.js';
import { FailureSink } from '../sinks/failure-sink.js';
import { QueueSink } from '../sinks/queue-sink.js';
import { TapSink } from '../sinks/tap-sink.js';
import { BrokerSource } from '../sources/broker-source.js';
import { Statistics } from '../transfer/statistics.js';
import { SupervisedSink } from '../transfer/supervised-sink.js';
import { SupervisedSource } from '../transfer/supervised-source.js';
import { Supervisor } from '../transfer/supervisor.js';
import { Transfer } from '../transfer/transfer.js';
import { openChecker } from './checker.js';
import { connectionTo, failoverOptions } from './connection.js';
import { FullQueues, queueSink, queueSource, storingSink } from './queue-ends.js';
import { SwappableChecker } from './swappable-checker.js';

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
  /** what the run waits for now: queues that are full, a line each */
  readonly waiting: () => readonly string[];
  /**
   * Puts the callback and rules of other settings in the place of the present ones; false when the run began with none,
   * and so has no place for them. Rejects as `buildTransfer`, and nothing changes then.
   */
  reloadChecker(settings: Settings): Promise<boolean>;
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
  const failureSink = await openFailureSink(settings, context, full);
  let transfer: Transfer | undefined;
  const events = Transfer.eventsFor(() => transfer as Transfer);
  const onReopened = () => statistics.reconnected();

  const inner = makeSource(settings, context, events, failureSink && new FailureSink(failureSink));
  const source = new SupervisedSource(inner, {
    supervisor: supervisor(settings, context, settings.source),
    logger,
    onReopened: () => {
      onReopened();
      // what was parked has gone back to the broker
      statistics.setParked(0);
    },
  });
  const supervised = (end: Settings['sink']) =>
    new SupervisedSink(makeSink(end, settings, context, full), {
      supervisor: supervisor(settings, context, end),
      maxAttempts: settings.maxAttempts,
      logger,
      onReopened,
    });
  const main = supervised(settings.sink);
  const { tapQueue } = settings;
  // each under a supervisor of its own: what one of them is sent again, the other is not
  const sink = tapQueue === undefined ? main : new TapSink(main, supervised({ kind: 'queue', queue: tapQueue }));
  const openTapQueue = (path: string, type: string) => openTap(path, type, settings.sync);
  const checkerContext = { ...context, openTap: openTapQueue };
  const first = await openChecker(settings, checkerContext);
  // without callback and rules at the start none are added later: then a message costs nothing on its way
  const checker = first && new SwappableChecker(first);
  transfer = new Transfer({
    source,
    sink,
    checker,
    statistics,
    clock,
    logger,
    lazy: settings.lazy,
    limits: limits(settings),
  });
  return {
    transfer,
    statistics,
    sourceName: source.name,
    sinkName: sink.name,
    waiting: () => full.reasons,
    reloadChecker: async (fresh) => {
      await checker?.replace(await openChecker(fresh, checkerContext));
      return checker !== undefined;
    },
    close: async () => {
      await failureSink?.close();
    },
  };
}

function limits(settings: Settings) {
  const { window, windowBytes, count, durationMs, maxParked, timeouts } = settings;
  const { inactivityMs, lingerMs } = timeouts;
  return { window, windowBytes, count, durationMs, maxParked, inactivityMs, lingerMs };
}

/** The options of a failover URI win over those of the run. */
function supervisor(
  settings: Settings,
  { clock, logger }: BuildContext,
  end: Settings['source'] | Settings['sink'],
): Supervisor {
  const { delayMs, maxDelayMs, attempts } = settings.reconnect;
  const failover = end.kind === 'broker' ? failoverOptions(end.broker.uri) : {};
  const { maxReconnectAttempts: most, useExponentialBackOff, backOffMultiplier = 2 } = failover;
  // a run over one pass of a queue ends by itself
  const bounded = settings.source.kind === 'queue' && !settings.loop;
  return new Supervisor({
    delayMs: failover.initialReconnectDelayMs ?? delayMs,
    maxDelayMs: failover.maxReconnectDelayMs ?? maxDelayMs,
    factor: useExponentialBackOff === false ? 1 : backOffMultiplier,
    attempts: most === undefined ? attempts : most < 0 ? undefined : Math.max(1, most),
    bounded,
    clock,
    logger,
  });
}

function makeSource(
  settings: Settings,
  context: BuildContext,
  events: SourceEvents,
  failures: FailureSink | undefined,
): Source {
  const { source, window, windowBytes, maxParked, reliable } = settings;
  if (source.kind === 'queue') return queueSource(source.queue, settings, context, events, failures);
  const { connect, name, onSession } = connectionTo(source.broker, settings, context);
  return new BrokerSource({
    name,
    connect,
    onSession,
    subscriptions: source.subscriptions,
    prefetch: source.prefetch,
    reliable,
    window,
    windowBytes,
    maxParked,
    failures,
    events,
    onWarning: (event, text) => context.logger.warn(event, text, { end: name }),
    clock: context.clock,
  });
}

function makeSink(sink: Settings['sink'], settings: Settings, context: BuildContext, full: FullQueues): Sink {
  const { reliable, maxMessageSize, timeouts } = settings;
  if (sink.kind === 'queue') return queueSink(sink.queue, settings, context, full);
  const { connect, name, onSession } = connectionTo(sink.broker, settings, context);
  return new BrokerSink({
    name,
    connect,
    onSession,
    reliable,
    persistent: sink.broker.persistent,
    contentLength: sink.broker.contentLength,
    maxMessageSize,
    flushMs: timeouts.flushMs,
    onWarning: (event, text) => context.logger.warn(event, text, { end: name }),
  });
}

async function openFailureSink(
  settings: Settings,
  context: BuildContext,
  full: FullQueues,
): Promise<QueueSink | undefined> {
  const { failureQueue } = settings;
  if (failureQueue === undefined) return undefined;
  const sink = storingSink(failureQueue, failureQueue.type === 'DQN' ? 'DQN' : 'DQS', settings, context, full);
  await sink.open();
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
