import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';
import { unlessCalledOff } from '../base/wait.js';
import { parseBrokerUri, uriScheme } from '../config/broker-uri.js';
import { brokerUris, checkProtocol, type FailoverOptions, parseFailover } from '../config/broker-uris.js';
import { resolveCredentials } from '../config/credential.js';
import type { Environment } from '../config/formats/environment.js';
import type { BrokerSettings, Settings, SinkSettings, SourceSettings } from '../config/settings.js';
import type { MemberGroup } from '../members/member-group.js';
import type { Logger } from '../observe/logger.js';
import { shownUri } from '../observe/mask.js';
import type { BrokerRequester } from '../sinks/broker/broker-requester.js';
import { BrokerSink, type BrokerSinkOptions, type SinkWarning } from '../sinks/broker/broker-sink.js';
import type { AmqpSinkWarning } from '../sinks/broker/persistence.js';
import { stompRequester } from '../sinks/broker/stomp-requester.js';
import { BrokerSource, type BrokerSourceOptions, type SourceWarning } from '../sources/broker/broker-source.js';
import type { StompSession } from '../stomp/session.js';
import type { SeenFrame, SessionOptions } from '../stomp/session-options.js';
import { EndpointChooser } from '../stomp/transport/endpoint-chooser.js';
import { connectTimeoutMs, parseSocketOptions } from '../stomp/transport/socket-options.js';
import { readTlsFiles } from '../stomp/transport/tls-files.js';
import type { Endpoint } from '../stomp/transport/transport.js';
import type { SessionFacts } from '../transfer/verdict.js';
import { RefusedLogins } from './refused-logins.js';

export interface BrokerEndContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly env: Environment;
  /** of a member of an alias: the address that the name of the URI stands for here */
  readonly address?: string;
}

/** What is told of a session, whatever it speaks. */
export type OpenSession = Pick<StompSession, 'server' | 'peer' | 'certificateExpiry'> & {
  readonly version: string;
  readonly dialect?: Pick<StompSession['dialect'], 'type'>;
};

/** What both ends of a transfer need of a broker: its name in logs, and what to do at each opening. */
export interface BrokerEnd {
  /** `broker stomp://host:61613` */
  readonly name: string;
  /** Reads the credentials again and gives the options of one session. */
  readonly connect: (signal?: AbortSignal) => Promise<SessionOptions>;
  readonly onSession: (session: OpenSession) => void;
  /**
   * Would the next session log in otherwise than the last one did: with another name, password, key or certificate?
   * False when none was tried so far. Rejects when they cannot be read, or no session can be had with them whatever the broker says.
   */
  readonly secretsChanged: () => Promise<boolean>;
  /** what the last session was with; undefined: there was none */
  readonly session: () => SessionFacts | undefined;
  /** To be asked after a refused login: has every broker of the list refused it since the last session? */
  readonly allRefused: () => boolean;
}

const UNREAD = ['its addresses, passwords and certificates were not read', 'is a file system stuck?'] as const;
/** One end of a transfer, and what its supervisor needs to know of a list of brokers. */
export interface MadeEnd<End> {
  readonly end: End;
  /** of an end that stands for several brokers */
  readonly group?: MemberGroup;
  /** none of the group stands in for another: the end is away when one of them is */
  readonly allNeeded?: boolean;
  readonly secretsChanged?: BrokerEnd['secretsChanged'];
  readonly allRefused?: () => boolean;
  readonly session?: () => SessionFacts | undefined;
}

export type BrokerSourceSettings = Extract<SourceSettings, { kind: 'broker' }>;
export type BrokerSinkSettings = Extract<SinkSettings, { kind: 'broker' }>;

/** A source that receives from the broker; `told` is who hears what it tells besides messages. */
export function brokerSource(
  { broker, subscriptions, prefetch }: BrokerSourceSettings,
  settings: Settings,
  context: BrokerEndContext,
  told: Pick<BrokerSourceOptions, 'events' | 'deadLetters' | 'onDuplicate' | 'onLook'>,
): MadeEnd<BrokerSource> {
  const { window, windowBytes, maxParked, reliable } = settings;
  const { allRefused, secretsChanged, session, ...common } = sessionsOf(broker, settings, context);
  const limits = { prefetch, window, windowBytes, maxParked };
  const end = new BrokerSource({ ...common, ...told, ...limits, subscriptions, reliable });
  return { end, allRefused, secretsChanged, session };
}

/** A sink that sends to the broker. */
export function brokerSink(
  { broker }: BrokerSinkSettings,
  settings: Settings,
  context: BrokerEndContext,
): MadeEnd<BrokerSink> {
  const { options, ...known } = sinkParts(broker, settings, context);
  return { end: new BrokerSink(options), ...known };
}

