import type { Clock } from '../base/clock.js';
import type { Endpoint, SocketOptions, TlsOptions } from '../stomp/transport/transport.js';

/** What an AMQP session is opened with. */
export interface AmqpSessionOptions {
  /** TCP or TLS */
  readonly endpoint: Endpoint;
  readonly vhost: string;
  /** absent: EXTERNAL with a certificate of ours, else `guest` and `guest`, which RabbitMQ lets in from its own machine */
  readonly login?: string;
  readonly passcode?: string;
  readonly tls?: TlsOptions;
  readonly socket?: SocketOptions;
  /** AMQP has one interval for both directions; 0: no heart-beats */
  readonly heartBeatSeconds: number;
  /** for name, TCP, TLS and login together */
  readonly connectTimeoutMs: number;
  /** for each confirmation, and each answer of the broker, while it does not say that it is blocked */
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
  /** the broker takes nothing for a while (`connection.blocked`), or does again (undefined); must not throw */
  readonly onBlocked?: (reason: string | undefined) => void;
}
