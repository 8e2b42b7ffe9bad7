import type { AmqpSession } from '../amqp/amqp-session.js';
import type { AmqpSessionOptions } from '../amqp/amqp-session-options.js';
import { OtherAmqp } from '../amqp/codec/first-answer.js';
import type { Amqp1Session } from '../amqp1/amqp1-session.js';
import type { Amqp1SessionOptions } from '../amqp1/amqp1-session-options.js';
import { systemClock } from '../base/clock.js';
import type { BrokerProtocol } from '../config/broker-uri.js';
import type { BrokerSettings, Settings } from '../config/settings.js';
import { amqpRequester } from '../sinks/amqp/amqp-requester.js';
import { AmqpSink } from '../sinks/amqp/amqp-sink.js';
import { amqp1Requester } from '../sinks/amqp1/amqp1-requester.js';
import { Amqp1Sink } from '../sinks/amqp1/amqp1-sink.js';
import type { BrokerRequester } from '../sinks/broker/broker-requester.js';
import { AmqpSource, type AmqpSourceOptions } from '../sources/amqp/amqp-source.js';
import { Amqp1Source, type Amqp1SourceOptions } from '../sources/amqp1/amqp1-source.js';
import type { SessionOptions } from '../stomp/session-options.js';
import {
  type BrokerEndContext,
  type BrokerSinkSettings,
  type BrokerSourceSettings,
  type MadeEnd,
  sessionsOf,
} from './broker-end.js';

export type Sessions = ReturnType<typeof sessionsOf>;

/** A source that receives from the broker over AMQP 0-9-1; `told` is who hears what it tells besides messages, `sessions` opens its sessions. */
export function amqpSource(
  { broker, subscriptions, prefetch }: BrokerSourceSettings,
  settings: Settings,
  context: BrokerEndContext,
  told: Pick<AmqpSourceOptions, 'events' | 'deadLetters' | 'onLook'>,
  sessions: Sessions = sessionsOf(broker, settings, context),
): MadeEnd<AmqpSource> {
  const { options, ...known } = sourceParts(subscriptions, prefetch, settings, sessions, amqpOptions);
  return { end: new AmqpSource({ ...options, ...told }), ...known };
}

/** A sink that sends to the broker over AMQP 0-9-1. */
export function amqpSink(
  { broker, replies }: BrokerSinkSettings,
  settings: Settings,
  context: BrokerEndContext,
  sessions: Sessions = sessionsOf(broker, settings, context),
): MadeEnd<AmqpSink> {
  const { options, ...known } = sinkParts(broker, settings, sessions, amqpOptions);
  return { end: new AmqpSink({ ...options, replies }), ...known };
}

/** Sends requests to the broker over AMQP 0-9-1, and waits for their replies. */
export function amqpBrokerRequester(
  { broker }: BrokerSinkSettings,
  settings: Settings,
  context: BrokerEndContext,
  sessions: Sessions = sessionsOf(broker, settings, context),
): BrokerRequester {
  return amqpRequester(sinkParts(broker, settings, sessions, amqpOptions).options);
}

/** A source that receives from the broker over AMQP 1.0. */
export function amqp1Source(
  { broker, subscriptions, prefetch }: BrokerSourceSettings,
  settings: Settings,
  context: BrokerEndContext,
  told: Pick<Amqp1SourceOptions, 'events' | 'deadLetters' | 'onLook'>,
  sessions: Sessions = sessionsOf(broker, settings, context),
): MadeEnd<Amqp1Source> {
  const { options, ...known } = sourceParts(subscriptions, prefetch, settings, sessions, amqp1Options);
  return { end: new Amqp1Source({ ...options, ...told }), ...known };
}

/** A sink that sends to the broker over AMQP 1.0. */
export function amqp1Sink(
  { broker }: BrokerSinkSettings,
  settings: Settings,
  context: BrokerEndContext,
  sessions: Sessions = sessionsOf(broker, settings, context),
): MadeEnd<Amqp1Sink> {
  const { options, ...known } = sinkParts(broker, settings, sessions, amqp1Options);
  return { end: new Amqp1Sink(options), ...known };
}

/** The same over AMQP 1.0. */
export function amqp1BrokerRequester(
  { broker }: BrokerSinkSettings,
  settings: Settings,
  context: BrokerEndContext,
  sessions: Sessions = sessionsOf(broker, settings, context),
): BrokerRequester {
  return amqp1Requester(sinkParts(broker, settings, sessions, amqp1Options).options);
}

/** What a session over one of the protocols is opened with. */
type OptionsOf<Options> = (options: SessionOptions, settings: Settings) => Options;

