import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { type Clock, systemClock } from '../base/clock.js';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { wait } from '../base/wait.js';
import { type Dialect, dialectOf } from './client-dialects.js';
import { encodeFrame, NOT_SENT } from './codec/encoder.js';
import { EMPTY_BODY, type FrameHeader, newFrameHeader, type StompVersion } from './codec/frame.js';
import type { SendOptions } from './session.js';
import type { SessionOptions } from './session-options.js';
import { placeOf, resolveHost } from './transport/tcp-transport.js';

/** the largest payload of a datagram over IPv4: 65,535 less the headers of IP and UDP */
const MOST_BYTES = 65_507;
/** how long the first datagram waits for the answer that nobody listens: within a site it comes sooner */
const PROBE_MS = 50;

/**
 * Sends SEND frames as datagrams, without a session: nothing says whether one arrived, but that nobody listens may be told (ICMP); then
 * no more is sent. Each frame is one datagram, of at most 65,507 bytes. Has the sending half of `StompSession`.
 */
export class UdpSender {
  readonly dialect: Dialect = dialectOf('UNKNOWN', undefined, undefined);
  readonly #place: string;
  readonly #socket: Socket;
  readonly #version: StompVersion;
  readonly #clock: Clock;
  #closed = false;
  #refused: StompctlError | undefined;
  #probe: Promise<void> | undefined;

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
    return new UdpSender(place, socket, options.versions?.[0] ?? '1.2', options.clock ?? systemClock);
  }

  private constructor(place: string, socket: Socket, version: StompVersion, clock: Clock) {
    this.#place = place;
    this.#socket = socket;
    this.#version = version;
    this.#clock = clock;
    // The answer of ICMP that nobody listens comes as an error of the socket, or of a later send.
    socket.on('error', (error) => this.#failed(error));
  }

  /**
   * Resolves when the system has taken the datagram, and the first one was not answered by a refusal; receipts do not exist. Errors:
   * MESSAGE_TOO_LARGE, MESSAGE_BAD_HEADER, DATAGRAM_REFUSED for this message and all later ones when nobody listens, SESSION_LOST when
   * the system does not take it.
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
    if (this.#probe === undefined) this.#probe = this.#write(frame).then(() => this.#waitForRefusal());
    else await this.#probe.then(() => this.#write(frame));
    await this.#probe;
  }

  async #write(frame: Buffer): Promise<void> {
    if (this.#refused !== undefined) throw this.#refused;
    if (this.#closed) throw new StompctlError('SESSION_CLOSED', 'send', this.#place, 'closed');
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(frame, (error) => {
        if (error === null) resolve();
        else reject(this.#failed(error));
      });
    });
    if (this.#refused !== undefined) throw this.#refused;
  }

  async #waitForRefusal(): Promise<void> {
    await wait(this.#clock, PROBE_MS);
    if (this.#refused !== undefined) throw this.#refused;
  }

  #failed(error: Error): StompctlError {
    const errno = errnoOf(error) ?? reasonOf(error);
    if (errno !== 'ECONNREFUSED') return new StompctlError('SESSION_LOST', 'send', this.#place, errno, error);
    const reason = 'ECONNREFUSED: nobody listens; is the receiver running, and listening on this port for UDP?';
    this.#refused ??= new StompctlError('DATAGRAM_REFUSED', 'send', this.#place, reason, error);
    return this.#refused;
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
