import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import { readAtMost } from '../../base/read-at-most.js';
import { type Origin, placeOf } from './config-node.js';

const { O_NONBLOCK, O_RDONLY } = constants;
/** No configuration is longer; a device or a log given by mistake is. */
const LARGEST_BYTES = 16 * 1024 * 1024;

/**
 * The text of a configuration file: UTF-8, or Latin-1 when it is not valid UTF-8, as Perl reads it.
 * `from` says who asked, for an included file. Rejects with CONFIG_NOT_FOUND or CONFIG_UNREADABLE.
 */
export async function readConfigFile(path: string, from?: Origin): Promise<string> {
  return textOf(await readBytes(path, from === undefined, from));
}

/**
 * As `readConfigFile`, of a file that is read again while a run lasts: never a pipe or a device, which would hang the thread that
 * opens it, and with it the exit. `what`: what an error calls it, instead of a configuration.
 */
export async function readPlainFile(path: string, what?: string): Promise<string> {
  return textOf(await readBytes(path, false, undefined, what));
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}

async function readBytes(path: string, pipes: boolean, from?: Origin, what = 'configuration'): Promise<Buffer> {
  const asked = from === undefined ? '' : ` (included at ${placeOf(from)})`;
  try {
    // the operator may give a pipe; a file that includes one would hang whoever reads it, O_NONBLOCK or not
    const file = await open(path, pipes ? O_RDONLY : O_RDONLY | O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (stats.isDirectory()) {
        const next = from === undefined ? ': name a file of it (a whole folder is for "stompctl run")' : asked;
        throw new StompctlError('CONFIG_UNREADABLE', what, path, `is a folder, not a file${next}`);
      }
      if (!pipes && !stats.isFile()) {
        throw new StompctlError('CONFIG_UNREADABLE', what, path, `is a pipe or a device, not a file${asked}`);
      }
      const bytes = await readAtMost(file, LARGEST_BYTES + 1);
      if (bytes.length > LARGEST_BYTES) {
        const reason = `is larger than ${LARGEST_BYTES} bytes, which no configuration is${asked}`;
        throw new StompctlError('CONFIG_UNREADABLE', what, path, reason);
      }
      return bytes;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof StompctlError) throw error;
    if (errnoOf(error) === 'ENOENT') {
      throw new StompctlError('CONFIG_NOT_FOUND', what, path, `there is no such file${asked}`, error);
    }
    const reason = `cannot be read${asked}: ${reasonOf(error)}`;
    throw new StompctlError('CONFIG_UNREADABLE', what, path, reason, error);
  }
}
