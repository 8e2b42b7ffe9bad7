import { type Frame, newFrameHeader, type StompVersion } from '../stomp/codec/frame.js';
import type { Dialect } from './broker-dialect.js';
import { Refusal } from './broker-refusal.js';
import type { BrokerSettings } from './in-process-options.js';
import { answer } from './outgoing-frame.js';

/** those of a broker that was told of none */
const DEFAULT_HOSTS: ReadonlySet<string> = new Set(['/', '']);

export interface Handshake {
  readonly version: StompVersion;
  readonly connected: Frame;
  /** milliseconds between heart-beats of ours and of the client's; 0: none */
  readonly sendMs: number;
  readonly wantMs: number;
}

/** Answers a CONNECT or STOMP frame: the session's terms, or a Refusal. */
export function handshake(frame: Frame, settings: BrokerSettings, dialect: Dialect, session: string): Handshake {
  const version = negotiate(frame.header['accept-version'], settings.versions);
  admit(frame, settings, dialect);
  const [sendMs, wantMs] = beats(frame.header['heart-beat'], settings.heartBeat, version);
  const header = newFrameHeader();
  // STOMP 1.0 knows no version header; its absence means 1.0.
  if (version !== '1.0' || dialect.alwaysSaysVersion) header.version = version;
  header.session = session;
  header.server = settings.server;
  if (version !== '1.0') header['heart-beat'] = `${settings.heartBeat[0]},${settings.heartBeat[1]}`;
  return { version, connected: answer('CONNECTED', header), sendMs, wantMs };
}

/** STOMP 1.2 "Protocol Negotiation": the highest that both know; no accept-version means 1.0. */
function negotiate(accepted: string | undefined, known: readonly StompVersion[]): StompVersion {
  const offered = accepted === undefined ? ['1.0'] : accepted.split(',').map((version) => version.trim());
  const common = known.filter((version) => offered.includes(version)).sort();
  const best = common.at(-1);
  if (best !== undefined) return best;
  throw new Refusal('Unsupported version', `Supported protocol versions are ${known.join(' ')}`, {
    close: true,
    header: { version: known.join(',') },
  });
}

function admit(frame: Frame, settings: BrokerSettings, dialect: Dialect): void {
  const { login = '', passcode = '', host = '/' } = frame.header;
  if (settings.users !== undefined && (login === '' || settings.users.get(login) !== passcode)) {
    throw dialect.refusedLogin(login);
  }
  const known = settings.virtualHosts ?? (dialect.refusesUnknownHosts ? DEFAULT_HOSTS : undefined);
  if (known !== undefined && !known.has(host)) {
    throw new Refusal('Bad CONNECT', `Virtual host '${host}' access denied\n`);
  }
}

/** STOMP 1.2 "Heart-beating": each direction is the longer of what one side can do and the other wants; 0 is none. */
function beats(
  header: string | undefined,
  [canSend, wants]: readonly [number, number],
  version: StompVersion,
): readonly [sendMs: number, wantMs: number] {
  if (header === undefined || version === '1.0') return [0, 0];
  const match = /^\s*(\d{1,9})\s*,\s*(\d{1,9})\s*$/.exec(header);
  if (match === null) throw new Refusal('Bad heart-beat', 'heart-beat is two numbers of milliseconds: 10000,10000');
  const clientSends = Number(match[1]);
  const clientWants = Number(match[2]);
  return [
    canSend === 0 || clientWants === 0 ? 0 : Math.max(canSend, clientWants),
    wants === 0 || clientSends === 0 ? 0 : Math.max(wants, clientSends),
  ];
}
