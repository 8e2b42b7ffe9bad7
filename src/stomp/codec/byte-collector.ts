const SMALLEST = 1024;

/**
 * Bytes put together from pieces of any size, in time and memory proportional to their number: the room doubles, so that
 * a peer that drips single bytes costs no more than one that sends them at once.
 */
export class ByteCollector {
  #room = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** the byte `back` before the end (1: the last one); undefined before the start */
  fromEnd(back: number): number | undefined {
    return back > this.#length ? undefined : this.#room[this.#length - back];
  }

  /** Appends the bytes of `chunk` from `start` (included) to `end` (excluded). */
  add(chunk: Buffer, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.#room.length) this.#grow(length);
    chunk.copy(this.#room, this.#length, start, end);
    this.#length = length;
  }

  /** Makes room for `length` bytes in all, in one piece: memory that is not written to is not taken from the system. */
  reserve(length: number): void {
    if (length > this.#room.length) this.#resize(length);
  }

  /** The bytes so far, not to be kept: the next `add` after `clear` overwrites them. */
  view(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  /** The bytes so far, the caller's to keep; the collector is empty afterwards. */
  take(): Buffer {
    const bytes = this.view();
    this.#room = Buffer.alloc(0);
    this.#length = 0;
    return bytes;
  }

  /** Forgets the bytes, keeps the room. */
  clear(): void {
    this.#length = 0;
  }

  #grow(length: number): void {
    this.#resize(Math.max(SMALLEST, length, this.#room.length * 2));
  }

  #resize(capacity: number): void {
    const room = Buffer.allocUnsafeSlow(capacity);
    this.#room.copy(room, 0, 0, this.#length);
    this.#room = room;
  }
}
