import { reasonOf, StompctlError } from '../base/errors.js';
import { hostPort } from '../base/host-port.js';
import { unlessCalledOff } from '../base/wait.js';
import { parseBrokerUri, saysPort, withPort } from '../config/broker-uri.js';
import { brokerUris } from '../config/broker-uris.js';
import type { BrokerSettings, Settings, SinkSettings, SourceSettings } from '../config/settings.js';
import type { SourceEvents, SourceLimits } from '../flow/source.js';
import type { Found, MemberPlace } from '../members/member-watch.js';
import { MergedSource } from '../members/merged-source.js';
import { addressesBehind, type Resolver, systemResolver } from '../members/resolver.js';
import { SpreadSink } from '../members/spread-sink.js';
import { shownUri } from '../observe/mask.js';
import type { BrokerSourceOptions } from '../sources/broker/broker-source.js';
import { parseSocketOptions } from '../stomp/transport/socket-options.js';
import type { ReconnectPolicy } from '../transfer/supervisor.js';
import type { BrokerEndContext, MadeEnd } from './broker-end.js';
import { oneBrokerSink, oneBrokerSource } from './one-broker.js';
import { supervisedParts } from './supervised-end.js';

export interface MemberContext extends BrokerEndContext {
  /** default: the one of the system */
  readonly resolver?: Resolver;
}

/** How the ends of members are kept open. */
export interface MemberKeeping {
  readonly policy: ReconnectPolicy;
  /** called at each opening of a member after its first */
  readonly onReopened: () => void;
}

export interface BrokerPlace extends MemberPlace {
  readonly broker: BrokerSettings;
  readonly address: string;
}

const UNRESOLVED = ['the members were not looked up', 'is the name server reachable?'] as const;

const AMQP_SERVICES = { tcp: '_amqp._tcp', tls: '_amqps._tcp' } as const;
/** SRV names; those of WebSocket are of HTTP, which has none. */
const SERVICES: Readonly<Record<BrokerSettings['protocol'], Readonly<Record<string, string>>>> = {
  stomp: { tcp: '_stomp._tcp', tls: '_stomps._tcp' },
  amqp: AMQP_SERVICES,
  amqp091: AMQP_SERVICES,
  amqp1: AMQP_SERVICES,
};

type BrokerSourceSettings = Extract<SourceSettings, { kind: 'broker' }>;
type BrokerSinkSettings = Extract<SinkSettings, { kind: 'broker' }>;

/** A source that receives from all members; `told` as for one broker, and who hears how many are parked at all of them. */
export function memberSource(
  source: BrokerSourceSettings,
  settings: Settings,
  context: MemberContext,
  told: Pick<BrokerSourceOptions, 'events' | 'deadLetters' | 'onDuplicate'> & {
    readonly onParked: (n: number) => void;
  },
  keeping: MemberKeeping,
): MadeEnd<MergedSource<BrokerPlace>> {
  const { window, windowBytes, maxParked } = settings;
  const { events, deadLetters, onDuplicate, onParked } = told;
  const merged = new MergedSource<BrokerPlace>({
    ...common(source.broker, settings, context),
    limits: { window, windowBytes, maxParked, deadLetters },
    events,
    onParked,
    onReopened: keeping.onReopened,
    make: ({ broker, address }, limits: SourceLimits, ofMember: SourceEvents) => {
      const made = oneBrokerSource(
        { ...source, broker },
        { ...settings, ...limits },
        { ...context, address },
        { events: ofMember, deadLetters: limits.deadLetters, ...(onDuplicate && { onDuplicate }) },
      );
      return { source: made.end, ...supervisedParts(made, keeping.policy, context) };
    },
  });
  return { end: merged, group: merged, secretsChanged: () => merged.secretsChanged() };
}

/** A sink that sends to those members that are up. */
export function memberSink(
  sink: BrokerSinkSettings,
  settings: Settings,
  context: MemberContext,
  keeping: MemberKeeping,
): MadeEnd<SpreadSink<BrokerPlace>> {
  const spread = new SpreadSink<BrokerPlace>({
    ...common(sink.broker, settings, context),
    onReopened: keeping.onReopened,
    make: ({ broker, address }) => {
      const made = oneBrokerSink({ ...sink, broker }, settings, { ...context, address });
      return { sink: made.end, ...supervisedParts(made, keeping.policy, context) };
    },
  });
  return { end: spread, group: spread, secretsChanged: () => spread.secretsChanged() };
}

function common(broker: BrokerSettings, settings: Settings, context: MemberContext) {
  const { clock, logger } = context;
  const { lingerMs, flushMs, disconnectMs, connectMs } = settings.timeouts;
  const name = `broker ${shownUri(broker.uri)}`;
  const lookUp = () => membersOf(broker, context, connectMs);
  return {
    name,
    called: 'member' as const,
    watch: { lookUp, intervalMs: broker.resolveMs },
    lingerMs,
    closeMs: flushMs + disconnectMs,
    clock,
    logger,
  };
}

/**
 * Who is behind the URI now: each address of each broker that it names. Rejects only where nothing could be looked up because the URI,
 * or the file that it names, is wrong.
 */
export async function membersOf(
  broker: BrokerSettings,
  { clock, resolver = systemResolver }: Pick<MemberContext, 'clock' | 'resolver'>,
  timeoutMs: number,
): Promise<Found<BrokerPlace>> {
  const name = `broker ${shownUri(broker.uri)}`;
  const { uris } = await unlessCalledOff(brokerUris(broker.uri), { name, clock, timeoutMs, late: UNRESOLVED });
  const family = parseSocketOptions(broker.sockopts).family ?? 0;
  let incomplete: StompctlError | undefined;
  const found = await Promise.all(
    uris.map(async (uri) => {
      const one = `broker ${shownUri(uri)}`;
      try {
        const callOff = { name: one, clock, timeoutMs, late: UNRESOLVED };
        return await unlessCalledOff(placesOf({ ...broker, uri }, family, resolver), callOff);
      } catch (error) {
        incomplete ??= asUnknown(error, one);
        return [];
      }
    }),
  );
  return { places: found.flat(), incomplete };
}

async function placesOf(broker: BrokerSettings, family: 0 | 4 | 6, resolver: Resolver): Promise<BrokerPlace[]> {
  const { uri } = broker;
  const { transport, host, port: defaultPort, path, vhost } = parseBrokerUri(uri);
  const port = saysPort(uri) ? defaultPort : undefined;
  const found = await addressesBehind(
    { host, port, defaultPort, service: SERVICES[broker.protocol][transport], family },
    resolver,
  );
  return found.map((member) => {
    const of = port === undefined && member.port !== defaultPort ? withPort(uri, member.port) : uri;
    const key = `${transport}://${hostPort(member.address, member.port)}${path}${vhost === '/' ? '' : `/${vhost}`}`;
    return { key, broker: { ...broker, uri: of }, address: member.address };
  });
}

function asUnknown(error: unknown, name: string): StompctlError {
  if (error instanceof StompctlError) return error;
  const reason = `${reasonOf(error)}; is the name right, and the name server reachable?`;
  return new StompctlError('HOST_UNKNOWN', 'look up', name, reason, error);
}
