import type { Clock } from '../base/clock.js';
import { unreachable } from '../base/errors.js';
import type { FailoverOptions } from '../config/broker-uris.js';
import type { Environment } from '../config/formats/environment.js';
import type { BrokerSettings, Settings, SinkSettings, SourceSettings } from '../config/settings.js';
import type { Sink } from '../flow/sink.js';
import type { TunableSource } from '../flow/source.js';
import type { Logger } from '../observe/logger.js';
import type { DeadLetterSink } from '../sinks/queue/dead-letter-sink.js';
import { NullSink } from '../sinks/queue/null-sink.js';
import type { TransferReport } from '../transfer/report.js';
import { SupervisedSink } from '../transfer/supervised-sink.js';
import { type ReconnectPolicy, Supervisor } from '../transfer/supervisor.js';
import type { SessionFacts } from '../transfer/verdict.js';
import { amqpSink, amqpSource } from './amqp-end.js';
import { brokerSink, brokerSource, failoverOptions, type MadeEnd } from './broker-end.js';
import { commandSink } from './command-end.js';
import { folderSink, folderSource } from './folder-ends.js';
import { FullQueues, queueSink, queueSource } from './queue-ends.js';

export interface EndContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly env: Environment;
  readonly report: TransferReport;
}

/** An end of a transfer, with who opens it again. */
export interface SupervisedEnd<End> {
  readonly end: End;
  readonly supervisor: Supervisor;
  /** the queue, while it has no room */
  readonly full: FullQueues;
  /** see `BrokerEnd.secretsChanged` */
  readonly secretsChanged: () => Promise<boolean>;
  /** of a broker: what the last session was with */
  readonly session: () => SessionFacts | undefined;
}

/** What the settings have the run read from. Nothing is opened yet. */
export function makeSource(
  settings: Settings,
  context: EndContext,
  deadLetters: DeadLetterSink | undefined,
): SupervisedEnd<TunableSource> {
  const policy = reconnectPolicy(settings, settings.source);
  return supervised(sourceOf(settings, context, deadLetters), policy, context, new FullQueues());
}

/** A place that the settings have the run write to. Nothing is opened yet. */
export function makeSink(to: SinkSettings, settings: Settings, context: EndContext): SupervisedEnd<Sink> {
  const full = new FullQueues();
  return supervised(sinkOf(to, settings, context, full), reconnectPolicy(settings, to), context, full);
}

/** A sink that swallows, in the place of a tap that is no longer wanted. */
export function makeNowhere(settings: Settings, context: EndContext): SupervisedEnd<Sink> {
  return supervised({ end: new NullSink() }, policyOfQueue(settings), context, new FullQueues());
}

function supervised<End>(
  { end, allRefused, secretsChanged, session }: MadeEnd<End>,
  policy: ReconnectPolicy,
  { clock, logger }: EndContext,
  full: FullQueues,
): SupervisedEnd<End> {
  const supervisor = new Supervisor({ ...policy, ...(allRefused && { allRefused }), clock, logger });
  return {
    end,
    supervisor,
    full,
    secretsChanged: secretsChanged ?? (async () => false),
    session: session ?? (() => undefined),
  };
}

function sourceOf(
  settings: Settings,
  context: EndContext,
  deadLetters: DeadLetterSink | undefined,
): MadeEnd<TunableSource> {
  const { source } = settings;
  const { report } = context;
  switch (source.kind) {
    case 'queue':
      return { end: queueSource(source.queue, settings, context, report, deadLetters) };
    case 'folder':
      return { end: folderSource(source.folder, settings, context, report, deadLetters) };
    case 'broker':
      if (source.broker.protocol === 'amqp091') {
        return amqpSource(source, settings, context, { events: report, deadLetters });
      }
      return brokerSource(source, settings, context, { events: report, deadLetters, onDuplicate: report.duplicate });
    default:
      return unreachable(source);
  }
}

function sinkOf(sink: SinkSettings, settings: Settings, context: EndContext, full: FullQueues): MadeEnd<Sink> {
  switch (sink.kind) {
    case 'queue':
      return { end: queueSink(sink.queue, settings, context, full, context.report.duplicate) };
    case 'broker':
      if (sink.broker.protocol === 'amqp091') return amqpSink(sink, settings, context);
      return brokerSink(sink, settings, context);
    case 'folder':
      return { end: folderSink(sink.folder, settings) };
    case 'command':
      return commandSink(sink.command, settings, context, (broker) => replySink(broker, settings, context));
    default:
      return unreachable(sink);
  }
}

/** Where the replies of a command go: over a session of its own, which outlives losses as any end does. */
function replySink(broker: BrokerSettings, settings: Settings, context: EndContext): MadeEnd<Sink> {
  const to = { kind: 'broker', broker } as const;
  const { end, supervisor, secretsChanged } = makeSink(to, settings, context);
  const { maxAttempts } = settings;
  const { logger, report } = context;
  const sink = new SupervisedSink(end, { supervisor, maxAttempts, logger, onReopened: report.reconnected });
  return { end: sink, secretsChanged };
}

/** Does the run end by itself? Then it also ends because of what somebody must mend first. */
export function isBounded({ source, loop, count, durationMs, timeouts }: Settings): boolean {
  return (
    endsByItself(source, loop) || count !== undefined || durationMs !== undefined || timeouts.inactivityMs !== undefined
  );
}

function endsByItself(source: SourceSettings, loop: boolean): boolean {
  switch (source.kind) {
    case 'queue':
    case 'folder':
      return !loop;
    case 'broker':
      return false;
    default:
      return unreachable(source);
  }
}

/** The options of a failover URI win over those of the run. */
export function reconnectPolicy(settings: Settings, end: SourceSettings | SinkSettings): ReconnectPolicy {
  const { delayMs, maxDelayMs, attempts } = policyOfQueue(settings);
  const failover = failoverOf(end);
  const { maxReconnectAttempts: most, useExponentialBackOff, backOffMultiplier = 2 } = failover;
  return {
    delayMs: failover.initialReconnectDelayMs ?? delayMs,
    maxDelayMs: failover.maxReconnectDelayMs ?? maxDelayMs,
    factor: useExponentialBackOff === false ? 1 : backOffMultiplier,
    // as stompclt counts: the first attempt is no reconnection
    attempts: most === undefined ? attempts : most < 0 ? undefined : most + 1,
    bounded: isBounded(settings),
  };
}

/** Of a queue there is nothing else that could say. */
export function policyOfQueue(settings: Settings): ReconnectPolicy {
  return { ...settings.reconnect, bounded: isBounded(settings) };
}

function failoverOf(end: SourceSettings | SinkSettings): FailoverOptions {
  switch (end.kind) {
    case 'queue':
    case 'folder':
      return {};
    case 'broker':
      return failoverOptions(end.broker.uri);
    case 'command':
      return {};
    default:
      return unreachable(end);
  }
}
