import { StompctlError } from '../base/errors.js';
import { shownUri } from '../observe/mask.js';
import { type BrokerProtocol, type BrokerUri, parseBrokerUri, protocolOf, uriScheme } from './broker-uri.js';
import { readPlainFile } from './formats/config-file.js';

/** How to go through several brokers: the options of `failover:(…)?…`, undefined where not given. */
export interface FailoverOptions {
  readonly randomize?: boolean;
  readonly initialReconnectDelayMs?: number;
  readonly maxReconnectDelayMs?: number;
  readonly backOffMultiplier?: number;
  readonly useExponentialBackOff?: boolean;
  /** -1: without end */
  readonly maxReconnectAttempts?: number;
}

/** The brokers that a URI option names, in order. */
export interface BrokerUris {
  readonly uris: readonly [string, ...string[]];
  readonly options: FailoverOptions;
}

/**
 * What stands behind a URI option: one broker, `failover:(a,b)?options`, `failover:a,b`, or `file:PATH` (one URI a line,
 * `#` comments), which is read anew at each call. Rejects with URI_INVALID, CONFIG_NOT_FOUND or CONFIG_UNREADABLE.
 */
export async function brokerUris(text: string): Promise<BrokerUris> {
  const scheme = uriScheme(text);
  if (scheme === 'failover') return parseFailover(text);
  if (scheme !== 'file') return { uris: [text], options: {} };
  const path = filePath(text);
  return parseUriFile(path, await readPlainFile(path));
}

/** The options of a `failover:` URI that mean nothing here, by name: ActiveMQ's clients have more, and stompclt ignores those too. */
export function ignoredFailoverOptions(text: string): string[] {
  return uriScheme(text) === 'failover' ? parseOptions(splitFailover(text).query).ignored : [];
}

function fail(text: string, reason: string): StompctlError {
  return new StompctlError('URI_INVALID', 'broker uri', shownUri(text), reason);
}

/**
 * What is spoken with the brokers that a URI option names, by the first of them; `given`: as the operator says. What a file names is
 * not looked at: it is STOMP unless he says otherwise.
 */
export function brokersProtocol(text: string, given?: BrokerProtocol): BrokerProtocol {
  if (given !== undefined) return given;
  const scheme = uriScheme(text);
  // what is wrong with the list is told elsewhere
  return protocolOf(scheme === 'failover' ? uriScheme(text.slice('failover:'.length).replace(/^[/(\s]+/, '')) : scheme);
}

/** Throws URI_INVALID unless each broker that a URI option names has a valid URI; the content of a file is not looked at. */
export function checkBrokerUris(text: string, given?: BrokerProtocol): void {
  const scheme = uriScheme(text);
  if (scheme === 'file') {
    filePath(text);
    return;
  }
  const protocol = brokersProtocol(text, given);
  for (const uri of scheme === 'failover' ? parseFailover(text).uris : [text]) checkProtocol(uri, protocol);
}

/** Takes a URI apart that is to speak `protocol`. Throws URI_INVALID. */
export function checkProtocol(uri: string, protocol: BrokerProtocol): BrokerUri {
  const parsed = parseBrokerUri(uri);
  if (parsed.protocol === (protocol === 'stomp' ? 'stomp' : 'amqp')) return parsed;
  const names = { stomp: 'STOMP', amqp: 'AMQP', amqp091: 'AMQP 0-9-1', amqp1: 'AMQP 1.0' };
  const reason = `speaks ${names[parsed.protocol]}, where ${names[protocol]} is wanted: a list of brokers is of one protocol, which …-broker-protocol may name`;
  throw fail(uri, reason);
}

/** The path of `file:PATH` or `file:///PATH`. Throws URI_INVALID when there is none. */
function filePath(text: string): string {
  const path = text.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
  if (path === '') throw fail(text, 'name a file, as in file:/etc/stompctl/brokers');
  return path;
}

/** `failover:(a,b)?options` or `failover:a,b`. Throws URI_INVALID. */
export function parseFailover(text: string): BrokerUris {
  const { list, query } = splitFailover(text);
  // as Perl's split, which stompclt uses: a comma at the end adds nothing
  const uris = list.split(',').map((uri) => uri.trim());
  while (uris.at(-1) === '') uris.pop();
  const [first, ...others] = uris;
  if (first === undefined || uris.some((uri) => uri === ''))
    throw fail(text, 'a broker is missing before or after a comma');
  return { uris: [first, ...others], options: parseOptions(query).options };
}

function splitFailover(text: string): { readonly list: string; readonly query: string } {
  const rest = text.slice('failover:'.length).replace(/^\/\//, '');
  const parts = /^\(([^()]*)\)(?:\?(.*))?$/s.exec(rest);
  if (parts === null && /[()]/.test(rest)) throw fail(text, 'write failover:(URI,URI)?option=value&option=value');
  return { list: parts?.[1] ?? rest, query: parts?.[2] ?? '' };
}

/**
 * One URI a line; empty lines and what follows a `#` do not count. A single one may be a `failover:` list, as with stompclt.
 * Throws URI_INVALID when none is left.
 */
export function parseUriFile(path: string, content: string): BrokerUris {
  const uris = content
    .split('\n')
    .map((line) => line.replace(/#.*$/s, '').trim())
    .filter((line) => line !== '');
  const [first, ...others] = uris;
  if (first === undefined) throw fail(`file:${path}`, 'has no URI in it: write one a line');
  if (others.length === 0 && uriScheme(first) === 'failover') return parseFailover(first);
  return { uris: [first, ...others], options: {} };
}

const BOOLEANS = ['randomize', 'useExponentialBackOff'] as const;
const DELAYS = { initialReconnectDelay: 'initialReconnectDelayMs', maxReconnectDelay: 'maxReconnectDelayMs' } as const;

function parseOptions(query: string): { readonly options: FailoverOptions; readonly ignored: string[] } {
  const options: { -readonly [K in keyof FailoverOptions]: FailoverOptions[K] } = {};
  const ignored: string[] = [];
  for (const pair of query.split('&').filter((part) => part !== '')) {
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    const number = /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
    const boolean = BOOLEANS.find((known) => known === name);
    if (boolean !== undefined && (value === 'true' || value === 'false')) options[boolean] = value === 'true';
    else if ((name === 'initialReconnectDelay' || name === 'maxReconnectDelay') && number >= 0)
      options[DELAYS[name]] = number;
    else if (name === 'backOffMultiplier' && number >= 1) options.backOffMultiplier = number;
    else if (name === 'maxReconnectAttempts' && Number.isInteger(number) && number >= -1) {
      options.maxReconnectAttempts = number;
    } else ignored.push(name);
  }
  return { options, ignored };
}
