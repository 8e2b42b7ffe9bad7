import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { hostPort } from '../base/host-port.js';
import type { BrokerSettings } from './in-process-options.js';
import { newWebSocketServer } from './web-socket-server.js';

/** An open port. */
export interface Listener {
  readonly port: number;
  /** Accepts no more; resolves when the port is closed, which open connections do not hinder. */
  close(): Promise<void>;
}

export interface Accept {
  /** a socket, as soon as it is accepted */
  socket(socket: Socket): void;
  /** bytes of STOMP, once TLS and WebSocket have shaken hands */
  stream(stream: Duplex): void;
}

/** Opens the broker's port. Resolves when it accepts; rejects with CONNECT_FAILED when it cannot be had. */
export async function openListener(settings: BrokerSettings, port: number, accept: Accept): Promise<Listener> {
  const server = await newServer(settings, accept);
  server.maxConnections = settings.maxConnections;
  server.on('connection', (socket: Socket) => accept.socket(socket));
  await new Promise<void>((resolve, reject) => {
    server.on('error', (error) => reject(cannotListen(settings.host, port, error)));
    server.listen(port, settings.host, () => resolve());
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw cannotListen(settings.host, port, 'it has no port');
  return {
    port: address.port,
    // `close` calls back only when the last connection has ended; the port is free as soon as it returns.
    close: async () => {
      server.close();
    },
  };
}

async function newServer(settings: BrokerSettings, accept: Accept): Promise<Server> {
  const onStream = (stream: Duplex) => accept.stream(stream);
  if (settings.webSocket) return newWebSocketServer(settings, onStream);
  if (settings.tls === undefined) return createServer({ noDelay: true }, onStream);
  return createTlsServer({ ...settings.tls, noDelay: true }, onStream);
}

function cannotListen(host: string, port: number, why: unknown): StompctlError {
  const next =
    errnoOf(why) === 'EADDRINUSE' ? '; another program listens there: choose another port, or 0 for any' : '';
  return new StompctlError('CONNECT_FAILED', 'listen', hostPort(host, port), `${reasonOf(why)}${next}`, why);
}
