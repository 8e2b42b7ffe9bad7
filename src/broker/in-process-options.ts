import type { TlsOptions } from 'node:tls';
import type { StompVersion } from '../stomp/codec/frame.js';
import type { Fault } from './fault.js';

export const OWN_SERVER = 'stompctl-demo/0.1';

export interface BrokerOptions {
  /** only loopback: this broker is not for production */
  readonly host?: '127.0.0.1' | '::1';
  /** 0, the default: any free one */
  readonly port?: number;
  readonly versions?: readonly StompVersion[];
  /** name to password; without it anybody may come in */
  readonly users?: Readonly<Record<string, string>>;
  /** known virtual hosts besides `/`; without it `host` is ignored, but for RabbitMQ's way, which then knows `/` only */
  readonly virtualHosts?: readonly string[];
  /** the `server` header; `RabbitMQ/…`, `ActiveMQ/…`, `ActiveMQ-Artemis/…`, `apache-apollo/…` are also behaved like */
  readonly server?: string;
  /** [can send every, wants one every] in milliseconds; 0: not at all. Default [10, 10] */
  readonly heartBeat?: readonly [sendMs: number, wantMs: number];
  /** bytes of the largest body; default 128 MiB */
  readonly maxFrameSize?: number;
  /** bytes of the largest command and headers together; default 1 MiB */
  readonly maxHeaderSize?: number;
  /** bytes of all messages together, 256 MiB by default: past it a SEND is answered by ERROR */
  readonly maxBytes?: number;
  readonly maxDestinations?: number;
  readonly maxConnections?: number;
  /** milliseconds from the accepted connection to CONNECT; default 10 s */
  readonly connectTimeoutMs?: number;
  /** whether the socket is closed after an ERROR; default: as the dialect does */
  readonly closeAfterError?: boolean;
  /** how many of the clients' last frames `seen()` keeps; default 0. Their bodies are not kept, their passcodes are */
  readonly rememberFrames?: number;
  readonly tls?: TlsOptions;
  /** STOMP over WebSocket, at every path */
  readonly webSocket?: boolean;
  readonly faults?: readonly Fault[];
}

export interface BrokerSettings {
  readonly host: string;
  readonly port: number;
  readonly versions: readonly StompVersion[];
  readonly users: ReadonlyMap<string, string> | undefined;
  readonly virtualHosts: ReadonlySet<string> | undefined;
  readonly server: string;
  readonly heartBeat: readonly [sendMs: number, wantMs: number];
  readonly maxFrameSize: number;
  readonly maxHeaderSize: number;
  readonly maxBytes: number;
  readonly maxDestinations: number;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  readonly closeAfterError: boolean | undefined;
  readonly rememberFrames: number;
  readonly tls: TlsOptions | undefined;
  readonly webSocket: boolean;
}

export function settingsOf(options: BrokerOptions): BrokerSettings {
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    versions: options.versions ?? ['1.2', '1.1', '1.0'],
    users: options.users === undefined ? undefined : new Map(Object.entries(options.users)),
    virtualHosts: options.virtualHosts === undefined ? undefined : new Set([...options.virtualHosts, '/', '']),
    server: options.server ?? OWN_SERVER,
    heartBeat: options.heartBeat ?? [10, 10],
    maxFrameSize: options.maxFrameSize ?? 128 * 1024 * 1024,
    maxHeaderSize: options.maxHeaderSize ?? 1024 * 1024,
    maxBytes: options.maxBytes ?? 256 * 1024 * 1024,
    maxDestinations: options.maxDestinations ?? 10_000,
    maxConnections: options.maxConnections ?? 1000,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    closeAfterError: options.closeAfterError,
    rememberFrames: options.rememberFrames ?? 0,
    tls: options.tls,
    webSocket: options.webSocket ?? false,
  };
}
