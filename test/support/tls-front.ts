import { connect } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { certificate } from './certificates.js';
import { atEnd, type Cleaning } from './temp-folder.js';

export interface TlsFront {
  readonly port: number;
  /** the names in the certificates that clients came with, in order; '': none */
  readonly clients: readonly string[];
}

/** TLS in front of a broker without it, which writes down who comes. Closed when the test ends. */
export async function tlsFront(test: Cleaning, brokerPort: number, options: TlsOptions = {}): Promise<TlsFront> {
  const clients: string[] = [];
  const open = new Set<{ destroy(): unknown }>();
  const server = createServer({ ...certificate('server'), ...options }, (client) => {
    clients.push([client.getPeerCertificate().subject?.CN ?? ''].flat().join());
    const up = connect(brokerPort, '127.0.0.1');
    for (const [one, other] of [
      [client, up],
      [up, client],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  // who is not let in, or gives up: the test asks the other side
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  atEnd(test, async () => {
    for (const each of open) each.destroy();
    await new Promise<void>((closed) => server.close(() => closed()));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('tlsFront: not listening');
  return { port: address.port, clients };
}
