import { createReadStream, fstat, ReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { StompctlError } from '../../base/errors.js';
import { chunksOf } from '../../message/json-lines.js';
import { LARGEST_MESSAGE } from './open-queue.js';

export interface Input {
  readonly stream: Readable;
  /** bytes of the file, soon after it was opened; undefined where that is not known */
  readonly size: () => number | undefined;
  /** how much of it has been read, from 0 to 1; undefined where its size is not known */
  readonly share: () => number | undefined;
}

/** The bytes of a file, or of standard input without one or with `-`; uncompressed when its name ends in `.gz`. */
export function openInput(file: string | undefined, standardInput: () => Readable, gunzip: boolean): Input {
  let size: number | undefined;
  const look = (fd: number): void => {
    fstat(fd, (error, info) => {
      if (error === null && info.isFile()) size = info.size;
    });
  };
  if (file === undefined || file === '-') {
    const stream = standardInput();
    if (stream instanceof ReadStream && 'fd' in stream && typeof stream.fd === 'number') look(stream.fd);
    return { stream, size: () => size, share: () => undefined };
  }
  const raw = createReadStream(file);
  // not before it is open: a mount that does not answer would keep signals from being heard
  raw.once('open', look);
  const share = () => (size === undefined || size === 0 ? undefined : Math.min(raw.bytesRead / size, 1));
  // what goes wrong reaches the reader through the last stream
  const stream = gunzip && file.endsWith('.gz') ? pipeline(raw, createGunzip(), () => undefined) : raw;
  return { stream, size: () => size, share };
}

/** Everything, when that is no more than a message may have: of a larger file little is read. Rejects with INPUT_UNREADABLE or MESSAGE_TOO_LARGE. */
export async function readAll(
  input: Pick<Input, 'stream' | 'size'>,
  name: string,
  { maxMessageSize }: { readonly maxMessageSize: number },
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(input.stream, name)) {
    bytes += chunk.length;
    const size = Math.max(bytes, input.size() ?? 0);
    if (size > maxMessageSize) throw tooLarge(name, input.size(), maxMessageSize);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function tooLarge(name: string, size: number | undefined, most: number): StompctlError {
  const has = size === undefined ? '' : `has ${size} bytes, `;
  const advice = most < LARGEST_MESSAGE ? '; raise --max-message-size' : '';
  const reason = `${has}more than ${most} bytes, the most that a message may have${advice}`;
  return new StompctlError('MESSAGE_TOO_LARGE', 'read', name, reason);
}
