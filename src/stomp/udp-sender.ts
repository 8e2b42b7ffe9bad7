import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { systemClock } from '../base/clock.js';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { type Dialect, dialectOf } from './dialects.js';
import { encodeFrame, NOT_SENT } from './encoder.js';
import { EMPTY_BODY, type FrameHeader, newFrameHeader, type StompVersion } from './frame.js';
import type { SendOptions } from './session.js';
import type { SessionOptions } from './session-options.js';
import { placeOf, resolveHost } from './tcp-transport.js';

/** the largest payload of a datagram over IPv4: 65,535 less the headers of IP and UDP */
const MOST_BYTES = 65_507;

/**
 * Sends SEND frames as datagrams, without a session: nothing says whether one arrived. Each frame is one datagram, of at most
 * 65,507 bytes. Has the sending half of `StompSession`.
 */
export class UdpSender {
  readonly dialect: Dialect = dialectOf('UNKNOWN', undefined, undefined);
  readonly #place: string;
  readonly #socket: Socket;
  readonly #version: StompVersion;
  #closed = false;

  /** Resolves when the name is resolved and a socket is there. Errors: HOST_UNKNOWN, CONNECT_TIMEOUT, CONNECT_FAILED. */
  static async open(options: SessionOptions): Promise<UdpSender> {
    const { endpoint } = options;
    const place = placeOf(endpoint);
    const [address = endpoint.host] = await resolveHost(endpoint, {
      clock: options.clock ?? systemClock,
      timeoutMs: options.connectTimeoutMs ?? 30_000,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) =>
        reject(new StompctlError('CONNECT_FAILED', 'connect', place, reasonOf(error), error)),
      );
      socket.connect(endpoint.port, address, resolve);
    });
    return new UdpSender(place, socket, options.versions?.[0] ?? '1.2');
  }

  private constructor(place: string, socket: Socket, version: StompVersion) {
    this.#place = place;
    this.#socket = socket;
    this.#version = version;
    // An answer of ICMP (nobody listens) comes as an error of a later send, if at all: it proves nothing about a message.
    socket.on('error', () => undefined);
  }

  /**
   * Resolves when the system has taken the datagram; receipts do not exist. Errors: MESSAGE_TOO_LARGE, MESSAGE_BAD_HEADER,
   * SESSION_LOST when the system does not take it.
   */
  async send(header: Readonly<FrameHeader>, body: Buffer = EMPTY_BODY, options: SendOptions = {}): Promise<void> {
    if (this.#closed) throw new StompctlError('SESSION_CLOSED', 'send', this.#place, 'closed');
    const own = newFrameHeader(header);
    for (const name of NOT_SENT) delete own[name];
    const frame = encodeFrame('SEND', own, body, this.#version, options.contentLength);
    if (frame.length > MOST_BYTES) {
      const reason = `a frame of ${frame.length} bytes, a datagram carries ${MOST_BYTES}; use TCP`;
      throw new StompctlError('MESSAGE_TOO_LARGE', 'send', this.#place, reason);
    }
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(frame, (error) => {
        if (error === null || errnoOf(error) === 'ECONNREFUSED') resolve();
        else reject(new StompctlError('SESSION_LOST', 'send', this.#place, errnoOf(error) ?? reasonOf(error), error));
      });
    });
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.abort();
  }

  abort(_reason?: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}
