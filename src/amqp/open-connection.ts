import { isIP, type LookupFunction } from 'node:net';
import type { ChannelModel } from 'amqplib';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { loginRefusal } from '../base/login-refusal.js';
import { peerText } from '../base/peer-text.js';
import { unlessCalledOff } from '../base/wait.js';
import { hasCertificate } from '../stomp/transport/client-certificate.js';
import { placeOf } from '../stomp/transport/tcp-transport.js';
import { tlsFailure } from '../stomp/transport/tls-failure.js';
import type { AmqpSessionOptions } from './amqp-session-options.js';
import { FRAME_MAX, type Wire } from './wire.js';

/** the longest time for one address while others are left to try */
const ATTEMPT_MS = 5_000;
const KEEP_ALIVE_MS = 30_000;
const LATE = [
  'no session was opened',
  'is it an AMQP port (5672) and not one of STOMP, and TLS on both sides or on none?',
] as const;
/** AMQP 0-9-1, section 1.2 of the reference: access-refused, and not-allowed, which RabbitMQ says of virtual hosts. */
const REFUSED_LOGIN: ReadonlySet<number> = new Set([403, 530]);

/**
 * Connects, logs in and opens the virtual host. `ending` ends the connection at any time, and `broken` rejects when the wire does.
 * Errors: CREDENTIAL_INVALID, HOST_UNKNOWN, CONNECT_FAILED, CONNECT_TIMEOUT, TLS_FAILED, LOGIN_REFUSED, BROKER_ERROR, SESSION_CLOSED.
 */
export async function openConnection(
  options: AmqpSessionOptions,
  wire: Wire,
  ending: AbortController,
  broken: Promise<never>,
): Promise<ChannelModel> {
  const { endpoint, clock, connectTimeoutMs: timeoutMs, signal } = options;
  const name = placeOf(endpoint);
  try {
    const opening = unlessCalledOff(libraryConnect(options, wire, ending.signal), {
      name,
      clock,
      timeoutMs,
      signal,
      late: LATE,
    });
    return await Promise.race([opening, broken]);
  } catch (error) {
    ending.abort();
    throw failureOf(error, options, wire);
  }
}

async function libraryConnect(options: AmqpSessionOptions, wire: Wire, signal: AbortSignal): Promise<ChannelModel> {
  // loaded on use: most runs do without
  const [{ connect, credentials }, { tlsConnectOptions }] = await Promise.all([
    import('amqplib'),
    import('../stomp/transport/tls-transport.js'),
  ]);
  const { endpoint, vhost, login, passcode = '', tls, heartBeatSeconds } = options;
  const {
    noDelay = true,
    keepAliveMs = KEEP_ALIVE_MS,
    localAddress,
    localPort,
    family,
    resolve,
  } = options.socket ?? {};
  const secure = endpoint.transport === 'tls';
  const external = login === undefined && hasCertificate(tls);
  const { timeout: _, ...tlsOptions } = secure ? tlsConnectOptions(endpoint, tls ?? {}) : {};
  const socketOptions = {
    ...tlsOptions,
    ...(localAddress !== undefined && { localAddress }),
    ...(localPort !== undefined && { localPort }),
    ...(family !== undefined && { family }),
    ...(resolve !== undefined && { lookup: lookupBy(resolve) }),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    noDelay,
    keepAlive: keepAliveMs > 0,
    keepAliveDelay: keepAliveMs,
    signal,
    onread: wire.onread,
    clientProperties: { connection_name: 'stompctl' },
    credentials: external
      ? credentials.external()
      : credentials.plain(login ?? 'guest', login === undefined ? 'guest' : passcode),
  };
  const address = {
    protocol: secure ? 'amqps' : 'amqp',
    hostname: endpoint.host,
    port: endpoint.port,
    // the library undoes it
    vhost: encodeURIComponent(vhost),
    frameMax: FRAME_MAX,
    heartbeat: heartBeatSeconds,
  };
  return connect(address, socketOptions);
}

/** As Node asks for the addresses of a name. */
function lookupBy(resolve: (host: string) => Promise<readonly string[]>): LookupFunction {
  return (host, { all }, done) => {
    resolve(host).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        if (all === true) done(null, found);
        else done(null, found[0]?.address ?? '', found[0]?.family);
      },
      (error: NodeJS.ErrnoException) => done(error, ''),
    );
  };
}

function failureOf(error: unknown, options: AmqpSessionOptions, wire: Wire): StompctlError {
  if (error instanceof StompctlError) return error;
  const { endpoint, passcode } = options;
  const place = placeOf(endpoint);
  const fail = (
    code: 'HOST_UNKNOWN' | 'CONNECT_FAILED' | 'LOGIN_REFUSED' | 'BROKER_ERROR' | 'CREDENTIAL_INVALID',
    reason: string,
    // what the library says of an answer has it as it came
  ) => new StompctlError(code, 'connect', place, reason, errnoOf(error) === undefined ? undefined : error);
  if (wire.closed !== undefined) {
    const { code } = wire.closed;
    const text = `${code} ${wire.closed.text}`;
    if (!REFUSED_LOGIN.has(code)) return fail('BROKER_ERROR', `the broker refused the session: ${text}`);
    const { login, tls } = options;
    return fail('LOGIN_REFUSED', loginRefusal(text, login !== undefined || hasCertificate(tls)));
  }
  if (/^SASL mechanism EXTERNAL/.test(reasonOf(error))) {
    const next = 'enable rabbitmq_auth_mechanism_ssl and auth_mechanisms EXTERNAL there, or log in with plain';
    return fail('LOGIN_REFUSED', `the broker knows no login by certificate; ${next}`);
  }
  const known = error instanceof Error ? tlsFailure(place, error, 'amqp://') : undefined;
  if (known !== undefined) return known;
  const errno = errnoOf(error);
  if (errno === 'ENOTFOUND' || errno === 'EAI_AGAIN') {
    return fail('HOST_UNKNOWN', `${errno}; is the host name right, and the name server reachable?`);
  }
  if (errno?.startsWith('ERR_OSSL_') || errno?.startsWith('ERR_CRYPTO_')) {
    return fail(
      'CREDENTIAL_INVALID',
      `certificate, key and password do not fit together: ${errno}; check cert, key and pass`,
    );
  }
  if (errno !== undefined && wire.socket === undefined) {
    return fail('CONNECT_FAILED', `${addressesOf(error) ?? errno}; is the broker running, and listening on this port?`);
  }
  return fail(
    'CONNECT_FAILED',
    `the connection broke while it was opened: ${errno ?? peerText(reasonOf(error), passcode)}; ${LATE[1]}`,
  );
}

/** What each address said, where a name has several. */
function addressesOf(error: unknown): string | undefined {
  if (!(error instanceof AggregateError)) return undefined;
  return error.errors.map((each) => reasonOf(each)).join(', ');
}
