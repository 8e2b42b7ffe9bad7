import { createReadStream, fstat } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { StompctlError } from '../../base/errors.js';
import { chunksOf } from '../../message/json-lines.js';
import { LARGEST_MESSAGE } from './open-queue.js';

export interface Input {
  readonly stream: Readable;
  /** how much of it has been read, from 0 to 1; undefined where its size is not known */
  readonly share: () => number | undefined;
}

/** The bytes of a file, or of standard input without one or with `-`; uncompressed when its name ends in `.gz`. */
export function openInput(file: string | undefined, standardInput: () => Readable, gunzip: boolean): Input {
  if (file === undefined || file === '-') return { stream: standardInput(), share: () => undefined };
  const raw = createReadStream(file);
  let size = 0;
  // not before it is open: a mount that does not answer would keep signals from being heard
  raw.once('open', (fd) => {
    fstat(fd, (error, info) => {
      if (error === null && info.isFile()) size = info.size;
    });
  });
  const share = () => (size === 0 ? undefined : Math.min(raw.bytesRead / size, 1));
  // what goes wrong reaches the reader through the last stream
  const stream = gunzip && file.endsWith('.gz') ? pipeline(raw, createGunzip(), () => undefined) : raw;
  return { stream, share };
}

/** Everything, when that is no more than a message may have. Rejects with INPUT_UNREADABLE or MESSAGE_TOO_LARGE. */
export async function readAll(input: Readable, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(input, name)) {
    bytes += chunk.length;
    if (bytes > LARGEST_MESSAGE) {
      const reason = `more than ${LARGEST_MESSAGE} bytes, the most that a message may have`;
      throw new StompctlError('MESSAGE_TOO_LARGE', 'read', name, reason);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
