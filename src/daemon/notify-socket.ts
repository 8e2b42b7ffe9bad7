import { StompctlError } from '../base/errors.js';

/** What the service manager (systemd) asks for in the environment. */
export interface ServiceRequest {
  /** NOTIFY_SOCKET as it was given: a path, or `@` and an abstract name */
  readonly socket: string;
  /** undefined: nobody watches */
  readonly watchdogMs: number | undefined;
}

/** `sun_path` of unix(7), less the NUL behind a path or the one before an abstract name. */
const LONGEST = 107;

/**
 * Undefined when nobody asks, or asks in a way that cannot be answered: then `onTrouble` is told why. A service that names
 * another process as the watched one (WATCHDOG_PID) is not watched through us.
 */
export function serviceRequest(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
  onTrouble: (error: StompctlError) => void,
): ServiceRequest | undefined {
  const { NOTIFY_SOCKET: socket = '', WATCHDOG_USEC: micros = '', WATCHDOG_PID: watched = '' } = env;
  if (socket === '') return undefined;
  const trouble = (operation: string, argument: string, reason: string) =>
    onTrouble(new StompctlError('NOTIFY_FAILED', operation, argument, reason));
  const refused = refusal(socket);
  if (refused !== undefined) {
    trouble('NOTIFY_SOCKET', `${socket.slice(0, LONGEST)}${socket.length > LONGEST ? '…' : ''}`, refused);
    return undefined;
  }
  if (micros === '' || (watched !== '' && watched !== String(pid))) return { socket, watchdogMs: undefined };
  if (!/^\d{1,16}$/.test(micros) || Number(micros) === 0) {
    trouble('WATCHDOG_USEC', micros.slice(0, 40), 'is no number of microseconds: the watchdog gets no sign of life');
    return { socket, watchdogMs: undefined };
  }
  return { socket, watchdogMs: Number(micros) / 1000 };
}

function refusal(socket: string): string | undefined {
  if (socket.startsWith('vsock:')) return undefined;
  const next = 'the service manager is not told how it goes; let it give the path of a unix socket';
  if (!/^[/@]./.test(socket)) return `is neither an absolute path nor an abstract name (@NAME): ${next}`;
  if (Buffer.byteLength(socket) > LONGEST) return `is longer than ${LONGEST} bytes: ${next}`;
  return undefined;
}
