import { StompctlError } from '../base/errors.js';
import type { CommandIo } from './io.js';

/** `stompctl demo`; resolves to the exit code. */
export async function demo(_io: CommandIo): Promise<number> {
  throw new StompctlError('CONFIG_UNSUPPORTED', 'stompctl', 'demo', 'this command is not supported yet');
}
