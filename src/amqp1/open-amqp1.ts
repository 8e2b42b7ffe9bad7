import { randomUUID } from 'node:crypto';
import type { Connection, EventContext } from 'rhea';
import { reasonOf, StompctlError } from '../base/errors.js';
import { loginRefusal } from '../base/login-refusal.js';
import { peerText } from '../base/peer-text.js';
import { unlessCalledOff } from '../base/wait.js';
import { hasCertificate } from '../stomp/transport/client-certificate.js';
import { openTransport } from '../stomp/transport/open-transport.js';
import { placeOf } from '../stomp/transport/tcp-transport.js';
import type { Amqp1SessionOptions } from './amqp1-session-options.js';
import { Amqp1Wire, type Amqp1WireOptions, FRAME_MAX } from './amqp1-wire.js';
import { peerErrorText, rawErrorText } from './peer-error.js';
import { beginSession, guardTurns, remoteOpen, takeOverSilence } from './rhea-parts.js';

export type Rhea = typeof import('rhea');

export interface OpenConnection {
  readonly rhea: Rhea;
  readonly connection: Connection;
  readonly wire: Amqp1Wire;
  readonly certificateExpiry: Date | undefined;
}

/** What an open connection tells. */
export type ConnectionHooks = Pick<Amqp1WireOptions, 'received' | 'drained'> & {
  /** the broker has closed it, with a reason or none, or it broke */
  readonly failed: (error: StompctlError) => void;
};

const PAUSE_TIMEOUT_MS = 600_000;
const LATE = [
  'no session was opened',
  'is it an AMQP port (5672) and not one of STOMP, and TLS on both sides or on none?',
] as const;
/** Who wants a sign of life more often costs more than it gives. */
const SHORTEST_SILENCE_MS = 100;
/** AMQP 1.0, part 2, section 2.7.1: MIN-MAX-FRAME-SIZE */
const LEAST_FRAME_BYTES = 512;
/** the broker is about to stop */
const FORCED = 'amqp:connection:forced';

/**
 * Connects, logs in and opens the connection. Errors: CREDENTIAL_INVALID, HOST_UNKNOWN, CONNECT_FAILED, CONNECT_TIMEOUT, TLS_FAILED,
 * LOGIN_REFUSED, BROKER_ERROR, FRAME_MALFORMED, FRAME_TOO_LARGE, SESSION_CLOSED.
 */
export async function openAmqp1(options: Amqp1SessionOptions, hooks: ConnectionHooks): Promise<OpenConnection> {
  const { endpoint, clock, connectTimeoutMs: timeoutMs, signal, tls, socket } = options;
  const deadline = clock.monotonicMs() + timeoutMs;
  const [rhea, transport] = await Promise.all([
    loadRhea(),
    openTransport(endpoint, {
      clock,
      timeoutMs,
      ...(tls !== undefined && { tls }),
      ...(socket !== undefined && { socket }),
      ...(signal !== undefined && { signal }),
    }),
  ]);
  const state: { ended: (error: StompctlError) => void } = { ended: hooks.failed };
  const failed = (error: StompctlError) => state.ended(error);
  const { maxMessageSize, pauseTimeoutMs = PAUSE_TIMEOUT_MS } = options;
  const wire = new Amqp1Wire({ transport, clock, maxMessageSize, pauseTimeoutMs, ...hooks, failed });
  const connection = prepare(rhea, wire, options);
  const malformed = (error: unknown) => notAmqp1(error, wire, options);
  guardTurns(connection, (error) => failed(malformed(error)));
  refuseLinks(connection, (reason) => failed(malformed(reason)));
  try {
    const opened = new Promise<void>((resolve, reject) => {
      let loggedIn = false;
      state.ended = (error) => reject(whileOpening(error, loggedIn, options));
      connection.on('connection_open', () => {
        loggedIn = true;
        takeOverSilence(connection);
        const refusal = unusable(remoteOpen(connection), wire);
        if (refusal !== undefined) {
          reject(refusal);
          return;
        }
        trySession(connection, resolve, (error) => reject(refusalOf(error, options)));
      });
      connection.on('connection_error', ({ error }: EventContext) => reject(refusalOf(error, options)));
      const strange = (error: unknown) => reject(wantsLogin(error, options) ?? malformed(error));
      for (const event of ['protocol_error', 'error']) connection.on(event, strange);
      connection.connect();
      wire.listen();
    });
    const timing = { name: placeOf(endpoint), clock, signal, late: LATE };
    await unlessCalledOff(opened, { ...timing, timeoutMs: deadline - clock.monotonicMs() });
  } catch (error) {
    wire.stop();
    throw error;
  }
  state.ended = hooks.failed;
  connection.removeAllListeners('connection_error');
  for (const event of ['protocol_error', 'error']) {
    connection.removeAllListeners(event);
    connection.on(event, (error: unknown) => failed(malformed(error)));
  }
  connection.on('connection_close', () => failed(endOf(connection.error, wire, options)));
  return { rhea, connection, wire, certificateExpiry: transport.certificateExpiry };
}

