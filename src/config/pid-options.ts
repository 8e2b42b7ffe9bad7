import { statSync } from 'node:fs';
import { StompctlError } from '../base/errors.js';
import { problemError } from './formats/problem.js';
import { OptionValues } from './options/option-values.js';
import { type ConfigurationInput, readGiven } from './read-given.js';

/** What `status` and `quit` need of a configuration. */
export interface PidOptions {
  readonly pidfile: string;
  /** undefined: not given */
  readonly statusMs: number | undefined;
  readonly lingerMs: number | undefined;
  readonly flushMs: number | undefined;
}

const NEEDED = ['pidfile', 'timeout-status', 'timeout-linger', 'timeout-flush'];

/**
 * Reads these options alone, from the file and the command line: a service can be asked for its status, and stopped,
 * while the rest of its configuration is being changed. Rejects with USAGE when there is no pidfile.
 */
export async function readPidOptions(input: ConfigurationInput, command: string): Promise<PidOptions> {
  const file = input.commandLine.get('config')?.at(-1);
  if (file !== undefined && isFolder(file)) throw new StompctlError('USAGE', 'command', command, ofFolder(file));
  const { options, problems } = await readGiven(input, (name) => NEEDED.includes(name));
  const [first, ...others] = problems;
  if (first !== undefined) throw problemError([first, ...others]);
  const values = new OptionValues(options);
  const pidfile = values.text('pidfile');
  if (pidfile === undefined) {
    throw new StompctlError('USAGE', 'command', command, needsPidfile(file));
  }
  const milliseconds = (name: string): number | undefined => {
    const seconds = values.has(name) ? values.number(name) : undefined;
    return seconds === undefined ? undefined : Math.round(seconds * 1000);
  };
  return {
    pidfile,
    statusMs: milliseconds('timeout-status'),
    lingerMs: milliseconds('timeout-linger'),
    flushMs: milliseconds('timeout-flush'),
  };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    // whoever reads it says what is wrong
    return false;
  }
}

function ofFolder(path: string): string {
  return `${path} is a folder, which one process runs: give the pidfile of that with --pidfile`;
}

function needsPidfile(file: string | undefined): string {
  if (file === undefined) return 'needs a pidfile: give --pidfile, or --config with one in it';
  return `needs a pidfile, and ${file} names none: give that of the run with --pidfile; or set pidfile in the file, and start the run anew`;
}
