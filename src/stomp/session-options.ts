import { type Clock, systemClock } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';
import type { BrokerType } from './client-dialects.js';
import type { Frame, FrameHeader, FrameLimits, StompVersion } from './codec/frame.js';
import type { HeartBeatWish } from './heart-beat.js';
import type { Endpoint, SocketOptions, TlsOptions } from './transport/transport.js';

/** A frame on its way, for debugging: secrets are already masked in `header`. `body` is not to be kept. */
export interface SeenFrame {
  readonly direction: 'in' | 'out';
  readonly command: string;
  readonly header: Readonly<FrameHeader>;
  readonly body: Buffer;
}

export interface SessionOptions {
  readonly endpoint: Endpoint;
  /** `host` of CONNECT; default `/` */
  readonly vhost?: string;
  /** offered to the broker, the best first; default 1.2, 1.1, 1.0 */
  readonly versions?: readonly StompVersion[];
  readonly login?: string;
  readonly passcode?: string;
  /** further headers of CONNECT; they win over ours, `accept-version` and `heart-beat` included */
  readonly connectHeaders?: Readonly<Record<string, string>>;
  /** default 40 s and 10 s */
  readonly heartBeat?: HeartBeatWish | 'off';
  /** for name, TCP, TLS and CONNECTED together; default 30,000 */
  readonly connectTimeoutMs?: number;
  /** for each receipt, from when its frame was written and no earlier one is awaited; default 60,000 */
  readonly receiptTimeoutMs?: number;
  /** for DISCONNECT and its receipt; default 60,000 */
  readonly disconnectTimeoutMs?: number;
  /** the longest pause of reading; default 600,000 */
  readonly pauseTimeoutMs?: number;
  /** bytes of one body, either way; default 64 MiB */
  readonly maxMessageSize?: number;
  /**
   * a MESSAGE with a larger body is handed over without it, and says so (`Frame.skippedBytes`), instead of ending the session with
   * FRAME_TOO_LARGE: only for who looks at that; default false. Over WebSocket it ends the session in any case
   */
  readonly skipOversized?: boolean;
  /** of received frames; `maxMessageSize` wins over `bodyBytes` */
  readonly limits?: Partial<FrameLimits>;
  /** undefined: recognised from CONNECTED */
  readonly type?: BrokerType;
  readonly tls?: TlsOptions;
  readonly socket?: SocketOptions;
  readonly clock?: Clock;
  /** calls off the opening, with SESSION_CLOSED; an open session is ended by `close` */
  readonly signal?: AbortSignal;
  /** called for a MESSAGE that no subscription asked for, which stays unacknowledged, with the number of them; must not throw */
  readonly onStray?: (frame: Frame, count: number) => void;
  /** called for each frame, both ways; must not throw */
  readonly onFrame?: (frame: SeenFrame) => void;
}

/** Options with their defaults, and CONNECT's headers put together and checked. */
export interface FullOptions extends SessionOptions {
  readonly versions: readonly StompVersion[];
  readonly heartBeat: HeartBeatWish;
  readonly connectHeaders: Readonly<Record<string, string>>;
  readonly connectTimeoutMs: number;
  readonly receiptTimeoutMs: number;
  readonly disconnectTimeoutMs: number;
  readonly pauseTimeoutMs: number;
  readonly maxMessageSize: number;
  readonly clock: Clock;
}

const VERSIONS: readonly StompVersion[] = ['1.2', '1.1', '1.0'];

/** Errors: CREDENTIAL_INVALID for a header that CONNECT cannot carry (it is not escaped), CONFIG_INVALID for one that makes no sense. */
export function fillOptions(options: SessionOptions): FullOptions {
  const extra = { ...options.connectHeaders };
  const versions = extra['accept-version'] === undefined ? options.versions : parseVersions(extra['accept-version']);
  const heartBeat = extra['heart-beat'] === undefined ? options.heartBeat : parseHeartBeat(extra['heart-beat']);
  delete extra['accept-version'];
  delete extra['heart-beat'];
  const connectHeaders: Record<string, string> = { host: options.vhost ?? '/' };
  if (options.login !== undefined) connectHeaders.login = options.login;
  if (options.passcode !== undefined) connectHeaders.passcode = options.passcode;
  Object.assign(connectHeaders, extra);
  for (const [name, value] of Object.entries(connectHeaders)) checkConnectHeader(name, value);
  return {
    ...options,
    versions: versions === undefined || versions.length === 0 ? VERSIONS : versions,
    heartBeat:
      heartBeat === 'off' ? { clientMs: 0, serverMs: 0 } : (heartBeat ?? { clientMs: 40_000, serverMs: 10_000 }),
    connectHeaders,
    connectTimeoutMs: options.connectTimeoutMs ?? 30_000,
    receiptTimeoutMs: options.receiptTimeoutMs ?? 60_000,
    disconnectTimeoutMs: options.disconnectTimeoutMs ?? 60_000,
    pauseTimeoutMs: options.pauseTimeoutMs ?? 600_000,
    maxMessageSize: options.maxMessageSize ?? 64 * 1024 * 1024,
    clock: options.clock ?? systemClock,
  };
}

/** `header` with its secrets masked, for logs. */
export function maskSecrets(header: Readonly<FrameHeader>): Readonly<FrameHeader> {
  return 'passcode' in header ? { ...header, passcode: '********' } : header;
}

function checkConnectHeader(name: string, value: string): void {
  if (!/[\r\n\0]/.test(value) && !/[\r\n\0:]/.test(name) && name !== '') return;
  const reason = 'CONNECT cannot carry a line end or NUL (nor a colon in a name): it is not escaped; change the value';
  throw new StompctlError('CREDENTIAL_INVALID', 'connect', JSON.stringify(name), reason);
}

function parseVersions(text: string): StompVersion[] {
  return text.split(',').map((part) => {
    const version = part.trim();
    if (version === '1.0' || version === '1.1' || version === '1.2') return version;
    throw new StompctlError('CONFIG_INVALID', 'connect', 'accept-version', `not a list of 1.0, 1.1, 1.2: ${text}`);
  });
}

function parseHeartBeat(text: string): HeartBeatWish {
  const match = /^(\d{1,9}),(\d{1,9})$/.exec(text);
  if (match === null) throw new StompctlError('CONFIG_INVALID', 'connect', 'heart-beat', `not two numbers: ${text}`);
  return { clientMs: Number(match[1]), serverMs: Number(match[2]) };
}