/** On use: most runs do without. DEBUG in the environment would have it print what it sends, the login too. */
async function loadRhea(): Promise<Rhea> {
  const { DEBUG } = process.env;
  delete process.env.DEBUG;
  try {
    return (await import('rhea')).default;
  } finally {
    if (DEBUG !== undefined) process.env.DEBUG = DEBUG;
  }
}

function prepare(rhea: Rhea, wire: Amqp1Wire, options: Amqp1SessionOptions): Connection {
  const { endpoint, hostname = endpoint.host, containerId = `stompctl-${randomUUID()}`, idleTimeoutMs } = options;
  const container = rhea.create_container({ id: containerId });
  // of what has no listener of its own, and says nothing that is not told elsewhere
  container.on('error', () => undefined);
  const login = { sasl_mechanisms: mechanismsOf(options), sasl_init_hostname: hostname };
  const connection = container.create_connection({
    host: endpoint.host,
    port: endpoint.port,
    hostname,
    reconnect: false,
    max_frame_size: FRAME_MAX,
    ...(idleTimeoutMs > 0 && { idle_time_out: idleTimeoutMs }),
    ...login,
    connection_details: () => ({ host: endpoint.host, port: endpoint.port, connect: openSocket(wire) }),
  });
  connection.on('disconnected', () => undefined);
  return connection;
}

/** As `net.connect`: the library wants to hear of it a turn later. */
function openSocket(wire: Amqp1Wire) {
  return (_port: number, _host: string, _options: unknown, connected: () => void) => {
    process.nextTick(connected);
    return wire.socket;
  };
}

/** The way to log in: there is one for each kind of credential. Those of the library take characters for bytes. */
function mechanismsOf({ login, passcode = '', tls }: Amqp1SessionOptions): Record<string, object> {
  const saying = (bytes: Buffer) => ({
    start: (say: (error: undefined, response: Buffer) => void) => say(undefined, bytes),
  });
  if (login !== undefined) return { PLAIN: saying(Buffer.from(`\0${login}\0${passcode}`)) };
  if (hasCertificate(tls)) return { EXTERNAL: saying(Buffer.alloc(0)) };
  return { ANONYMOUS: saying(Buffer.from('anonymous')) };
}

/** The broker has closed an open connection. */
function endOf(error: unknown, { peer }: Amqp1Wire, { passcode }: Amqp1SessionOptions): StompctlError {
  const reason = `the broker ended the session: ${peerErrorText(error, passcode)}; see its log`;
  const forced = rawErrorText(error)?.startsWith(FORCED) ?? true;
  return new StompctlError(forced ? 'SESSION_LOST' : 'BROKER_ERROR', 'session', peer, reason);
}

/** Links that the broker opens: the library would take their messages, accept them and hand them to nobody. */
function refuseLinks(connection: Connection, refused: (reason: string) => void): void {
  // those of our links have listeners of their own
  for (const event of ['sender_open', 'receiver_open']) {
    connection.on(event, () => refused('a link that was not asked for'));
  }
}