/** Sends requests to the broker over STOMP, and waits for their replies. */
export function brokerRequester(
  { broker }: BrokerSinkSettings,
  settings: Settings,
  context: BrokerEndContext,
): BrokerRequester {
  return stompRequester(sinkParts(broker, settings, context).options);
}

function sinkParts(broker: BrokerSettings, settings: Settings, context: BrokerEndContext) {
  const { reliable, maxMessageSize, timeouts } = settings;
  const { persistent, contentLength } = broker;
  const { allRefused, secretsChanged, session, ...common } = sessionsOf(broker, settings, context);
  const limits = { maxMessageSize, flushMs: timeouts.flushMs };
  const options: BrokerSinkOptions = { ...common, ...limits, reliable, persistent, contentLength };
  return { options, allRefused, secretsChanged, session };
}

/** What sources and sinks have in common. */
export function sessionsOf(broker: BrokerSettings, settings: Settings, context: BrokerEndContext) {
  const { clock, logger } = context;
  const { name, ...rest } = brokerEnd(broker, settings, context);
  const onWarning = (event: SinkWarning | SourceWarning | AmqpSinkWarning, text: string) =>
    logger.warn(event, text, { end: name });
  return { ...rest, name, clock, onWarning };
}

/** a certificate that ends sooner is warned of */
const EXPIRES_SOON_MS = 30 * 24 * 3600 * 1000;

export function brokerEnd(broker: BrokerSettings, settings: Settings, context: BrokerEndContext): BrokerEnd {
  const { clock, logger, address } = context;
  const name = `broker ${shownUri(broker.uri)}${address === undefined ? '' : ` [${address}]`}`;
  const { timeouts } = settings;
  const chooser = new EndpointChooser({ randomize: failoverOptions(broker.uri).randomize ?? isFailover(broker.uri) });
  // once: the same files are looked at again at each attempt
  const warned = new Set<string>();
  const warn = (text: string) => {
    if (!warned.has(text)) logger.warn('credential', text, { end: name });
    warned.add(text);
  };
  // once each until there is a session: where nobody listens they are tried every few seconds
  const chosen = new Set<string>();
  const tellChosen = (uri: string, text: string, of: number) => {
    if (of > 1 && !chosen.has(uri)) logger.info('broker-chosen', text, { end: name, uri, of });
    chosen.add(uri);
  };
  const refused = new RefusedLogins();
  let last: SessionFacts | undefined;
  let used: { readonly over: Endpoint; readonly digest: string } | undefined;
  const secretsFor = async (endpoint: Endpoint, tell: (text: string) => void) => {
    const { login, passcode, x509 } = await resolveCredentials(broker.auth, context.env, tell);
    const secure = secured(endpoint, broker, x509 !== undefined);
    const tls = isSecure(secure) ? await readTlsFiles(x509, broker.sockopts) : undefined;
    return { secure, login, passcode, tls };
  };
  const options = async (): Promise<SessionOptions> => {
    const { uris, uri, endpoint, vhost } = await chooseEndpoint(broker, settings, chooser, tellChosen);
    refused.trying(uri, uris);
    const secrets = await secretsFor(endpoint, warn);
    const { secure, login, passcode, tls } = secrets;
    used = { over: endpoint, digest: digest(secrets) };
    return {
      endpoint: secure,
      vhost,
      versions: broker.version,
      ...(login !== undefined && { login }),
      ...(passcode !== undefined && { passcode }),
      ...(tls !== undefined && { tls }),
      socket: {
        ...parseSocketOptions(broker.sockopts),
        ...(address !== undefined && { resolve: async () => [address] }),
      },
      connectHeaders: broker.connect,
      heartBeat: settings.heartBeat ? heartBeats(timeouts) : 'off',
      connectTimeoutMs: connectTimeoutMs(broker.sockopts) ?? timeouts.connectMs,
      receiptTimeoutMs: timeouts.brokerMs,
      disconnectTimeoutMs: timeouts.disconnectMs,
      maxMessageSize: settings.maxMessageSize,
      ...(broker.type !== undefined && { type: broker.type }),
      clock,
      ...(broker.stompDebug.length > 0 && { onFrame: frameLogger(broker.stompDebug, name, logger) }),
    };
  };
  return {
    name,
    connect: (signal) =>
      unlessCalledOff(options(), { name, clock, timeoutMs: timeouts.connectMs, signal, late: UNREAD }),
    secretsChanged: async () => {
      const before = used;
      const { uris } = await brokerUris(broker.uri);
      const over = before?.over ?? parseBrokerUri(uris[0] ?? broker.uri);
      const reading = secretsFor(over, () => undefined).then(async (secrets) => {
        if (secrets.tls !== undefined) {
          (await import('../stomp/transport/tls-transport.js')).refuseUnusable(secrets.tls, name);
        }
        return before !== undefined && digest(secrets) !== before.digest;
      });
      return unlessCalledOff(reading, { name, clock, timeoutMs: timeouts.connectMs, late: UNREAD });
    },
    allRefused: () => refused.all(),
    session: () => last,
    onSession({ server, version, peer, dialect, certificateExpiry }) {
      const protocol = broker.protocol === 'stomp' ? undefined : protocolName(broker);
      last = { server, protocol, version, certificateEnds: certificateExpiry?.toISOString() };
      refused.clear();
      chosen.clear();
      const what = server ?? 'a broker that does not say what it is';
      logger.info('session-open', `connected to ${peer}: ${what}, ${protocolName(broker)} ${version}`, {
        end: name,
        server,
        version,
        ...(dialect !== undefined && { dialect: dialect.type }),
        ...(certificateExpiry !== undefined && { certificateExpiry: certificateExpiry.toISOString() }),
      });
      if (certificateExpiry === undefined || certificateExpiry.getTime() - clock.wallMs() > EXPIRES_SOON_MS) return;
      logger.warn('certificate-expiry', `the certificate of ${peer} ends on ${certificateExpiry.toISOString()}`, {
        end: name,
        certificateExpiry: certificateExpiry.toISOString(),
      });
    },
  };
}

