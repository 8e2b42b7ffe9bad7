import { chmodSync, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import type { Clock } from '../base/clock.js';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { withDeadline } from '../base/wait.js';
import { type ListenAddress, listenAddressText } from '../config/listen-address.js';
import { clearSocketFile } from './socket-file.js';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface MetricsServerOptions {
  readonly address: ListenAddress;
  /** other hosts may ask: then under any name */
  readonly remote: boolean;
  readonly clock: Clock;
  /** how long who asks may take to say what */
  readonly askMs?: number;
  /** what is at a path; undefined: nothing. May reject */
  readonly answer: (path: string) => Promise<Answer | undefined>;
  /** told of what `answer` rejected with */
  readonly onFault: (error: unknown) => void;
}

/** Who asks has this long to say what, and then to take the answer; then the connection is closed. */
const ASK_MS = 5000;
const IDLE_MS = 10_000;
const LOOK_MS = 1000;
const MAX_HEADER_BYTES = 8192;
const MAX_CONNECTIONS = 50;
const CLOSE_MS = 1000;
/** the user and the group of the process */
const SOCKET_MODE = 0o660;

const SAFE_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * Answers GET and HEAD over HTTP, for who is on this host. It takes no bodies, keeps few connections, each for a short time, and does
 * not keep the process alive. A web page of elsewhere that had its own name point at this host (DNS rebinding) is refused by the
 * Host that its browser names.
 */
export class MetricsServer {
  readonly #server: Server;
  readonly #options: MetricsServerOptions;

  private constructor(options: MetricsServerOptions) {
    this.#options = options;
    const { askMs = ASK_MS } = options;
    const limits = {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: askMs,
      requestTimeout: askMs,
      keepAliveTimeout: askMs,
      connectionsCheckingInterval: Math.min(LOOK_MS, askMs),
    };
    this.#server = createServer(limits, (request, response) => {
      void this.#handle(request, response);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.timeout = IDLE_MS;
    this.#server.on('connection', (socket) => socket.unref());
    // no listener: Node answers 400, 408 or 431 and closes
    this.#server.on('upgrade', (_request, socket) => socket.destroy());
    this.#server.on('connect', (_request, socket) => socket.destroy());
  }

  /** Rejects with METRICS_LISTEN, with the next step. */
  static async listen(options: MetricsServerOptions): Promise<MetricsServer> {
    const { address, clock } = options;
    if (address.kind === 'unix') await clearSocketFile(address.path, clock);
    const server = new MetricsServer(options);
    await server.#listen();
    return server;
  }

  /** Where it listens, with the port that it has. */
  get address(): string {
    const { address } = this.#options;
    const bound = this.#server.address();
    if (address.kind === 'unix' || bound === null || typeof bound === 'string') return listenAddressText(address);
    return listenAddressText({ ...address, port: bound.port });
  }

  /** Resolves when nobody is connected any more; the socket's file is gone then. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await withDeadline(this.#options.clock, CLOSE_MS, closed, () => undefined);
  }

  async #listen(): Promise<void> {
    const { address } = this.#options;
    const where = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(cannotListen(address, error)));
      this.#server.listen(where, resolve);
    });
    this.#server.unref();
    this.#server.removeAllListeners('error');
    // what goes wrong with accepting, as too many open files, is passing: who asks is refused meanwhile
    this.#server.on('error', this.#options.onFault);
    if (address.kind === 'unix') chmodSync(address.path, SOCKET_MODE);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.#answer(request);
    } catch (error) {
      this.#options.onFault(error);
      answer = plain(500, 'something went wrong here: the log says what');
    }
    // who sends a body has it thrown away with the connection
    if (hasBody(request) || answer.status >= 400) response.setHeader('connection', 'close');
    const { status, type, body, headers } = answer;
    const length = Buffer.byteLength(body);
    response.writeHead(status, { ...SAFE_HEADERS, ...headers, 'content-type': type, 'content-length': length });
    response.end(request.method === 'HEAD' ? undefined : body);
    if (hasBody(request)) response.on('finish', () => request.destroy());
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    if (!this.#knows(request.headers.host)) return plain(403, 'ask under localhost, or an address of this host');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return { ...plain(405, 'only GET and HEAD are understood'), headers: { allow: 'GET, HEAD' } };
    }
    if (hasBody(request)) return plain(413, 'no body is taken');
    const [path = ''] = (request.url ?? '').split('?');
    return (await this.#options.answer(path)) ?? plain(404, 'there is nothing here; see /');
  }

  /** An address cannot be pointed elsewhere, a name can. HTTP/1.0 names none. */
  #knows(host: string | undefined): boolean {
    const { address, remote } = this.#options;
    if (remote || address.kind === 'unix' || host === undefined) return true;
    const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    return name.toLowerCase() === 'localhost' || isIP(name) !== 0;
  }
}

export function plain(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}

const NEXT_STEPS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something listens there already: choose another port, or stop it ("ss -ltnp" shows what it is)',
  EADDRNOTAVAIL: 'this host has no such address: "ip address" shows those it has',
  EACCES: 'not allowed: choose a port above 1023, or a folder that this user may write to',
  ENOENT: 'its folder is not there: make it, for the user that runs stompctl',
};

function cannotListen(address: ListenAddress, error: Error): StompctlError {
  // libuv says EACCES where a folder is missing
  const missing = address.kind === 'unix' && !existsSync(dirname(address.path));
  const reason = NEXT_STEPS[missing ? 'ENOENT' : (errnoOf(error) ?? '')] ?? reasonOf(error);
  return new StompctlError('METRICS_LISTEN', 'metrics-listen', listenAddressText(address), reason, error);
}
