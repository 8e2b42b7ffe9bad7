import { StompctlError } from '../../base/errors.js';
import { systemFault } from './system-fault.js';

/** The exit codes of the program (the numbers of sysexits.h), and what they mean. */
export const EXIT_CODES = {
  ok: 0,
  /** some messages were rejected or could not be moved; one that another process has locked does not count */
  someMessagesLeft: 1,
  usage: 64,
  noInput: 66,
  unavailable: 69,
  internal: 70,
  cannotCreate: 73,
  tryAgain: 75,
  permission: 77,
  configuration: 78,
} as const;

/** What each code means, for the manual. */
export const EXIT_CODE_MEANINGS: readonly (readonly [number, string])[] = [
  [EXIT_CODES.ok, 'done'],
  [EXIT_CODES.someMessagesLeft, 'some messages were rejected or could not be moved'],
  [EXIT_CODES.usage, 'the command line is wrong'],
  [EXIT_CODES.noInput, 'a file or queue to read from does not exist or cannot be read'],
  [EXIT_CODES.unavailable, 'the broker refused to go on'],
  [EXIT_CODES.internal, 'a fault of the program'],
  [EXIT_CODES.cannotCreate, 'a file or folder cannot be created'],
  [EXIT_CODES.tryAgain, 'the broker cannot be reached, or another instance runs: try again later'],
  [EXIT_CODES.permission, 'permission denied: by the system, or by the broker at login'],
  [EXIT_CODES.configuration, 'the configuration is wrong, or asks for what is not supported yet'],
];

/** The exit code for anything thrown: its own for an error of ours, that of what the system lacks, 70 for a fault. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof StompctlError && error.code !== 'INTERNAL') return error.exitCode;
  return systemFault(error)?.exit ?? EXIT_CODES.internal;
}
