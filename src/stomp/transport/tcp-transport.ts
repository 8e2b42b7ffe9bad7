import { lookup } from 'node:dns/promises';
import { connect, type Socket } from 'node:net';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import { hostPort } from '../../base/host-port.js';
import { limitText, unlessCalledOff } from '../../base/wait.js';
import { SocketTransport } from './socket-transport.js';
import type { Endpoint, Transport, TransportOptions } from './transport.js';

/** the longest time for one address while others are left to try */
const ATTEMPT_MS = 5_000;
const KEEP_ALIVE_MS = 30_000;

export async function openTcp(endpoint: Endpoint, options: TransportOptions): Promise<Transport> {
  const socket = await connectSocket(endpoint, options);
  return new SocketTransport(socket, peerOf(endpoint, socket));
}

/** `host:port`, with the address when it is not the host. */
export function peerOf(endpoint: Endpoint, socket: Socket): string {
  const place = placeOf(endpoint);
  const address = socket.remoteAddress;
  return address === undefined || address === endpoint.host ? place : `${place} [${address}]`;
}

export function placeOf(endpoint: Endpoint): string {
  return hostPort(endpoint.host, endpoint.port);
}

/**
 * Connects to the first address of the host that answers; every address of the name is tried, in the order of the resolver.
 * Errors: HOST_UNKNOWN, CONNECT_FAILED (with what each address said), CONNECT_TIMEOUT.
 */
export async function connectSocket(endpoint: Endpoint, options: TransportOptions): Promise<Socket> {
  const place = placeOf(endpoint);
  const deadline = options.clock.monotonicMs() + options.timeoutMs;
  if (options.signal?.aborted) throw abandoned(place);
  const addresses = await resolveHost(endpoint, options);
  const failures: string[] = [];
  let cause: unknown;
  for (const [index, address] of addresses.entries()) {
    if (options.signal?.aborted) throw abandoned(place);
    const leftMs = deadline - options.clock.monotonicMs();
    const others = addresses.length - index - 1;
    const attemptMs = others > 0 ? Math.min(ATTEMPT_MS, leftMs / (others + 1)) : leftMs;
    try {
      const socket = await attempt(address, endpoint.port, Math.max(1, attemptMs), options);
      socket.setNoDelay(options.socket?.noDelay ?? true);
      const keepAliveMs = options.socket?.keepAliveMs ?? KEEP_ALIVE_MS;
      if (keepAliveMs > 0) socket.setKeepAlive(true, keepAliveMs);
      return socket;
    } catch (error) {
      cause = error;
      failures.push(`${address} ${errnoOf(error) ?? reasonOf(error)}`);
    }
  }
  if (options.signal?.aborted) throw abandoned(place);
  if (options.clock.monotonicMs() >= deadline) {
    const reason = `no connection within ${limitText(options.timeoutMs)} (${failures.join(', ')}); is the host up, and no firewall between?`;
    throw new StompctlError('CONNECT_TIMEOUT', 'connect', place, reason, cause);
  }
  const reason = `${failures.join(', ')}; is the broker running, and listening on this port?`;
  throw new StompctlError('CONNECT_FAILED', 'connect', place, reason, cause);
}

/** The addresses of the host, not empty. Errors: HOST_UNKNOWN, CONNECT_TIMEOUT, SESSION_CLOSED when called off. */
export async function resolveHost(endpoint: Endpoint, options: TransportOptions): Promise<readonly string[]> {
  const place = placeOf(endpoint);
  const find = options.socket?.resolve ?? ((host: string) => systemAddresses(host, options.socket?.family ?? 0));
  const unknown = (reason: string, cause?: unknown) =>
    new StompctlError('HOST_UNKNOWN', 'connect', place, reason, cause);
  const { clock, timeoutMs, signal } = options;
  const callOff = { name: place, clock, timeoutMs, signal, late: UNRESOLVED };
  const addresses = await unlessCalledOff(find(endpoint.host), callOff).catch((error: unknown) => {
    if (error instanceof StompctlError) throw error;
    throw unknown(
      `${errnoOf(error) ?? reasonOf(error)}; is the host name right, and the name server reachable?`,
      error,
    );
  });
  if (addresses.length === 0) throw unknown('the name has no address; is the host name right?');
  return addresses;
}

async function systemAddresses(host: string, family: 0 | 4 | 6): Promise<string[]> {
  const found = await lookup(host, { all: true, family });
  return [...new Set(found.map(({ address }) => address))];
}

const UNRESOLVED = ['the name was not resolved', 'is the name server reachable?'] as const;

/** One address. `timeoutMs` bounds it. */
function attempt(address: string, port: number, timeoutMs: number, options: TransportOptions): Promise<Socket> {
  const { localAddress, localPort } = options.socket ?? {};
  return new Promise((succeed, fail) => {
    const socket = connect({
      host: address,
      port,
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(localPort === undefined ? {} : { localPort }),
    });
    const calledOff = () => socket.destroy(abandoned(hostPort(address, port)));
    const timer = options.clock.after(timeoutMs, () => socket.destroy(new Error('no answer')));
    options.signal?.addEventListener('abort', calledOff, { once: true });
    const done = () => {
      timer.cancel();
      options.signal?.removeEventListener('abort', calledOff);
      socket.off('error', failed);
    };
    const failed = (error: Error) => {
      done();
      fail(error);
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      done();
      succeed(socket);
    });
  });
}

function abandoned(place: string): StompctlError {
  return new StompctlError('SESSION_CLOSED', 'connect', place, 'given up: no longer wanted');
}