/** What the broker asks for at the opening, and cannot be given. */
function unusable(open: ReturnType<typeof remoteOpen>, wire: Amqp1Wire): StompctlError | undefined {
  const { idle_time_out: silence = 0, max_frame_size: frameBytes } = open;
  const refuse = (reason: string) => new StompctlError('BROKER_ERROR', 'connect', wire.peer, reason);
  if (silence > 0 && silence < SHORTEST_SILENCE_MS) {
    return refuse(`the broker wants a sign of life every ${silence} ms; raise its idle-time-out`);
  }
  if (typeof frameBytes === 'number' && frameBytes < LEAST_FRAME_BYTES) {
    const least = `AMQP 1.0 allows no less than ${LEAST_FRAME_BYTES}`;
    return refuse(`the broker takes frames of ${frameBytes} bytes at most, and ${least}; raise its max-frame-size`);
  }
  return undefined;
}

/** What the library says of it may hold what was sent. */
function notAmqp1(error: unknown, { peer }: Amqp1Wire, { passcode }: Amqp1SessionOptions): StompctlError {
  const reason = `the broker sent what is not AMQP 1.0: ${peerText(reasonOf(error), passcode)}; see its log`;
  return new StompctlError('FRAME_MALFORMED', 'session', peer, reason);
}

/** RabbitMQ takes ANONYMOUS, and then asks for SASL where it has no user for those. */
function wantsLogin(error: unknown, { endpoint }: Amqp1SessionOptions): StompctlError | undefined {
  if (reasonOf(error) !== 'SASL layer not enabled') return undefined;
  const reason = 'the broker wants a login: give it one in auth';
  return new StompctlError('LOGIN_REFUSED', 'connect', placeOf(endpoint), reason, error);
}

/** RabbitMQ looks for the virtual host when the first session begins. */
function trySession(connection: Connection, opened: () => void, refused: (error: unknown) => void): void {
  const session = beginSession(connection);
  session.on('session_open', () => {
    session.close();
    opened();
  });
  session.on('session_error', () => refused(session.error));
  session.on('session_close', () => undefined);
}

function whileOpening(error: StompctlError, loggedIn: boolean, { login, tls }: Amqp1SessionOptions): StompctlError {
  if (error.code !== 'SESSION_LOST') return error;
  const how = reasonOf(error.cause ?? 'the broker closed the connection');
  const isNobody = login === undefined && !hasCertificate(tls);
  const question = isNobody ? `does the broker let in who gives no login (auth)? ${LATE[1]}` : LATE[1];
  const next = loggedIn ? 'the login was taken: is the virtual host right? See its log' : question;
  const reason = `the connection broke while it was opened: ${how}; ${next}`;
  return new StompctlError('CONNECT_FAILED', 'connect', 'session', reason, error);
}

/** The broker refuses login or virtual host, or knows no such login. */
function refusalOf(error: unknown, { endpoint, passcode, login, tls }: Amqp1SessionOptions): StompctlError {
  // by its own words: a password may be one of them
  const said = rawErrorText(error) ?? '';
  const text = peerErrorText(error, passcode);
  const fail = (code: 'LOGIN_REFUSED' | 'BROKER_ERROR', reason: string) =>
    new StompctlError(code, 'connect', placeOf(endpoint), reason);
  const certificate = hasCertificate(tls);
  const offered = /No suitable mechanism; server supports (.*)$/s.exec(said)?.[1];
  if (offered !== undefined) {
    const ours = login !== undefined ? 'PLAIN' : certificate ? 'EXTERNAL' : 'ANONYMOUS';
    // as the library writes a list that is missing, or empty
    const only =
      offered === 'undefined' || offered === '' ? 'and names no other' : `only ${peerText(offered, passcode)}`;
    return fail('LOGIN_REFUSED', `the broker knows no login by ${ours}, ${only}; give it what it wants in auth`);
  }
  if (/^amqp:(?:unauthorized-access|not-found|not-allowed)/.test(said)) {
    const what = text.replace(/^amqp:unauthorized-access: Failed to authenticate: \d+$/, 'amqp:unauthorized-access');
    return fail('LOGIN_REFUSED', loginRefusal(what, login !== undefined || certificate));
  }
  return fail('BROKER_ERROR', `the broker refused the session: ${text}; see its log`);
}
