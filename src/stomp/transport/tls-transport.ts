import { isIP, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect,
  createSecureContext,
  rootCertificates,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import { limitText } from '../../base/wait.js';
import { SocketTransport } from './socket-transport.js';
import { connectSocket, peerOf, placeOf } from './tcp-transport.js';
import { tlsFailure } from './tls-failure.js';
import type { Endpoint, TlsOptions, Transport, TransportOptions } from './transport.js';

export async function openTls(endpoint: Endpoint, options: TransportOptions): Promise<Transport> {
  const socket = await connectTls(endpoint, options);
  const explain = (error: Error) => tlsFailure(placeOf(endpoint), error) ?? error;
  return new SocketTransport(socket, peerOf(endpoint, socket), expiryOf(socket), explain);
}

/** when the certificate of the peer ends to be valid */
export function expiryOf(socket: TLSSocket): Date | undefined {
  const until = Date.parse(socket.getPeerCertificate().valid_to ?? '');
  return Number.isNaN(until) ? undefined : new Date(until);
}

/** Connects and shakes hands, all within `timeoutMs`. Errors: those of `connectSocket`, TLS_FAILED, CREDENTIAL_INVALID. */
export async function connectTls(endpoint: Endpoint, options: TransportOptions): Promise<TLSSocket> {
  const deadline = options.clock.monotonicMs() + options.timeoutMs;
  const socket = await connectSocket(endpoint, options);
  try {
    return await shakeHands(socket, endpoint, options, deadline - options.clock.monotonicMs());
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function shakeHands(
  socket: Socket,
  endpoint: Endpoint,
  options: TransportOptions,
  timeoutMs: number,
): Promise<TLSSocket> {
  const place = placeOf(endpoint);
  return new Promise((succeed, fail) => {
    const secured = start(socket, endpoint, options.tls ?? {});
    const failed = (error: Error) => {
      done();
      fail(tlsFailure(place, error) ?? handshakeBroken(place, error));
    };
    const calledOff = () =>
      secured.destroy(new StompctlError('SESSION_CLOSED', 'connect', place, 'given up: no longer wanted'));
    const timer = options.clock.after(Math.max(1, timeoutMs), () => {
      const reason = `no TLS handshake within ${limitText(options.timeoutMs)}; does the broker speak TLS on this port?`;
      secured.destroy(new StompctlError('CONNECT_TIMEOUT', 'connect', place, reason));
    });
    const closed = () => failed(new Error('closed'));
    const done = () => {
      timer.cancel();
      options.signal?.removeEventListener('abort', calledOff);
      secured.off('error', failed);
      secured.off('close', closed);
    };
    options.signal?.addEventListener('abort', calledOff, { once: true });
    secured.once('error', failed);
    secured.once('close', closed);
    secured.once('secureConnect', () => {
      done();
      succeed(secured);
    });
  });
}

/** Errors: CREDENTIAL_INVALID, when certificate, key and passphrase do not fit. */
function start(socket: Socket, endpoint: Endpoint, tls: TlsOptions): TLSSocket {
  try {
    return connect({ ...tlsConnectOptions(endpoint, tls), socket });
  } catch (error) {
    throw unfit(placeOf(endpoint), error);
  }
}

/** What Node is told of TLS for a connection to `endpoint`. */
export function tlsConnectOptions(endpoint: Endpoint, tls: TlsOptions): ConnectionOptions {
  const name = tls.serverName ?? (isIP(endpoint.host) === 0 ? endpoint.host : '');
  const verified = tls.verifyName ?? (name === '' ? endpoint.host : name);
  return {
    ...contextOptions(tls),
    servername: name,
    rejectUnauthorized: tls.verify ?? true,
    checkServerIdentity: (_host, certificate) =>
      verified === false ? undefined : checkServerIdentity(verified, certificate),
  };
}

function contextOptions(tls: TlsOptions): SecureContextOptions {
  const options: SecureContextOptions = { minVersion: tls.minVersion ?? 'TLSv1.2' };
  if (tls.maxVersion !== undefined) options.maxVersion = tls.maxVersion;
  if (tls.ciphers !== undefined) options.ciphers = tls.ciphers;
  if (tls.cert !== undefined) options.cert = tls.cert;
  if (tls.key !== undefined) options.key = tls.key;
  if (tls.pfx !== undefined) options.pfx = tls.pfx;
  if (tls.passphrase !== undefined) options.passphrase = tls.passphrase;
  // A PKCS#12 file may hold CAs of its own; given CAs take the place of all others.
  if (tls.ca !== undefined) options.ca = tls.ca.length === 0 ? [...rootCertificates] : [...tls.ca];
  return options;
}

const BEGIN = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/g;
const END = /-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/**
 * Throws CREDENTIAL_INVALID when no connection can be made with these, as when somebody has just begun to write them: certificate,
 * key and password that do not fit, CAs that are not whole (which Node itself passes over).
 */
export function refuseUnusable(tls: TlsOptions, what: string): void {
  for (const ca of tls.ca ?? []) {
    const text = ca.toString('latin1');
    const [begun, ended] = [BEGIN, END].map((mark) => text.match(mark)?.length ?? 0);
    if (begun === ended && begun !== 0) continue;
    throw new StompctlError(
      'CREDENTIAL_INVALID',
      'credential',
      what,
      'no whole certificate in a file of CAs; check ca',
    );
  }
  try {
    createSecureContext(contextOptions(tls));
  } catch (error) {
    throw unfit(what, error);
  }
}

function unfit(what: string, error: unknown): StompctlError {
  const reason = `certificate, key and password do not fit together: ${errnoOf(error) ?? reasonOf(error)}; check cert, key and pass`;
  return new StompctlError('CREDENTIAL_INVALID', 'connect', what, reason, error);
}

function handshakeBroken(place: string, error: Error): StompctlError {
  if (error instanceof StompctlError) return error;
  const reason = `the TLS handshake broke: ${errnoOf(error) ?? error.message}; does the broker speak TLS on this port?`;
  return new StompctlError('TLS_FAILED', 'connect', place, reason, error);
}
