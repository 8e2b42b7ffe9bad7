import type { Clock } from '../base/clock.js';
import { unreachable } from '../base/errors.js';
import type { FailoverOptions } from '../config/broker-uris.js';
import type { Environment } from '../config/formats/environment.js';
import {
  type BrokerSettings,
  type InputSettings,
  inputsOf,
  type MergedSettings,
  type Settings,
  type SeveralSettings,
  type SinkSettings,
  type SourceSettings,
} from '../config/settings.js';
import type { DeadLetters } from '../flow/dead-letters.js';
import type { Sink } from '../flow/sink.js';
import type { SourceEvents, TunableSource } from '../flow/source.js';
import type { MemberGroup, MemberParts } from '../members/member-group.js';
import type { MemberPlace } from '../members/member-watch.js';
import { MergedSource } from '../members/merged-source.js';
import type { Resolver } from '../members/resolver.js';
import type { Logger } from '../observe/logger.js';
import { EverySink } from '../outputs/every-sink.js';
import { FirstSink } from '../outputs/first-sink.js';
import type { OutputsOptions } from '../outputs/output-parts.js';
import { RouteSink } from '../outputs/route-sink.js';
import type { DeadLetterSink } from '../sinks/queue/dead-letter-sink.js';
import { NullSink } from '../sinks/queue/null-sink.js';
import type { TransferReport } from '../transfer/report.js';
import { SupervisedSink } from '../transfer/supervised-sink.js';
import type { ReconnectPolicy } from '../transfer/supervisor.js';
import { failoverOptions, type MadeEnd } from './broker-end.js';
import { commandSink, commandSource } from './command-ends.js';
import { folderSink, folderSource } from './folder-ends.js';
import { type MemberKeeping, memberSink, memberSource } from './member-ends.js';
import { oneBrokerSink, oneBrokerSource } from './one-broker.js';
import { FullQueues, queueSink, queueSource } from './queue-ends.js';
import { supervisedParts } from './supervised-end.js';

export interface EndContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly env: Environment;
  readonly report: TransferReport;
  /** of members of an alias; default: the one of the system */
  readonly resolver?: Resolver;
}

/** An end of a transfer, with who opens it again. */
export interface SupervisedEnd<End> extends MemberParts {
  readonly end: End;
  /** the queue, while it has no room */
  readonly full: FullQueues;
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
  made: MadeEnd<End>,
  policy: ReconnectPolicy,
  context: EndContext,
  full: FullQueues,
): SupervisedEnd<End> {
  return { ...supervisedParts(made, policy, context), end: made.end, full };
}

/** Who hears what a source tells besides messages. */
interface Told {
  readonly events: SourceEvents;
  readonly deadLetters: DeadLetters | undefined;
  readonly onDuplicate: (name: string) => void;
  /** how many are parked at all brokers of the source, when there are fewer than before */
  readonly onParked: (parked: number) => void;
}

function sourceOf(
  settings: Settings,
  context: EndContext,
  deadLetters: DeadLetterSink | undefined,
): MadeEnd<TunableSource> {
  const { source } = settings;
  const { report } = context;
  const onParked = (parked: number) => report.statistics.setParked(parked);
  const told = { events: report, deadLetters, onDuplicate: report.duplicate, onParked };
  if (source.kind === 'merged') return mergedSource(source, settings, context, told);
  return inputOf(source, settings, context, told);
}

function inputOf(source: InputSettings, settings: Settings, context: EndContext, told: Told): MadeEnd<TunableSource> {
  const { events, deadLetters } = told;
  switch (source.kind) {
    case 'queue':
      return { end: queueSource(source.queue, settings, context, events, deadLetters) };
    case 'command':
      return { end: commandSource(source.command, settings, context, events, deadLetters) };
    case 'folder':
      return { end: folderSource(source.folder, settings, context, events, deadLetters) };
    case 'broker':
      return source.broker.members === 'all'
        ? memberSource(source, settings, context, told, keepingOf(settings, source, context.report))
        : oneBrokerSource(source, settings, context, told);
    default:
      return unreachable(source);
  }
}

function mergedSource(
  { inputs }: MergedSettings,
  settings: Settings,
  context: EndContext,
  told: Told,
): MadeEnd<TunableSource> {
  const { window, windowBytes, maxParked, timeouts } = settings;
  const { clock, logger, report } = context;
  const { events, deadLetters, onParked } = told;
  const merged = new MergedSource<MemberPlace & { readonly source: InputSettings }>({
    name: `inputs ${inputs.map(({ name }) => name).join(', ')}`,
    called: 'input',
    watch: { fixed: inputs.map(({ name, source }) => ({ key: name, source })) },
    limits: { window, windowBytes, maxParked, deadLetters },
    events,
    onParked,
    onReopened: report.reconnected,
    lingerMs: timeouts.lingerMs,
    closeMs: timeouts.flushMs + timeouts.disconnectMs,
    clock,
    logger,
    make: ({ source }, limits, ofInput, parkedThere) => {
      const toldOne = { ...told, events: ofInput, deadLetters: limits.deadLetters, onParked: parkedThere };
      const made = inputOf(source, { ...settings, ...limits }, context, toldOne);
      const { configure, ...parts } = supervisedParts(made, reconnectPolicy(settings, source), context);
      return { ...parts, source: made.end, configure: (policy) => configure(withFailover(policy, source)) };
    },
  });
  return { end: merged, group: merged, secretsChanged: () => merged.secretsChanged() };
}

