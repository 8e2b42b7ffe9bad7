import { isIP } from 'node:net';
import { StompctlError } from '../../base/errors.js';
import type { SocketOptions, TlsOptions } from './transport.js';

type Table = Readonly<Record<string, string>>;

/** What socket options say about TLS; paths are still to be read, see `readTlsFiles`. */
export interface TlsSockopts {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly pass: string | undefined;
  /** files and folders of CAs */
  readonly ca: readonly string[];
  readonly options: Pick<TlsOptions, 'verify' | 'serverName' | 'verifyName' | 'minVersion' | 'maxVersion' | 'ciphers'>;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const TCP_NAMES =
  'LocalAddr, LocalHost, LocalPort, Family, Domain, KeepAlive, NoDelay, ReuseAddr, Timeout, and the SSL_ options';

/** The socket options of IO::Socket, as stompclt's users write them, without those of TLS. Errors: CONFIG_INVALID. */
export function parseSocketOptions(sockopts: Table): SocketOptions {
  const options: Writable<SocketOptions> = {};
  for (const [name, value] of Object.entries(sockopts)) {
    if (name.startsWith('SSL_')) continue;
    switch (name) {
      case 'LocalAddr':
      case 'LocalHost':
        if (isIP(value) === 0) throw invalid(name, value, 'an IP address of this host');
        options.localAddress = value;
        break;
      case 'LocalPort':
        options.localPort = integer(name, value, 65_535);
        break;
      case 'Family':
      case 'Domain':
        options.family = family(name, value);
        break;
      case 'KeepAlive':
        options.keepAliveMs = integer(name, value, 86_400) * 1000;
        break;
      case 'NoDelay':
        options.noDelay = boolean(name, value);
        break;
      case 'ReuseAddr':
        // what Node does for every socket that it binds
        boolean(name, value);
        break;
      case 'Timeout':
        connectTimeoutMs(sockopts);
        break;
      default:
        throw new StompctlError('CONFIG_INVALID', 'sockopts', name, `not a socket option; known are ${TCP_NAMES}`);
    }
  }
  return options;
}

/** How long a connection may take at most, where the socket options say it; 0 says nothing. Errors: CONFIG_INVALID. */
export function connectTimeoutMs({ Timeout: value }: Table): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,7}(?:\.\d{1,6})?$/.test(value)) throw invalid('Timeout', value, 'a number of seconds');
  return Number(value) === 0 ? undefined : Math.ceil(Number(value) * 1000);
}

/** The `SSL_` options of IO::Socket::SSL. Errors: CONFIG_INVALID. */
export function parseTlsSockopts(sockopts: Table): TlsSockopts {
  const options: Writable<TlsSockopts['options']> = {};
  for (const [name, value] of Object.entries(sockopts)) {
    if (name.startsWith('SSL_')) applyTls(options, name, value);
  }
  const { SSL_ca_file: caFile, SSL_ca_path: caPath, SSL_verifycn_scheme: scheme } = sockopts;
  if (scheme === 'none') options.verifyName = false;
  return {
    cert: sockopts.SSL_cert_file,
    key: sockopts.SSL_key_file,
    pass: sockopts.SSL_passwd,
    ca: [caFile, caPath].filter((path) => path !== undefined),
    options,
  };
}

const ELSEWHERE = new Set(['SSL_ca_file', 'SSL_ca_path', 'SSL_cert_file', 'SSL_key_file', 'SSL_passwd']);
const TLS_NAMES =
  'SSL_ca_file, SSL_ca_path, SSL_cert_file, SSL_key_file, SSL_passwd, SSL_verify_mode, SSL_version, SSL_cipher_list, ' +
  'SSL_hostname, SSL_verifycn_name, SSL_verifycn_scheme, SSL_use_cert';

function applyTls(options: Writable<TlsSockopts['options']>, name: string, value: string): void {
  switch (name) {
    case 'SSL_verify_mode':
      options.verify = verifyMode(value);
      break;
    case 'SSL_version':
      Object.assign(options, versions(value));
      break;
    case 'SSL_cipher_list':
      options.ciphers = value;
      break;
    case 'SSL_hostname':
      options.serverName = value;
      break;
    case 'SSL_verifycn_name':
      options.verifyName ??= value;
      break;
    case 'SSL_verifycn_scheme':
    case 'SSL_use_cert':
      break;
    default:
      if (ELSEWHERE.has(name)) return;
      throw new StompctlError('CONFIG_INVALID', 'sockopts', name, `not a TLS option; known are ${TLS_NAMES}`);
  }
}

/** IO::Socket::SSL: `SSL_VERIFY_NONE` is 0, `SSL_VERIFY_PEER` 1; the other bits matter to servers only. */
function verifyMode(value: string): boolean {
  if (value === 'SSL_VERIFY_NONE') return false;
  if (value === 'SSL_VERIFY_PEER') return true;
  if (!/^\d{1,3}$/.test(value)) throw invalid('SSL_verify_mode', value, 'SSL_VERIFY_NONE or SSL_VERIFY_PEER');
  return (Number(value) & 1) === 1;
}

const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
type TlsVersion = (typeof VERSIONS)[number];

/**
 * IO::Socket::SSL: one version (`TLSv12`, `TLSv1_2`), several with colons, or `SSLv23` (any), each but the first perhaps with `!`
 * for "not this one".
 */
function versions(value: string): { minVersion?: TlsVersion; maxVersion?: TlsVersion } {
  const wanted = new Set<TlsVersion>();
  const unwanted = new Set<TlsVersion>();
  for (const part of value.split(':')) {
    const name = part.replace(/^!/, '');
    const version = VERSIONS.find((known) => known.replace(/[.v]/gi, '') === name.replace(/[._v]/gi, ''));
    if (version !== undefined) (part.startsWith('!') ? unwanted : wanted).add(version);
    else if (!/^SSLv(?:2|3|23|2\/3)$/.test(name))
      throw invalid('SSL_version', value, 'such as TLSv1_2 or SSLv23:!TLSv1');
  }
  const left = VERSIONS.filter((version) => (wanted.size === 0 || wanted.has(version)) && !unwanted.has(version));
  const [lowest] = left;
  const highest = left.at(-1);
  if (lowest === undefined || highest === undefined)
    throw invalid('SSL_version', value, 'a list that leaves a version');
  // Without a word about it, TLS 1.2 is the least.
  const named = wanted.size > 0 || unwanted.has('TLSv1.1');
  return { ...(named && { minVersion: lowest }), ...(highest !== 'TLSv1.3' && { maxVersion: highest }) };
}

function family(name: string, value: string): 4 | 6 {
  if (/^(?:4|AF_INET|2)$/.test(value)) return 4;
  if (/^(?:6|AF_INET6|10)$/.test(value)) return 6;
  throw invalid(name, value, '4 or 6');
}

function integer(name: string, value: string, most: number): number {
  if (!/^\d{1,9}$/.test(value) || Number(value) > most) throw invalid(name, value, `a number up to ${most}`);
  return Number(value);
}

function boolean(name: string, value: string): boolean {
  if (value !== '0' && value !== '1' && value !== 'true' && value !== 'false')
    throw invalid(name, value, 'true or false');
  return value === '1' || value === 'true';
}

function invalid(name: string, value: string, wanted: string): StompctlError {
  return new StompctlError('CONFIG_INVALID', 'sockopts', name, `${JSON.stringify(value)} is not ${wanted}`);
}
