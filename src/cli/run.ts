import { StompctlError } from '../base/errors.js';
import type { Environment } from '../config/environment.js';
import type { Settings } from '../config/settings.js';
import type { CommandIo } from './io.js';

export interface RunContext {
  readonly io: CommandIo;
  readonly env: Environment;
  /** what the configuration deserves to be warned about at start */
  readonly warnings: readonly string[];
  /** reads the configuration again, as it was asked for on the command line */
  reload(): Promise<Settings>;
}

/** Runs one transfer; resolves to the exit code. */
export async function run(settings: Settings, _context: RunContext): Promise<number> {
  throw new StompctlError('CONFIG_UNSUPPORTED', 'run', settings.source.kind, 'running is not supported yet');
}
