/** What the driver of a source or sink must do about an error. */
export type ErrorAction =
  /** the session or folder handle is gone: open again, then carry on */
  | 'reopen'
  /** nothing is wrong with the message: try the same again later */
  | 'wait'
  /** this message is at fault: reject it, go on with the rest */
  | 'reject'
  /** no attempt will help: end the run */
  | 'stop';

interface ErrorKind {
  readonly action: ErrorAction;
  /** the exit code of a run that ends because of it (sysexits.h numbers, `docs/errors.md`) */
  readonly exit: number;
}

/** Every error code of the program: stable names that users may match in logs. Documented in `docs/errors.md`. */
export const ERROR_KINDS = {
  // usage and configuration
  USAGE: { action: 'stop', exit: 64 },
  CONFIG_NOT_FOUND: { action: 'stop', exit: 66 },
  CONFIG_UNREADABLE: { action: 'stop', exit: 66 },
  CONFIG_SYNTAX: { action: 'stop', exit: 78 },
  CONFIG_INVALID: { action: 'stop', exit: 78 },
  FILE_CANNOT_CREATE: { action: 'stop', exit: 73 },
  CONFIG_UNSUPPORTED: { action: 'stop', exit: 78 },
  // daemon
  ALREADY_RUNNING: { action: 'stop', exit: 75 },
  PIDFILE_INVALID: { action: 'stop', exit: 78 },
  PIDFILE_CANNOT_CREATE: { action: 'stop', exit: 73 },
  PIDFILE_LOST: { action: 'stop', exit: 75 },
  STATUS_UNWRITABLE: { action: 'wait', exit: 73 },
  METRICS_LISTEN: { action: 'stop', exit: 73 },
  METRICS_UNWRITABLE: { action: 'wait', exit: 73 },
  NOTIFY_FAILED: { action: 'wait', exit: 69 },
  QUIT_FAILED: { action: 'stop', exit: 77 },
  RELOAD_REFUSED: { action: 'stop', exit: 78 },
  RELOAD_UNKNOWN: { action: 'stop', exit: 75 },
  DAEMON_FAILED: { action: 'stop', exit: 75 },
  // directory queues
  QUEUE_MISSING: { action: 'stop', exit: 66 },
  QUEUE_INVALID: { action: 'stop', exit: 78 },
  QUEUE_CANNOT_CREATE: { action: 'stop', exit: 73 },
  QUEUE_PERMISSION: { action: 'stop', exit: 77 },
  QUEUE_IO: { action: 'wait', exit: 75 },
  ELEMENT_MISSING: { action: 'stop', exit: 66 },
  ELEMENT_LOCKED: { action: 'stop', exit: 1 },
  ELEMENT_UNDECODABLE: { action: 'reject', exit: 1 },
  ELEMENT_UNREADABLE: { action: 'reject', exit: 1 },
  ELEMENT_NOT_LOCKED: { action: 'reject', exit: 1 },
  // messages
  MESSAGE_TOO_LARGE: { action: 'reject', exit: 1 },
  MESSAGE_NO_DESTINATION: { action: 'reject', exit: 1 },
  MESSAGE_BAD_HEADER: { action: 'reject', exit: 1 },
  MESSAGE_UNROUTABLE: { action: 'reject', exit: 1 },
  MESSAGE_REFUSED: { action: 'reject', exit: 1 },
  OUTPUT_REFUSED: { action: 'reject', exit: 1 },
  OUTPUT_UNKNOWN: { action: 'reject', exit: 1 },
  MESSAGE_TIMEOUT: { action: 'stop', exit: 75 },
  // callbacks
  CALLBACK_SYNTAX: { action: 'stop', exit: 78 },
  CALLBACK_UNSUPPORTED: { action: 'stop', exit: 78 },
  CALLBACK_START: { action: 'stop', exit: 78 },
  CALLBACK_THREW: { action: 'reject', exit: 1 },
  CALLBACK_TIMEOUT: { action: 'reject', exit: 1 },
  CALLBACK_MEMORY: { action: 'reject', exit: 1 },
  CALLBACK_BAD_RESULT: { action: 'reject', exit: 1 },
  // commands
  COMMAND_UNUSABLE: { action: 'stop', exit: 69 },
  COMMAND_NOT_STARTED: { action: 'wait', exit: 75 },
  COMMAND_TRY_AGAIN: { action: 'wait', exit: 75 },
  COMMAND_ENDED: { action: 'reopen', exit: 75 },
  COMMAND_INCOMPLETE: { action: 'stop', exit: 75 },
  COMMAND_GIVEN_BACK: { action: 'reject', exit: 1 },
  COMMAND_FAILED: { action: 'reject', exit: 1 },
  // frames: what a peer sent that is not STOMP, or too much of it
  FRAME_MALFORMED: { action: 'reopen', exit: 69 },
  FRAME_TOO_LARGE: { action: 'reopen', exit: 69 },
  // sessions
  URI_INVALID: { action: 'stop', exit: 78 },
  CREDENTIAL_INVALID: { action: 'stop', exit: 78 },
  CREDENTIAL_UNREADABLE: { action: 'reopen', exit: 77 },
  HOST_UNKNOWN: { action: 'reopen', exit: 75 },
  CONNECT_FAILED: { action: 'reopen', exit: 75 },
  CONNECT_TIMEOUT: { action: 'reopen', exit: 75 },
  TLS_FAILED: { action: 'reopen', exit: 75 },
  LOGIN_REFUSED: { action: 'reopen', exit: 77 },
  SESSION_LOST: { action: 'reopen', exit: 75 },
  SESSION_CLOSED: { action: 'reopen', exit: 75 },
  BROKER_ERROR: { action: 'reopen', exit: 69 },
  HEARTBEAT_MISSED: { action: 'reopen', exit: 75 },
  RECEIPT_TIMEOUT: { action: 'reopen', exit: 75 },
  DATAGRAM_REFUSED: { action: 'stop', exit: 75 },
  // RabbitMQ's management API
  API_UNREACHABLE: { action: 'stop', exit: 75 },
  API_REFUSED: { action: 'stop', exit: 69 },
  // transfers
  INPUT_UNREADABLE: { action: 'stop', exit: 66 },
  OUTPUT_FAILED: { action: 'stop', exit: 75 },
  LINGER_EXCEEDED: { action: 'stop', exit: 75 },
  TOO_MANY_PARKED: { action: 'stop', exit: 1 },
  INTERNAL: { action: 'stop', exit: 70 },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

/**
 * An error of ours. Its text reads `operation(argument): reason`, and says the next step where there is one.
 * `code` is stable; `action` tells the driver what to do; `cause` is the error underneath, if any.
 */
export class StompctlError extends Error {
  override readonly name = 'StompctlError';
  readonly code: ErrorCode;
  /** how often the same was tried before it was given up */
  readonly attempts: number;

  constructor(code: ErrorCode, operation: string, argument: string, reason: string, cause?: unknown, attempts = 1) {
    super(`${operation}(${argument}): ${reason}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.attempts = attempts;
  }

  get action(): ErrorAction {
    return ERROR_KINDS[this.code].action;
  }

  get exitCode(): number {
    return ERROR_KINDS[this.code].exit;
  }
}

/** The errno name (`ENOENT`, `ECONNREFUSED`, …) of a system error; undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

/** The text of anything thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * For the `default` of a `switch` over every kind: a new kind does not compile until its place has answered. Of what got there all
 * the same only the kind is told: it may hold a body.
 */
export function unreachable(value: never): never {
  const given: unknown = value;
  const kind = typeof given === 'object' && given !== null && 'kind' in given ? given.kind : given;
  throw new StompctlError('INTERNAL', 'switch', typeof kind === 'string' ? kind : typeof kind, 'no such kind is known');
}
