import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import { limitText } from '../../base/wait.js';
import { connectSocket, peerOf, placeOf } from './tcp-transport.js';
import { tlsFailure } from './tls-failure.js';
import { connectTls, expiryOf } from './tls-transport.js';
import type { Endpoint, Transport, TransportOptions } from './transport.js';
import { ifTaken, WatchedTransport } from './watched-transport.js';

/** Connects, secures for `wss`, and upgrades to WebSocket, all within `timeoutMs`. */
export async function openWebSocket(endpoint: Endpoint, options: TransportOptions): Promise<Transport> {
  const deadline = options.clock.monotonicMs() + options.timeoutMs;
  const secure = endpoint.transport === 'wss' ? await connectTls(endpoint, options) : undefined;
  const socket = secure ?? (await connectSocket(endpoint, options));
  try {
    const leftMs = Math.max(1, deadline - options.clock.monotonicMs());
    const webSocket = await upgrade(socket, endpoint, options, leftMs);
    return new WebSocketTransport(webSocket, socket, endpoint, secure);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function upgrade(socket: Socket, endpoint: Endpoint, options: TransportOptions, timeoutMs: number): Promise<WebSocket> {
  const place = placeOf(endpoint);
  const path = endpoint.path === undefined || endpoint.path === '' ? '/' : endpoint.path;
  return new Promise((succeed, fail) => {
    const webSocket = new WebSocket(`${endpoint.transport}://${place}${path}`, [...(options.protocols ?? [])], {
      createConnection: () => socket,
      perMessageDeflate: false,
      maxPayload: options.maxMessageBytes ?? 0,
      // Brokers put binary bodies into text messages: what is text is not for WebSocket to say.
      skipUTF8Validation: true,
    });
    const failed = (error: Error) => {
      done();
      webSocket.on('error', () => undefined);
      fail(tlsFailure(place, error, 'ws://') ?? notUpgraded(place, path, error));
    };
    const calledOff = () => failed(new StompctlError('SESSION_CLOSED', 'connect', place, 'given up: no longer wanted'));
    const timer = options.clock.after(timeoutMs, () => {
      const reason = `no WebSocket handshake within ${limitText(options.timeoutMs)}; is it the WebSocket port of the broker?`;
      failed(new StompctlError('CONNECT_TIMEOUT', 'connect', place, reason));
    });
    const done = () => {
      timer.cancel();
      options.signal?.removeEventListener('abort', calledOff);
      webSocket.off('error', failed);
    };
    options.signal?.addEventListener('abort', calledOff, { once: true });
    webSocket.once('error', failed);
    webSocket.once('open', () => {
      done();
      webSocket.pause();
      succeed(webSocket);
    });
  });
}

function notUpgraded(place: string, path: string, error: Error): StompctlError {
  const reason = `no WebSocket at ${path}: ${errnoOf(error) ?? reasonOf(error)}; check port and path, /ws for RabbitMQ`;
  return new StompctlError('CONNECT_FAILED', 'connect', place, reason, error);
}

/** The transport over an open WebSocket: each write is one binary message. */
class WebSocketTransport extends WatchedTransport {
  readonly framed = true;
  readonly #webSocket: WebSocket;

  constructor(webSocket: WebSocket, socket: Socket, endpoint: Endpoint, secure: TLSSocket | undefined) {
    const peer = peerOf(endpoint, socket);
    super(socket, webSocket, peer, secure === undefined ? undefined : expiryOf(secure), (error) =>
      explain(peer, error),
    );
    this.#webSocket = webSocket;
  }

  write(bytes: Buffer, written: () => void): void {
    this.#webSocket.send(bytes, { binary: true }, ifTaken(written));
  }

  end(): void {
    this.#webSocket.close();
  }

  destroy(): void {
    this.#webSocket.terminate();
  }

  protected receive(data: (chunk: Buffer) => void): void {
    // With the default binaryType a message is one Buffer.
    this.#webSocket.on('message', (message) => data(message as Buffer));
    this.#webSocket.resume();
  }
}

function explain(peer: string, error: Error): Error {
  if (errnoOf(error) === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
    const reason = 'a WebSocket message larger than max-message-size';
    return new StompctlError('FRAME_TOO_LARGE', 'session', peer, reason, error);
  }
  return tlsFailure(peer, error, 'ws://') ?? error;
}
