import type { Clock } from '../../base/clock.js';

/** Where a broker listens, and how to speak to it. */
export interface Endpoint {
  readonly transport: 'tcp' | 'tls' | 'ws' | 'wss' | 'udp';
  readonly host: string;
  readonly port: number;
  /** WebSocket only: the path of the HTTP request, with its first slash; default `/` */
  readonly path?: string;
}

export interface TransportHandlers {
  data(chunk: Buffer): void;
  /**
   * Called exactly once, after the last `data`. `cause` is absent when the peer closed in order, or we did; a StompctlError when the
   * transport knows better than its code what happened.
   */
  closed(cause: Error | undefined): void;
}

/** A byte stream to a broker, already open. One file a kind; `open-transport.ts` chooses. */
export interface Transport {
  /** `host (address):port`, for logs and errors */
  readonly peer: string;
  /** when the certificate of the broker ends to be valid; TLS only */
  readonly certificateExpiry?: Date | undefined;
  /** each `write` reaches the peer as a message of its own: a frame must not be cut, nor joined to another */
  readonly framed?: boolean;
  /** To be called once; nothing is read before. */
  listen(handlers: TransportHandlers): void;
  /** Hands over `bytes`, not to be changed afterwards; calls `written` when the system has taken them. */
  write(bytes: Buffer, written: () => void): void;
  /** Between the two, writes are gathered into one. */
  cork(): void;
  uncork(): void;
  pause(): void;
  resume(): void;
  /** Ends in order: what was written still goes out, then `closed`. */
  end(): void;
  /** Ends at once: what was not yet taken by the system is lost, then `closed`. */
  destroy(): void;
}

/** TLS of one connection: contents of files, not their names. */
export interface TlsOptions {
  /** PEM */
  readonly cert?: string | Buffer;
  /** PEM */
  readonly key?: string | Buffer;
  /** PKCS#12, instead of `cert` and `key` */
  readonly pfx?: Buffer;
  /** of `key` or `pfx` */
  readonly passphrase?: string;
  /** PEM, each may hold several certificates; absent: those of the system's Node */
  readonly ca?: readonly (string | Buffer)[];
  /** default true: an unverified broker is not spoken to */
  readonly verify?: boolean;
  /** the name asked for (SNI); default the host */
  readonly serverName?: string;
  /** the name that the certificate must be for; default `serverName`; false: any */
  readonly verifyName?: string | false;
  readonly minVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers?: string;
}

export interface SocketOptions {
  /** default true */
  readonly noDelay?: boolean;
  /** idle time before TCP asks whether the peer is there; default 30,000; 0: never */
  readonly keepAliveMs?: number;
  readonly localAddress?: string;
  readonly localPort?: number;
  /** IP version to be used only; default both */
  readonly family?: 4 | 6;
  /** the addresses of a name, in the order to try them; default: as the system resolves it */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

export interface TransportOptions {
  readonly clock: Clock;
  /** for name, connection and TLS together */
  readonly timeoutMs: number;
  /** gives up at once with SESSION_CLOSED */
  readonly signal?: AbortSignal;
  readonly tls?: TlsOptions;
  readonly socket?: SocketOptions;
  /** WebSocket: sub-protocols to offer, the best first */
  readonly protocols?: readonly string[];
  /** WebSocket: the longest message it may send */
  readonly maxMessageBytes?: number;
}
