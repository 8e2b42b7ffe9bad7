import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import { type Origin, placeOf } from './config-node.js';

/** No configuration is longer; a device or a log given by mistake is. */
const LARGEST_BYTES = 16 * 1024 * 1024;

/**
 * The text of a configuration file: UTF-8, or Latin-1 when it is not valid UTF-8, as Perl reads it.
 * `from` says who asked, for an included file. Rejects with CONFIG_NOT_FOUND or CONFIG_UNREADABLE.
 */
export async function readConfigFile(path: string, from?: Origin): Promise<string> {
  const bytes = await readBytes(path, from);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}

async function readBytes(path: string, from: Origin | undefined): Promise<Buffer> {
  const asked = from === undefined ? '' : ` (included at ${placeOf(from)})`;
  try {
    const file = await open(path, 'r');
    try {
      if ((await file.stat()).isDirectory()) {
        throw new StompctlError('CONFIG_UNREADABLE', 'configuration', path, `is a folder, not a file${asked}`);
      }
      const bytes = await readAtMost(file, LARGEST_BYTES + 1);
      if (bytes.length > LARGEST_BYTES) {
        const reason = `is larger than ${LARGEST_BYTES} bytes, which no configuration is${asked}`;
        throw new StompctlError('CONFIG_UNREADABLE', 'configuration', path, reason);
      }
      return bytes;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof StompctlError) throw error;
    if (errnoOf(error) === 'ENOENT') {
      throw new StompctlError('CONFIG_NOT_FOUND', 'configuration', path, `there is no such file${asked}`, error);
    }
    const reason = `cannot be read${asked}: ${reasonOf(error)}`;
    throw new StompctlError('CONFIG_UNREADABLE', 'configuration', path, reason, error);
  }
}

/** The next bytes of `file`, up to `limit`: whatever its size claims to be, since a pipe or a device has none. */
export async function readAtMost(file: FileHandle, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < limit) {
    const chunk = Buffer.alloc(Math.min(65_536, limit - length));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) break;
    chunks.push(chunk.subarray(0, bytesRead));
    length += bytesRead;
  }
  return Buffer.concat(chunks);
}
