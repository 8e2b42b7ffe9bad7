import type { Clock } from '../base/clock.js';
import { unreachable } from '../base/errors.js';
import type { FailoverOptions } from '../config/broker-uris.js';
import type { Environment } from '../config/formats/environment.js';
import type { BrokerSettings, Settings, SeveralSettings, SinkSettings, SourceSettings } from '../config/settings.js';
import type { Sink } from '../flow/sink.js';
import type { TunableSource } from '../flow/source.js';
import { groupState, type MemberGroup } from '../members/member-group.js';
import type { Resolver } from '../members/resolver.js';
import type { Logger } from '../observe/logger.js';
import { EverySink } from '../outputs/every-sink.js';
import { FirstSink } from '../outputs/first-sink.js';
import type { OutputsOptions } from '../outputs/output-parts.js';
import { outputsState } from '../outputs/outputs-state.js';
import { RouteSink } from '../outputs/route-sink.js';
import type { DeadLetterSink } from '../sinks/queue/dead-letter-sink.js';
import { NullSink } from '../sinks/queue/null-sink.js';
import type { TransferReport } from '../transfer/report.js';
import { SupervisedSink } from '../transfer/supervised-sink.js';
import { type EndState, type ReconnectPolicy, Supervisor } from '../transfer/supervisor.js';
import type { SessionFacts } from '../transfer/verdict.js';
import { failoverOptions, type MadeEnd } from './broker-end.js';
import { commandSink, commandSource } from './command-ends.js';
import { folderSink, folderSource } from './folder-ends.js';
import { type MemberKeeping, memberSink, memberSource } from './member-ends.js';
import { oneBrokerSink, oneBrokerSource } from './one-broker.js';
import { FullQueues, queueSink, queueSource } from './queue-ends.js';

export interface EndContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly env: Environment;
  readonly report: TransferReport;
  /** of members of an alias; default: the one of the system */
  readonly resolver?: Resolver;
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
  readonly state: () => EndState;
  /** what is waited for now, a line each */
  readonly waitingFor: () => readonly string[];
  /** Another policy of reconnecting from the next attempt on. */
  readonly configure: (policy: ReconnectPolicy) => void;
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
  { end, group, allNeeded = false, allRefused, secretsChanged, session }: MadeEnd<End>,
  policy: ReconnectPolicy,
  { clock, logger }: EndContext,
  full: FullQueues,
): SupervisedEnd<End> {
  const ofGroup = group && { givenUp: () => group.givenUp };
  const supervisor = new Supervisor({ ...policy, ...(allRefused && { allRefused }), ...ofGroup, clock, logger });
  const stateOf = allNeeded ? outputsState : groupState;
  return {
    state: () => (group === undefined ? supervisor.state : stateOf(supervisor.state, group.facts())),
    waitingFor: () => [...[supervisor.waitingFor ?? []].flat(), ...(group?.waitingFor() ?? [])],
    configure: (other) => {
      supervisor.configure(other);
      group?.configure(other);
    },
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
  const told = { events: report, deadLetters, onDuplicate: report.duplicate };
  const onParked = (parked: number) => report.statistics.setParked(parked);
  switch (source.kind) {
    case 'queue':
      return { end: queueSource(source.queue, settings, context, report, deadLetters) };
    case 'command':
      return { end: commandSource(source.command, settings, context, report, deadLetters) };
    case 'folder':
      return { end: folderSource(source.folder, settings, context, report, deadLetters) };
    case 'broker':
      return source.broker.members === 'all'
        ? memberSource(source, settings, context, { ...told, onParked }, keepingOf(settings, source, report))
        : oneBrokerSource(source, settings, context, told);
    default:
      return unreachable(source);
  }
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
      const { configure, ...parts } = supervised(made, reconnectPolicy(settings, sink), context, full);
      return { ...parts, name, configure: (policy) => configure(withFailover(policy, sink)) };
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
    case 'several':
      return {};
    default:
      return unreachable(end);
  }
}
