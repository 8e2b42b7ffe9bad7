import assert from 'node:assert/strict';
import { AmqpSession } from '../../src/amqp/amqp-session.js';
import type { AmqpSessionOptions } from '../../src/amqp/amqp-session-options.js';
import { systemClock } from '../../src/base/clock.js';
import { AmqpSink } from '../../src/sinks/amqp/amqp-sink.js';
import type { RealBroker } from './real-broker.js';
import type { Cleaning } from './temp-folder.js';

/** Options of a session with a broker on loopback, as a test wants them. */
export function amqpOptions(port: number, options: Partial<AmqpSessionOptions> = {}): AmqpSessionOptions {
  return {
    endpoint: { transport: 'tcp', host: '127.0.0.1', port },
    vhost: '/',
    heartBeatSeconds: 0,
    connectTimeoutMs: 30_000,
    confirmTimeoutMs: 60_000,
    disconnectTimeoutMs: 10_000,
    maxMessageSize: 8_000_000,
    clock: systemClock,
    ...options,
  };
}

/** Where a real broker speaks AMQP. */
export function amqpUriOf({ amqpUri }: RealBroker): string {
  assert.ok(amqpUri !== undefined, 'name the address of an external broker in STOMPCTL_TEST_RABBITMQ_AMQP');
  return amqpUri;
}

/** A session with a real broker, ended when the test does. */
export async function amqpSession(
  test: Cleaning,
  broker: RealBroker,
  options: Partial<AmqpSessionOptions> = {},
): Promise<AmqpSession> {
  const { hostname, port } = new URL(amqpUriOf(broker));
  const endpoint = { transport: 'tcp', host: hostname, port: Number(port) } as const;
  const login = { login: broker.user, passcode: broker.pass, vhost: broker.vhost };
  const session = await AmqpSession.connect({ ...amqpOptions(0), endpoint, ...login, ...options });
  test.after(() => session.close());
  return session;
}

/** An open sink to a real broker, closed when the test ends. */
export async function openAmqpSink(test: Cleaning, broker: RealBroker): Promise<AmqpSink> {
  const { port } = new URL(amqpUriOf(broker));
  const { user: login, pass: passcode } = broker;
  const connect = async () => amqpOptions(Number(port), { login, passcode });
  const limits = { maxMessageSize: 1_000_000, flushMs: 10_000 } as const;
  const sink = new AmqpSink({ name: 'broker amqp', connect, reliable: true, persistent: 'true', ...limits });
  await sink.open();
  test.after(() => sink.close());
  return sink;
}
