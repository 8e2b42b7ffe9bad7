export type BrokerKind = 'rabbitmq' | 'activemq' | 'artemis';

export interface QueueDepth {
  /** messages that wait for a subscriber */
  readonly ready: number;
  /** messages delivered and not acknowledged */
  readonly unacknowledged: number;
}

/** A real broker on loopback, ours or an external one. Same user on all of ours: `stompctl`, password `stompctl`. */
export interface RealBroker {
  readonly kind: BrokerKind;
  /** `stomp://127.0.0.1:PORT`, without user info; stays the same over `kill` and `start` */
  readonly uri: string;
  /** STOMP over WebSocket, where the broker offers it */
  readonly webUri: string | undefined;
  /**
   * STOMP over TLS, where the broker offers it, for clients with a certificate of the authority `ca` of the fixtures. Ours
   * shows the certificate `server` of the fixtures, which is for the name localhost.
   */
  readonly tlsUri: string | undefined;
  /** STOMP over WebSocket and TLS, for clients without a certificate too */
  readonly webTlsUri: string | undefined;
  /** AMQP 0-9-1, and the same over TLS, where the broker offers it: `amqp://127.0.0.1:PORT`, certificates as for `tlsUri` */
  readonly amqpUri: string | undefined;
  readonly amqpTlsUri: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly pass: string;
  readonly vhost: string;
  /** Ends the whole broker, not asked (or asked, with SIGTERM); resolves when its process is gone. Not for external ones. */
  kill(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Starts it again, on the same folders and ports; resolves when a login succeeds. */
  start(): Promise<void>;
  /** Kills it and removes its folder. Safe to call twice; does nothing to an external one. */
  stop(): Promise<void>;
  /** the last lines of its output, to print when a test fails */
  logTail(lines?: number): Promise<string>;
  /** What stands in a queue (`/queue/NAME`), asked with the broker's own tools: takes a second or two. Not for external ones. */
  queueDepth(name: string): Promise<QueueDepth>;
  /**
   * Resolves when all queues made by now survive a SIGKILL. RabbitMQ has a new queue on its disk at once, but its decision
   * to keep that up to two seconds later: without it the queue is dropped at the next start, confirmed messages and all.
   */
  keepQueues(): Promise<void>;
  /** Runs the broker's own tool (`rabbitmqctl`), and resolves to what it prints. Of our RabbitMQ only; rejects for others. */
  tool(...args: readonly string[]): Promise<string>;
}

export interface StartOptions {
  /** a CONNECT without login is let in; default false */
  readonly anonymous?: boolean;
  /**
   * takes no body over `STRICT_BYTES`, and lets nobody write to `/exchange/amq.direct` (RabbitMQ) or to queues that begin with
   * `forbidden.` (ActiveMQ); default false
   */
  readonly strict?: boolean;
  /** a free port for the management API; default: without one. RabbitMQ only */
  readonly managementPort?: number;
  /** one more of this machine that it listens on, over AMQP; default: none. RabbitMQ only */
  readonly secondAddress?: string;
}

export const STRICT_BYTES = 65_536;
