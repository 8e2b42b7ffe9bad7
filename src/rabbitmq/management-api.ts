import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import type { Change } from './account-plan.js';
import type { FoundAccounts } from './accounts.js';

export interface ManagementOptions {
  /** `http://host:15672`, `https://host:15671`, with a path before `/api` or none */
  readonly uri: URL;
  readonly user: string;
  readonly password: string;
  /** PEM; undefined: the CAs that Node trusts */
  readonly ca?: Buffer | undefined;
  /** the longest wait for an answer, whole */
  readonly timeoutMs: number;
}

/** bytes of an answer: thousands of users fit */
const LONGEST_ANSWER = 64 * 1024 * 1024;

/** HTTP: Request Timeout, Too Many Requests, as of a proxy in front; and all from 500 on */
const TRY_AGAIN: ReadonlySet<number> = new Set([408, 429]);

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** RabbitMQ's management API, one request at a time. Errors never hold the password. */
export class ManagementApi {
  readonly #options: ManagementOptions;
  /** for texts, without what may be a secret */
  readonly name: string;

  constructor(options: ManagementOptions) {
    this.#options = options;
    const { protocol, host, pathname } = options.uri;
    this.name = `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
  }

  /** What there is. Rejects with API_UNREACHABLE, API_UNAVAILABLE, LOGIN_REFUSED, API_REFUSED. */
  async accounts(): Promise<FoundAccounts> {
    const whoami = record(await this.#get('whoami'), this);
    const self = named(whoami.name, this);
    if (!tagsOf(whoami.tags).includes('administrator')) {
      const reason = `the user ${self} has not the tag administrator, without which accounts can be neither seen nor changed`;
      throw new StompctlError('LOGIN_REFUSED', 'management api', this.name, reason);
    }
    const rows = async (path: string) => list(await this.#get(path), this);
    return {
      self,
      vhosts: (await rows('vhosts')).map(({ name }) => named(name, this)),
      users: (await rows('users')).map(({ name, password_hash, hashing_algorithm, tags }) => ({
        name: named(name, this),
        hash: text(password_hash),
        hashing: text(hashing_algorithm),
        tags: tagsOf(tags),
      })),
      permissions: (await rows('permissions')).map(({ user, vhost, configure, write, read }) => ({
        ...{ user: named(user, this), vhost: named(vhost, this) },
        ...{ configure: text(configure), write: text(write), read: text(read) },
      })),
      topics: (await rows('topic-permissions')).map(({ user, vhost, exchange, write, read }) => ({
        ...{ user: named(user, this), vhost: named(vhost, this), exchange: text(exchange) },
        ...{ write: text(write), read: text(read) },
      })),
    };
  }

  /** How many queues a virtual host has. */
  async queuesOf(vhost: string): Promise<number> {
    return list(await this.#get(`queues/${encodeURIComponent(vhost)}`), this).length;
  }

  /** Makes a change. Rejects with API_REFUSED when it is refused, API_UNAVAILABLE, LOGIN_REFUSED, and with API_UNREACHABLE. */
  async make({ method, path, body }: Change): Promise<void> {
    const { status, text: said } = await this.#ask(method, path, body);
    // what is to go and is not there any more has gone
    if (status < 300 || (method === 'DELETE' && status === 404)) return;
    throw this.#refused(status, said);
  }

  async #get(path: string): Promise<unknown> {
    const { status, text: said } = await this.#ask('GET', path);
    if (status !== 200) throw this.#refused(status, said);
    try {
      return JSON.parse(said);
    } catch (error) {
      throw this.noApi(error);
    }
  }

  /** The error for an answer that RabbitMQ does not give. */
  noApi(cause?: unknown): StompctlError {
    const reason =
      'what answers is no management API of RabbitMQ; is it the port of rabbitmq_management, 15672 unless it was changed?';
    return new StompctlError('API_UNREACHABLE', 'management api', this.name, reason, cause);
  }

  #refused(status: number, said: string): StompctlError {
    if (status === 401) {
      const reason = `the login of ${this.#options.user} was refused: check its password, and its tag administrator`;
      return new StompctlError('LOGIN_REFUSED', 'management api', this.name, reason);
    }
    if (status >= 500 || TRY_AGAIN.has(status)) {
      // what it says here may be all that it was given
      const reason = `cannot do it now (HTTP ${status}): see the log of RabbitMQ, and run the same command again later`;
      return new StompctlError('API_UNAVAILABLE', 'management api', this.name, reason);
    }
    return new StompctlError('API_REFUSED', 'management api', this.name, reasonOfAnswer(status, said));
  }

  #ask(method: string, path: string, body?: Change['body']): Promise<Answer> {
    const { uri, user, password, ca, timeoutMs } = this.#options;
    const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const target = new URL(`${uri.pathname.replace(/\/$/, '')}/api/${path}`, uri);
    return new Promise((resolve, reject) => {
      const options = {
        method,
        agent: false as const,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
          accept: 'application/json',
          ...(sent !== undefined && { 'content-type': 'application/json', 'content-length': sent.length }),
        },
      };
      const failed = (error: Error) => reject(this.#unreachable(error));
      const answered = (response: IncomingMessage) => {
        wholeText(response).then((said) => resolve({ status: response.statusCode ?? 0, text: said }), failed);
      };
      const asked =
        uri.protocol === 'https:'
          ? requestHttps(target, { ...options, ...(ca !== undefined && { ca }) }, answered)
          : requestHttp(target, options, answered);
      asked.on('error', failed);
      asked.end(sent);
    });
  }

  #unreachable(error: Error): StompctlError {
    const { timeoutMs } = this.#options;
    const late = error.name === 'TimeoutError' || error.name === 'AbortError';
    const reason = late
      ? `no answer within ${timeoutMs / 1000} s`
      : `${errnoOf(error) ?? reasonOf(error)}; does RabbitMQ run there, with the plugin rabbitmq_management?`;
    return new StompctlError('API_UNREACHABLE', 'management api', this.name, reason, error);
  }
}

async function wholeText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LONGEST_ANSWER) throw new Error(`an answer of more than ${LONGEST_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What RabbitMQ says of a refusal; of another server, only the status. */
function reasonOfAnswer(status: number, said: string): string {
  try {
    const answer: unknown = JSON.parse(said);
    if (isRecord(answer) && typeof answer.reason === 'string') return `refused (${status}): ${answer.reason}`;
  } catch {
    // no JSON: nothing that RabbitMQ would say
  }
  return `refused (${status})`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function record(value: unknown, api: ManagementApi): Record<string, unknown> {
  if (!isRecord(value)) throw api.noApi();
  return value;
}

function list(value: unknown, api: ManagementApi): Record<string, unknown>[] {
  if (!Array.isArray(value)) throw api.noApi();
  return value.map((row: unknown) => record(row, api));
}

/** By a name something may be removed: what has none is not RabbitMQ's answer. */
function named(value: unknown, api: ManagementApi): string {
  const name = text(value);
  if (name === '') throw api.noApi();
  return name;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A list since RabbitMQ 3.9; before, texts with commas. */
function tagsOf(value: unknown): string[] {
  const tags = Array.isArray(value) ? value.map(text) : text(value).split(',');
  return tags.map((tag) => tag.trim()).filter((tag) => tag !== '');
}
