import { Writable } from 'node:stream';
import { outputError } from '../command-line/io.js';

/** bytes gathered before they are written */
const CHUNK_BYTES = 65_536;

/** Standard output for what may be long: written in chunks, at the speed of its reader, noticing when that goes away. */
export class Output {
  readonly #out: { write(text: string): unknown };
  readonly #stream: Writable | undefined;
  #pending: Buffer[] = [];
  #bytes = 0;
  #error: Error | undefined;

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

  /** Undefined: go on at once; otherwise wait for it. Throws or rejects with OUTPUT_FAILED. */
  write(data: string | Buffer): Promise<void> | undefined {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    this.#pending.push(bytes);
    this.#bytes += bytes.length;
    return this.#bytes < CHUNK_BYTES ? undefined : this.flush();
  }

  /** Resolves when everything is out of our hands. Rejects with OUTPUT_FAILED. */
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#bytes = 0;
    const stream = this.#stream;
    if (stream === undefined) {
      this.#out.write(bytes.toString('utf8'));
      return;
    }
    if (this.#error === undefined) {
      await new Promise<void>((resolve) => {
        stream.write(bytes, (error) => {
          this.#error ??= error ?? undefined;
          resolve();
        });
      });
    }
    if (this.#error !== undefined) throw outputError(this.#error);
  }
}