/** For people: what the version of a session is one of. */
export function protocolName({ protocol }: BrokerSettings): string {
  return protocol === 'stomp' ? 'STOMP' : 'AMQP';
}

/** Tells two sets of secrets apart, and holds none. */
function digest(secrets: object): string {
  return createHash('sha256').update(JSON.stringify(secrets)).digest('base64');
}

/** The options of a `failover:` URI; none for others. */
export function failoverOptions(uri: string): FailoverOptions {
  return isFailover(uri) ? parseFailover(uri).options : {};
}

function isFailover(uri: string): boolean {
  return uriScheme(uri) === 'failover';
}

async function chooseEndpoint(
  broker: BrokerSettings,
  settings: Settings,
  chooser: EndpointChooser,
  tellChosen: (uri: string, text: string, of: number) => void,
): Promise<{ uris: readonly string[]; uri: string; endpoint: Endpoint; vhost: string }> {
  const { uris } = await brokerUris(broker.uri);
  const { uri, why } = chooser.choose(uris);
  tellChosen(shownUri(uri), `connecting to ${shownUri(uri)}: ${why}`, uris.length);
  const { transport, host, port, path, vhost } = checkProtocol(uri, broker.protocol);
  if (transport === 'udp' && settings.reliable) {
    const reason = 'nothing is confirmed over UDP: set reliable to false, or take it out of the list';
    throw new StompctlError('URI_INVALID', 'broker uri', shownUri(uri), reason);
  }
  return { uris, uri, endpoint: { transport, host, port, path }, vhost };
}

/** STOMP 1.2 "Heart-beating" has no limit; brokers read the number into 32 bits. */
const MOST_BEAT_MS = 999_999_999;

function heartBeats({ clientMs, serverMs }: Settings['timeouts']) {
  return { clientMs: Math.min(clientMs, MOST_BEAT_MS), serverMs: Math.min(serverMs, MOST_BEAT_MS) };
}

/** A certificate, or an option of TLS, asks for TLS whatever the scheme says, as with stompclt. */
function secured(endpoint: Endpoint, { sockopts }: BrokerSettings, certificate: boolean): Endpoint {
  const wanted = certificate || Object.keys(sockopts).some((option) => option.startsWith('SSL_'));
  if (!wanted) return endpoint;
  if (endpoint.transport === 'tcp') return { ...endpoint, transport: 'tls' };
  return endpoint.transport === 'ws' ? { ...endpoint, transport: 'wss' } : endpoint;
}

function isSecure({ transport }: Endpoint): boolean {
  return transport === 'tls' || transport === 'wss';
}

/** `…-stomp-debug`: a line a frame. Bodies are never logged: `body` shows how long they are. */
function frameLogger(wanted: readonly string[], end: string, logger: Logger): (frame: SeenFrame) => void {
  const all = wanted.includes('all');
  const shows = (part: string) => all || wanted.includes(part);
  return ({ direction, command, header, body }) => {
    logger.info('frame', `${direction === 'in' ? 'received' : 'sent'} ${command}`, {
      end,
      ...(shows('header') && { header }),
      ...((shows('body') || shows('io')) && { bodyBytes: body.length }),
    });
  };
}