/** What a source is made of, whichever AMQP it speaks, and what is known of it beside. */
function sourceParts<Options>(
  subscriptions: BrokerSourceSettings['subscriptions'],
  prefetch: BrokerSourceSettings['prefetch'],
  settings: Settings,
  sessions: Sessions,
  optionsOf: OptionsOf<Options>,
) {
  const { window, windowBytes, maxParked, reliable } = settings;
  const { allRefused, secretsChanged, session, connect: open, ...common } = sessions;
  const connect = async (signal: AbortSignal) => optionsOf(await open(signal), settings);
  const options = { ...common, connect, subscriptions, prefetch, window, windowBytes, maxParked, reliable };
  return { options, allRefused, secretsChanged, session };
}

/** The same of a sink. */
function sinkParts<Options>(
  { persistent }: BrokerSettings,
  settings: Settings,
  sessions: Sessions,
  optionsOf: OptionsOf<Options>,
) {
  const { reliable, maxMessageSize, timeouts } = settings;
  const { allRefused, secretsChanged, session, connect: open, ...common } = sessions;
  const connect = async (signal: AbortSignal) => optionsOf(await open(signal), settings);
  const options = { ...common, connect, maxMessageSize, flushMs: timeouts.flushMs, persistent, reliable };
  return { options, allRefused, secretsChanged, session };
}

/** A session of its own, for `check --connect`. */
export async function connectAmqp(
  protocol: Exclude<BrokerProtocol, 'stomp'>,
  options: SessionOptions,
  settings: Settings,
): Promise<AmqpSession | Amqp1Session> {
  const connectIn = {
    amqp091: async () => {
      const { AmqpSession } = await import('../amqp/amqp-library.js');
      return AmqpSession.connect(amqpOptions(options, settings));
    },
    amqp1: async () => {
      const { Amqp1Session } = await import('../amqp1/amqp1-library.js');
      return Amqp1Session.connect(amqp1Options(options, settings));
    },
  };
  if (protocol !== 'amqp') return connectIn[protocol]();
  try {
    return await connectIn.amqp091();
  } catch (error) {
    if (error instanceof OtherAmqp) return connectIn[error.speaks]();
    throw error;
  }
}

/** What the options of a STOMP session are for one of AMQP 0-9-1: endpoint, login, TLS, time-outs are the same. */
function amqpOptions(options: SessionOptions, settings: Settings): AmqpSessionOptions {
  const { vhost = '/', connectHeaders } = options;
  const { timeouts, heartBeat } = settings;
  return {
    ...commonOptions(options, settings),
    vhost: connectHeaders?.host ?? vhost,
    heartBeatSeconds: heartBeat ? heartBeatSeconds(timeouts) : 0,
  };
}

/** The same for AMQP 1.0. */
function amqp1Options(options: SessionOptions, settings: Settings): Amqp1SessionOptions {
  const { vhost = '/', connectHeaders } = options;
  const { timeouts, heartBeat } = settings;
  const { host, 'client-id': containerId } = connectHeaders ?? {};
  // RabbitMQ looks for its virtual hosts in this form, and others for none
  const hostname = host ?? (vhost === '/' ? undefined : `vhost:${vhost}`);
  return {
    ...commonOptions(options, settings),
    ...(hostname !== undefined && { hostname }),
    ...(containerId !== undefined && { containerId }),
    idleTimeoutMs: heartBeat ? Math.min(MOST_IDLE_MS, timeouts.serverMs) : 0,
  };
}

function commonOptions(options: SessionOptions, { timeouts, maxMessageSize }: Settings) {
  const { endpoint, login, passcode, tls, socket, clock = systemClock } = options;
  return {
    endpoint,
    ...(login !== undefined && { login }),
    ...(passcode !== undefined && { passcode }),
    ...(tls !== undefined && { tls }),
    ...(socket !== undefined && { socket }),
    connectTimeoutMs: options.connectTimeoutMs ?? timeouts.connectMs,
    confirmTimeoutMs: timeouts.brokerMs,
    disconnectTimeoutMs: timeouts.disconnectMs,
    maxMessageSize,
    clock,
  };
}

/** AMQP 1.0 counts it in 32 bits. */
const MOST_IDLE_MS = 0xffff_ffff;

/** AMQP counts it in 16 bits. */
const MOST_SECONDS = 65_535;

/** AMQP has one interval for both directions: the shorter one that was asked for, in whole seconds. */
function heartBeatSeconds({ clientMs, serverMs }: Settings['timeouts']): number {
  const wanted = [clientMs, serverMs].filter((each) => each > 0);
  return wanted.length === 0 ? 0 : Math.min(MOST_SECONDS, Math.ceil(Math.min(...wanted) / 1000));
}
