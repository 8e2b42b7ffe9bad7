import type { AmqpSession } from '../amqp/amqp-session.js';
import type { AmqpSessionOptions } from '../amqp/amqp-session-options.js';
import { systemClock } from '../base/clock.js';
import type { BrokerSettings, Settings } from '../config/settings.js';
import { amqpRequester } from '../sinks/amqp/amqp-requester.js';
import { AmqpSink, type AmqpSinkOptions } from '../sinks/amqp/amqp-sink.js';
import type { BrokerRequester } from '../sinks/broker/broker-requester.js';
import { AmqpSource, type AmqpSourceOptions } from '../sources/amqp/amqp-source.js';
import type { SessionOptions } from '../stomp/session-options.js';
import {
  type BrokerEndContext,
  type BrokerSinkSettings,
  type BrokerSourceSettings,
  type MadeEnd,
  sessionsOf,
} from './broker-end.js';

/** A source that receives from the broker over AMQP 0-9-1; `told` is who hears what it tells besides messages. */
export function amqpSource(
  { broker, subscriptions, prefetch }: BrokerSourceSettings,
  settings: Settings,
  context: BrokerEndContext,
  told: Pick<AmqpSourceOptions, 'events' | 'deadLetters' | 'onLook'>,
): MadeEnd<AmqpSource> {
  const { window, windowBytes, maxParked, reliable } = settings;
  const { allRefused, secretsChanged, session, connect, ...common } = sessionsOf(broker, settings, context);
  const limits = { prefetch, window, windowBytes, maxParked };
  const open = async (signal: AbortSignal) => amqpOptions(await connect(signal), settings);
  const end = new AmqpSource({ ...common, ...told, ...limits, connect: open, subscriptions, reliable });
  return { end, allRefused, secretsChanged, session };
}

/** A sink that sends to the broker over AMQP 0-9-1. */
export function amqpSink(
  { broker }: BrokerSinkSettings,
  settings: Settings,
  context: BrokerEndContext,
): MadeEnd<AmqpSink> {
  const { options, ...known } = sinkParts(broker, settings, context);
  return { end: new AmqpSink(options), ...known };
}

/** Sends requests to the broker over AMQP 0-9-1, and waits for their replies. */
export function amqpBrokerRequester(
  { broker }: BrokerSinkSettings,
  settings: Settings,
  context: BrokerEndContext,
): BrokerRequester {
  return amqpRequester(sinkParts(broker, settings, context).options);
}

function sinkParts(broker: BrokerSettings, settings: Settings, context: BrokerEndContext) {
  const { reliable, maxMessageSize, timeouts } = settings;
  const { allRefused, secretsChanged, session, connect, ...common } = sessionsOf(broker, settings, context);
  const limits = { maxMessageSize, flushMs: timeouts.flushMs, persistent: broker.persistent };
  const open = async (signal: AbortSignal) => amqpOptions(await connect(signal), settings);
  const options: AmqpSinkOptions = { ...common, ...limits, connect: open, reliable };
  return { options, allRefused, secretsChanged, session };
}

/** A session of its own, for `check --connect`. */
export async function connectAmqp(options: SessionOptions, settings: Settings): Promise<AmqpSession> {
  const { AmqpSession } = await import('../amqp/amqp-library.js');
  return AmqpSession.connect(amqpOptions(options, settings));
}

/** What the options of a STOMP session are for one of AMQP: endpoint, login, TLS, time-outs are the same. */
function amqpOptions(options: SessionOptions, settings: Settings): AmqpSessionOptions {
  const { endpoint, vhost = '/', login, passcode, tls, socket, connectHeaders, clock = systemClock } = options;
  const { timeouts, maxMessageSize, heartBeat } = settings;
  return {
    endpoint,
    vhost: connectHeaders?.host ?? vhost,
    ...(login !== undefined && { login }),
    ...(passcode !== undefined && { passcode }),
    ...(tls !== undefined && { tls }),
    ...(socket !== undefined && { socket }),
    heartBeatSeconds: heartBeat ? heartBeatSeconds(timeouts) : 0,
    connectTimeoutMs: options.connectTimeoutMs ?? timeouts.connectMs,
    confirmTimeoutMs: timeouts.brokerMs,
    disconnectTimeoutMs: timeouts.disconnectMs,
    maxMessageSize,
    clock,
  };
}

/** AMQP counts it in 16 bits. */
const MOST_SECONDS = 65_535;

/** AMQP has one interval for both directions: the shorter one that was asked for, in whole seconds. */
function heartBeatSeconds({ clientMs, serverMs }: Settings['timeouts']): number {
  const wanted = [clientMs, serverMs].filter((each) => each > 0);
  return wanted.length === 0 ? 0 : Math.min(MOST_SECONDS, Math.ceil(Math.min(...wanted) / 1000));
}
