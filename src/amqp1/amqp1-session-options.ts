import type { Clock } from '../base/clock.js';
import type { Endpoint, SocketOptions, TlsOptions } from '../stomp/transport/transport.js';

/** What an AMQP 1.0 session is opened with. */
export interface Amqp1SessionOptions {
  /** TCP or TLS */
  readonly endpoint: Endpoint;
  /** what the field `hostname` of the open frame says; absent: the host */
  readonly hostname?: string;
  /** names the client: what a durable subscription belongs to; absent: a name of its own for each session */
  readonly containerId?: string;
  /** absent: EXTERNAL with a certificate of ours, else ANONYMOUS */
  readonly login?: string;
  readonly passcode?: string;
  readonly tls?: TlsOptions;
  readonly socket?: SocketOptions;
  /** the longest silence of the broker that is promised, in milliseconds; 0: any */
  readonly idleTimeoutMs: number;
  /** for name, TCP, TLS, login and opening together */
  readonly connectTimeoutMs: number;
  /** for each outcome, and each answer of the broker */
  readonly confirmTimeoutMs: number;
  /** for the end of a session in order */
  readonly disconnectTimeoutMs: number;
  /** the longest pause of reading; default 600,000 */
  readonly pauseTimeoutMs?: number;
  /** bytes of a received body: a larger one is skipped, and the delivery says so */
  readonly maxMessageSize: number;
  readonly clock: Clock;
  /** calls off the opening, with SESSION_CLOSED */
  readonly signal?: AbortSignal;
  /** the broker gives no credit for a while, or does again (undefined); must not throw */
  readonly onBlocked?: (reason: string | undefined) => void;
}
