import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { atEnd, type Cleaning } from './temp-folder.js';

export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Asks over a connection of its own. `address`: HOST:PORT, or unix:/PATH. */
export function ask(
  address: string,
  path: string,
  options: { readonly method?: string; readonly host?: string } = {},
): Promise<Told> {
  const { method = 'GET', host } = options;
  const unix = address.startsWith('unix:') ? { socketPath: address.slice(5) } : undefined;
  const [, name = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  return new Promise((resolve, reject) => {
    const asked = request({
      ...(unix ?? { host: name, port: Number(port) }),
      path,
      method,
      agent: false,
      ...(host !== undefined && { headers: { host } }),
    });
    asked.on('error', reject);
    asked.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    asked.end();
  });
}

/** A connection that says what it is told to; closed when the test ends. */
export class RawAsker {
  readonly socket: Socket;
  #heard = '';
  #closed = false;

  constructor(test: Cleaning, address: string) {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
    this.socket = connect({ host, port: Number(port) });
    this.socket.setEncoding('utf8').on('data', (text: string) => {
      this.#heard += text;
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.#closed = true;
    });
    atEnd(test, async () => this.socket.destroy());
  }

  get heard(): string {
    return this.#heard;
  }

  get closed(): boolean {
    return this.#closed;
  }
}
