import { ByteCollector } from './byte-collector.js';

/** Splits a byte stream into pieces whose head says how long they are. */
export class PieceSplitter {
  readonly #headBytes: number;
  readonly #totalOf: (bytes: Buffer, at: number) => number;
  readonly #partial = new ByteCollector();
  #total = 0;

  /** `totalOf`: bytes of the piece that begins at `at`, head included, which is there in whole; it throws where they are too many. */
  constructor(headBytes: number, totalOf: (bytes: Buffer, at: number) => number) {
    this.#headBytes = headBytes;
    this.#totalOf = totalOf;
  }

  /** Calls `onPiece` for each piece that is whole. The pieces handed over are the caller's to keep, not copied where one chunk has it all. */
  feed(chunk: Buffer, onPiece: (piece: Buffer) => void): void {
    let at = 0;
    while (at < chunk.length) {
      const held = this.#partial.length;
      if (held === 0 && chunk.length - at >= this.#headBytes) {
        const total = this.#totalOf(chunk, at);
        if (chunk.length - at >= total) {
          onPiece(chunk.subarray(at, at + total));
          at += total;
          continue;
        }
      }
      const wanted = held < this.#headBytes ? this.#headBytes : this.#total;
      const end = Math.min(chunk.length, at + wanted - held);
      this.#partial.add(chunk, at, end);
      at = end;
      if (this.#partial.length < wanted) return;
      if (held < this.#headBytes) this.#total = this.#totalOf(this.#partial.view(), 0);
      if (held >= this.#headBytes || this.#total === this.#headBytes) onPiece(this.#partial.take());
    }
  }
}
