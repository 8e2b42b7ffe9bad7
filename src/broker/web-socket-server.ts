import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { BrokerSettings } from './in-process-options.js';

const SUBPROTOCOLS = ['v12.stomp', 'v11.stomp', 'v10.stomp'];

/** An HTTP(S) server, not yet listening, of which every path is STOMP over WebSocket; `ws` is loaded here, not before. */
export async function newWebSocketServer(settings: BrokerSettings, accept: (stream: Duplex) => void): Promise<Server> {
  const { createWebSocketStream, WebSocketServer } = await import('ws');
  const server = settings.tls === undefined ? createServer(upgradeOnly) : createSecureServer(settings.tls, upgradeOnly);
  const sockets = new WebSocketServer({
    server,
    perMessageDeflate: false,
    // A client may put a frame into one message of WebSocket.
    maxPayload: settings.maxFrameSize + settings.maxHeaderSize,
    handleProtocols: (offered) => SUBPROTOCOLS.find((known) => offered.has(known)) ?? false,
  });
  sockets.on('connection', (socket) => {
    const stream = createWebSocketStream(socket);
    // Unlike a socket, this stream does not destroy itself when both sides have ended.
    stream.once('end', () => stream.destroy());
    accept(stream);
  });
  // The HTTP server's own errors reach whoever listens; `ws` hands them on, where nobody would.
  sockets.on('error', () => undefined);
  return server;
}

function upgradeOnly(_request: unknown, response: ServerResponse): void {
  response.writeHead(426, { 'content-type': 'text/plain', connection: 'close' });
  response.end('STOMP over WebSocket only\n');
}
