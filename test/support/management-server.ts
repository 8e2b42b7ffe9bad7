import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { hashPassword, isHashOf } from '../../src/rabbitmq/password-hash.js';
import { atEnd, type Cleaning } from './temp-folder.js';

interface StoredUser {
  readonly name: string;
  readonly password_hash: string;
  readonly hashing_algorithm: string;
  readonly tags: readonly string[];
}

type Row = Readonly<Record<string, string>>;

/** What of RabbitMQ's management API `rabbitmq sync` uses, in memory; administrators are as in its `users`. */
export class ManagementServer {
  uri = '';
  readonly vhosts = new Set(['/']);
  readonly users = new Map<string, StoredUser>();
  readonly permissions = new Map<string, Row>();
  readonly topics = new Map<string, Row>();
  readonly queues = new Map<string, number>();
  /** changes that were asked for: `PUT users/x` */
  readonly changes: string[] = [];
  /** requests that came here */
  asked = 0;
  /** paths of changes that are refused */
  refuses: RegExp | undefined;
  /** requests (`GET users`) that are answered with 503, and with all that came */
  unable: RegExp | undefined;
  /** from so many changes on every connection is cut */
  diesAfter = Number.POSITIVE_INFINITY;

  /** With `tls`, over HTTPS. */
  static async start(test: Cleaning, tls?: { readonly key: Buffer; readonly cert: Buffer }): Promise<ManagementServer> {
    const api = new ManagementServer();
    api.addUser('admin', 'secret', ['administrator']);
    const answer = (request: IncomingMessage, response: ServerResponse) => void api.#answer(request, response);
    const server = tls === undefined ? createServer(answer) : createHttpsServer(tls, answer);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    atEnd(test, () => new Promise((resolve) => server.close(resolve)));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('ManagementServer: no port');
    api.uri = tls === undefined ? `http://127.0.0.1:${address.port}` : `https://localhost:${address.port}`;
    return api;
  }

  addUser(name: string, password: string, tags: readonly string[] = []): void {
    const { hash, hashing } = hashPassword(password);
    this.users.set(name, { name, password_hash: hash, hashing_algorithm: hashing, tags });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked += 1;
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const say = (status: number, body?: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
      response.end(body === undefined ? '' : JSON.stringify(body));
    };
    const [user, password] = Buffer.from((request.headers.authorization ?? '').slice(6), 'base64')
      .toString()
      .split(':');
    const known = this.users.get(user ?? '');
    const hash = known && { hash: known.password_hash, hashing: known.hashing_algorithm };
    if (hash === undefined || !isHashOf(hash, password ?? '')) return say(401, { error: 'not_authorised' });
    const path = (request.url ?? '').replace(/^\/api\//, '');
    if (this.unable?.test(`${request.method} ${path}`)) {
      return say(503, { error: 'Service Unavailable', reason: `{crash,${Buffer.concat(chunks).toString()}}` });
    }
    if (request.method === 'GET') return say(200, this.#look(path, known));
    if (this.changes.length >= this.diesAfter) return void request.socket.destroy();
    this.changes.push(`${request.method} ${path}`);
    if (this.refuses?.test(path)) return say(400, { error: 'bad_request', reason: 'not today' });
    const parts = path.split('/').map(decodeURIComponent);
    const body = chunks.length === 0 ? undefined : (JSON.parse(Buffer.concat(chunks).toString()) as Row);
    if (request.method === 'PUT') this.#put(parts, body ?? {});
    else this.#delete(parts);
    return say(204);
  }

  #look(path: string, self: StoredUser | undefined): unknown {
    if (path.startsWith('queues/')) {
      return Array.from({ length: this.queues.get(decodeURIComponent(path.slice(7))) ?? 0 }, () => ({}));
    }
    const known: Readonly<Record<string, unknown>> = {
      whoami: { name: self?.name, tags: self?.tags },
      vhosts: [...this.vhosts].map((name) => ({ name })),
      users: [...this.users.values()],
      permissions: [...this.permissions.values()],
      'topic-permissions': [...this.topics.values()],
    };
    return known[path];
  }

  #put([kind, first = '', user = '']: readonly string[], body: Row): void {
    if (kind === 'vhosts') this.vhosts.add(first);
    if (kind === 'users') {
      const { password_hash = '', hashing_algorithm = '', tags = '' } = body;
      this.users.set(first, { name: first, password_hash, hashing_algorithm, tags: tags.split(',').filter(Boolean) });
    }
    if (kind === 'permissions') this.permissions.set(`${first}\n${user}`, { ...body, vhost: first, user });
    if (kind === 'topic-permissions') {
      this.topics.set(`${first}\n${user}\n${body.exchange}`, { ...body, vhost: first, user });
    }
  }

  #delete([kind, first = '', user = '']: readonly string[]): void {
    const drop = (rows: Map<string, Row>, goes: (row: Row) => boolean) => {
      for (const [key, row] of rows) if (goes(row)) rows.delete(key);
    };
    if (kind === 'permissions') this.permissions.delete(`${first}\n${user}`);
    if (kind === 'topic-permissions') drop(this.topics, (row) => row.vhost === first && row.user === user);
    if (kind !== 'users' && kind !== 'vhosts') return;
    if (kind === 'users') this.users.delete(first);
    else this.vhosts.delete(first);
    const name = kind === 'users' ? 'user' : 'vhost';
    for (const rows of [this.permissions, this.topics]) drop(rows, (row) => row[name] === first);
  }
}
