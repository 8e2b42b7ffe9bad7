import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { SerialQueue } from '../../base/serial-queue.js';
import { outputError } from '../command-line/io.js';

/** bytes gathered before they are written */
const CHUNK_BYTES = 65_536;

/**
 * Standard output for what may be long: written in chunks, at the speed of its reader, noticing when that goes away. After a write that
 * failed, or was cut short by a full disk, nothing later is written, and nothing later resolves.
 */
export class Output {
  readonly #out: { write(text: string): unknown };
  readonly #stream: Writable | undefined;
  #pending: Buffer[] = [];
  #bytes = 0;
  #error: Error | undefined;
  readonly #writes = new SerialQueue();

  constructor(out: { write(text: string): unknown }) {
    this.#out = out;
    if (!(out instanceof Writable)) return;
    this.#stream = out;
    out.on('error', (error) => {
      this.#error ??= error;
    });
  }

  /** is it a terminal? Control characters of messages must not reach it */
  get isTerminal(): boolean {
    return (this.#stream as { isTTY?: boolean } | undefined)?.isTTY === true;
  }

  /** Undefined: go on at once; otherwise wait for it. Rejects with OUTPUT_FAILED. */
  write(data: string | Buffer): Promise<void> | undefined {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    this.#pending.push(bytes);
    this.#bytes += bytes.length;
    return this.#bytes < CHUNK_BYTES ? undefined : this.flush();
  }

  /** Resolves when everything so far is out of our hands, whoever handed it over. Rejects with OUTPUT_FAILED. */
  flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#bytes = 0;
    // nothing to write: it is still told how the writes before it went
    return this.#writes.run(() => this.#put(bytes));
  }

  async #put(bytes: Buffer): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined) {
      this.#out.write(bytes.toString('utf8'));
      return;
    }
    try {
      if (this.#error === undefined && bytes.length > 0) await putInto(stream, bytes);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#error ??= error;
    }
    if (this.#error !== undefined) throw outputError(this.#error);
  }
}

/** Resolves when the system has taken every byte. */
function putInto(stream: Writable, bytes: Buffer): Promise<void> {
  const { fd } = stream as { fd?: unknown };
  if (typeof fd !== 'number' || stream instanceof Socket) {
    return new Promise((resolve, reject) => {
      stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }
  // a file: Node's own stream for it writes once, and is content with a part of it, which is what a disk takes as it becomes full
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  return Promise.resolve();
}
