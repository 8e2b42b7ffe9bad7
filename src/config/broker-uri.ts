import { StompctlError } from '../base/errors.js';
import { shownUri } from '../observe/mask.js';
import { KeyValueError, percentDecode } from './options/key-value.js';

export type BrokerTransport = 'tcp' | 'tls' | 'ws' | 'wss' | 'udp';

/** What is spoken with a broker: STOMP, AMQP 0-9-1, AMQP 1.0; `amqp`: which AMQP, the broker's answer tells. */
export type BrokerProtocol = 'stomp' | 'amqp' | 'amqp091' | 'amqp1';

/** A broker's address, taken apart. */
export interface BrokerUri {
  readonly transport: BrokerTransport;
  /** as the scheme says */
  readonly protocol: 'stomp' | 'amqp';
  /** a name or an address, IPv6 without its brackets */
  readonly host: string;
  readonly port: number;
  /** path and query, for HTTP; empty unless WebSocket */
  readonly path: string;
  /** what CONNECT's `host` header says, or which one AMQP opens */
  readonly vhost: string;
}

const TRANSPORTS: Readonly<Record<string, BrokerTransport>> = {
  stomp: 'tcp',
  tcp: 'tcp',
  'stomp+ssl': 'tls',
  ssl: 'tls',
  'stomp+tls': 'tls',
  tls: 'tls',
  ws: 'ws',
  wss: 'wss',
  udp: 'udp',
  amqp: 'tcp',
  amqps: 'tls',
};

/** Those of the registry of IANA. */
const AMQP_PORTS: Readonly<Record<string, number>> = { amqp: 5672, amqps: 5671 };
const STOMP_PORT = 61613;
const DEFAULT_PORTS: Readonly<Record<BrokerTransport, number>> = {
  tcp: STOMP_PORT,
  tls: STOMP_PORT,
  udp: STOMP_PORT,
  // RFC 6455, section 3: those of HTTP
  ws: 80,
  wss: 443,
};

/** Does the URI say a port itself? To be asked of one that is valid. */
export function saysPort(text: string): boolean {
  return /:\d+$/.test(/^[^:]*:\/\/([^/?#]*)/.exec(text)?.[1] ?? '');
}

/** The URI, which says no port, with one. */
export function withPort(text: string, port: number): string {
  return text.replace(/^[^:]*:\/\/[^/?#]*/, (start) => `${start}:${port}`);
}

const HOST = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/;
const IPV6 = /^[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?$/;

/** The part before the first colon, in small letters: `stomp`, `failover`, …; empty when there is none. */
export function uriScheme(text: string): string {
  return /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase() ?? '';
}

/** What a URI of this scheme says is spoken. */
export function protocolOf(scheme: string): 'stomp' | 'amqp' {
  return Object.hasOwn(AMQP_PORTS, scheme) ? 'amqp' : 'stomp';
}

/**
 * Takes a broker's URI apart. For `ws` and `wss` the path belongs to HTTP; for the others it is, without its first
 * slash and %-decoded, the virtual host, and `/` when there is none. Throws URI_INVALID.
 */
export function parseBrokerUri(text: string): BrokerUri {
  const fail = (reason: string): never => {
    // a password has no place in a URI, but may stand there all the same
    throw new StompctlError('URI_INVALID', 'broker uri', shownUri(text), reason);
  };
  const scheme = uriScheme(text);
  const transport = Object.hasOwn(TRANSPORTS, scheme) ? TRANSPORTS[scheme] : undefined;
  if (transport === undefined) {
    return fail(`must start with one of ${Object.keys(TRANSPORTS).join(', ')}, then "://HOST:PORT"`);
  }
  const rest = text.slice(scheme.length + 1);
  if (!rest.startsWith('//')) return fail(`write ${scheme}://HOST:PORT`);
  const [, authority = '', path = ''] = /^\/\/([^/?#]*)(.*)$/s.exec(rest) ?? [];
  if (authority.includes('@') || (path.includes('@') && !/^[^:]*(?::\d{1,5})?$|^\[/.test(authority))) {
    return fail('name and password do not belong in the URI: put them into the auth option of the broker');
  }
  const { host, port } = splitAuthority(authority, AMQP_PORTS[scheme] ?? DEFAULT_PORTS[transport], fail);
  if (path.includes('#')) return fail('has a "#", which means nothing here: write %23 for one in a virtual host');
  if (transport === 'ws' || transport === 'wss') {
    const target = path.startsWith('/') ? path : `/${path}`;
    if (/[^\x21-\x7e]/.test(target)) return fail('the path has characters that must be %-escaped');
    return { transport, protocol: 'stomp', host, port, path: target, vhost: '/' };
  }
  if (path.includes('?')) return fail('has a "?", which means nothing here: write %3F for one in a virtual host');
  return { transport, protocol: protocolOf(scheme), host, port, path: '', vhost: virtualHost(path, fail) };
}

type Fail = (reason: string) => never;

function splitAuthority(authority: string, defaultPort: number, fail: Fail): { host: string; port: number } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(authority);
  const colon = authority.lastIndexOf(':');
  let host = authority;
  let portText: string | undefined;
  if (bracketed !== null) {
    [, host = '', portText] = bracketed;
    if (!IPV6.test(host) || !host.includes(':')) fail('what stands in the brackets is not an IPv6 address');
  } else {
    if (colon !== -1) {
      host = authority.slice(0, colon);
      portText = authority.slice(colon + 1);
    }
    if (host === '') fail('has no host: write it after "//"');
    if (host.includes(':')) fail('an IPv6 address must stand in brackets, as in stomp://[::1]:61613');
    if (!HOST.test(host) || host.length > 255) fail(`"${host}" is not a host name or address`);
  }
  if (portText === undefined) return { host, port: defaultPort };
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : 0;
  // what stands where the port should may be a password: "stomp://NAME:PASSWORD"
  const written = /^\d{0,5}$/.test(portText) ? `, not "${portText}"` : '';
  if (port < 1 || port > 65_535) fail(`the port must be a number from 1 to 65535${written}`);
  return { host, port };
}

function virtualHost(path: string, fail: Fail): string {
  const escaped = path.slice(1);
  if (escaped === '') return '/';
  try {
    const vhost = percentDecode(escaped);
    // STOMP 1.2, "Value Encoding": CONNECT is not escaped, so these cannot be sent
    if (/[\r\n\0]/.test(vhost)) fail('the virtual host has a line end or NUL in it, which CONNECT cannot carry');
    return vhost;
  } catch (error) {
    if (error instanceof KeyValueError) return fail(error.message);
    throw error;
  }
}
