import { isIP, isIPv6 } from 'node:net';
import { hostPort } from '../base/host-port.js';

/** Where a server listens. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** What the system keeps of the path of a socket, its last byte 0. */
const MOST_PATH_BYTES = 107;
const FORMS = '127.0.0.1:9464, [::1]:9464, localhost:9464 or unix:/PATH';

/**
 * Reads `HOST:PORT` or `unix:/PATH`; a text instead of an address says what is wrong with it. With `remote`, an address that other
 * hosts can reach will do.
 */
export function parseListenAddress(text: string, remote: boolean): ListenAddress | string {
  if (text.startsWith('unix:')) return unixAddress(text.slice('unix:'.length));
  const [, bracketed, plain = '', digits = ''] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (digits === '') return `"${text}" is no address: write ${FORMS}`;
  if (host === '')
    return `"${text}" does not say which address of this host: write 127.0.0.1:${digits}, or 0.0.0.0:${digits} for all`;
  if (port > 65_535) return `${digits} is no port: they end at 65535`;
  if (host !== 'localhost' && (bracketed === undefined ? isIP(host) !== 4 : !isIPv6(host))) {
    return `"${host}" is no address of a host: write ${FORMS}`;
  }
  if (!remote && !isLoopback(host)) {
    return `${host} can be reached by other hosts, and nobody logs in there: set metrics-remote to allow that, or write 127.0.0.1:${digits}`;
  }
  return { kind: 'tcp', host, port };
}

function unixAddress(path: string): ListenAddress | string {
  if (!path.startsWith('/'))
    return `"unix:${path}" needs the whole path of the socket, as unix:/run/stompctl/metrics.sock`;
  if (path.endsWith('/') || path.includes('\0')) return `"${path}" is no path of a socket`;
  const bytes = Buffer.byteLength(path);
  if (bytes > MOST_PATH_BYTES) {
    return `the path of a socket has at most ${MOST_PATH_BYTES} bytes, and this one ${bytes}: use a shorter folder, as /run/stompctl`;
  }
  return { kind: 'unix', path };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.startsWith('127.') || /^(?:0*:)*:?0*1$/.test(host);
}

/** `127.0.0.1:9464`, `[::1]:9464`, `unix:/PATH`. */
export function listenAddressText(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return hostPort(address.host, address.port);
}