function sinkOf(sink: SinkSettings, settings: Settings, context: EndContext, full: FullQueues): MadeEnd<Sink> {
  switch (sink.kind) {
    case 'queue':
      return { end: queueSink(sink.queue, settings, context, full, context.report.duplicate) };
    case 'broker':
      return sink.broker.members === 'all'
        ? memberSink(sink, settings, context, keepingOf(settings, sink, context.report))
        : oneBrokerSink(sink, settings, context);
    case 'folder':
      return { end: folderSink(sink.folder, settings) };
    case 'command':
      return commandSink(sink.command, settings, context, (broker) => replySink(broker, settings, context));
    case 'several':
      return severalSinks(sink, settings, context, full);
    default:
      return unreachable(sink);
  }
}

function severalSinks(
  { deliver, outputs }: SeveralSettings,
  settings: Settings,
  context: EndContext,
  full: FullQueues,
): MadeEnd<Sink> {
  const { logger, report } = context;
  const options: OutputsOptions = {
    outputs: outputs.map(({ name, sink }) => {
      const made = sinkOf(sink, settings, context, full);
      const { configure, ...parts } = supervisedParts(made, reconnectPolicy(settings, sink), context);
      return { ...parts, name, end: made.end, configure: (policy) => configure(withFailover(policy, sink)) };
    }),
    maxAttempts: settings.maxAttempts,
    onReopened: report.reconnected,
    logger,
  };
  const end: Sink & MemberGroup = new SINKS[deliver](options);
  return { end, group: end, allNeeded: deliver !== 'first', secretsChanged: () => end.secretsChanged() };
}

const SINKS = { first: FirstSink, every: EverySink, route: RouteSink } as const;

function keepingOf(settings: Settings, end: SourceSettings | SinkSettings, report: TransferReport): MemberKeeping {
  return { policy: reconnectPolicy(settings, end), onReopened: report.reconnected };
}

/** Where the replies of a command go: over a session of its own, which outlives losses as any end does. */
function replySink(broker: BrokerSettings, settings: Settings, context: EndContext): MadeEnd<Sink> {
  const to = { kind: 'broker', broker, replies: true } as const;
  const { end, supervisor, secretsChanged } = makeSink(to, settings, context);
  const { maxAttempts } = settings;
  const { logger, report } = context;
  const sink = new SupervisedSink(end, { supervisor, maxAttempts, logger, onReopened: report.reconnected });
  return { end: sink, secretsChanged };
}

/** Does the run end by itself? Then it also ends because of what somebody must mend first. */
export function isBounded(settings: Settings): boolean {
  const { loop, count, durationMs, timeouts } = settings;
  const ended = inputsOf(settings).every((source) => endsByItself(source, loop));
  return ended || count !== undefined || durationMs !== undefined || timeouts.inactivityMs !== undefined;
}

function endsByItself(source: InputSettings, loop: boolean): boolean {
  switch (source.kind) {
    case 'queue':
    case 'folder':
    case 'command':
      return !loop;
    case 'broker':
      return false;
    default:
      return unreachable(source);
  }
}

/** The options of a failover URI win over those of the run. */
export function reconnectPolicy(settings: Settings, end: SourceSettings | SinkSettings): ReconnectPolicy {
  return withFailover(policyOfQueue(settings), end);
}

function withFailover(policy: ReconnectPolicy, end: SourceSettings | SinkSettings): ReconnectPolicy {
  const { delayMs, maxDelayMs, attempts, bounded } = policy;
  const failover = failoverOf(end);
  const { maxReconnectAttempts: most, useExponentialBackOff, backOffMultiplier = 2 } = failover;
  return {
    delayMs: failover.initialReconnectDelayMs ?? delayMs,
    maxDelayMs: failover.maxReconnectDelayMs ?? maxDelayMs,
    factor: useExponentialBackOff === false ? 1 : backOffMultiplier,
    // as stompclt counts: the first attempt is no reconnection
    attempts: most === undefined ? attempts : most < 0 ? undefined : most + 1,
    bounded,
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
    case 'merged':
    case 'several':
      return {};
    default:
      return unreachable(end);
  }
}
