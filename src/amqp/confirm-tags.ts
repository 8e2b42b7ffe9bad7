/**
 * Which of the messages that were published the broker has answered for: each once, by its number on the channel. The library believes
 * any number: it would keep a place for each below, and take one message for another from then on.
 */
export class ConfirmTags {
  /** it and all below are answered */
  #low = 0;
  /** those above that are answered too */
  readonly #above = new Set<number>();

  /** The broker answers for a number, or for all up to it. Throws RangeError when there is nothing that it may mean. */
  take(tag: bigint, upTo: boolean, published: number): void {
    if (tag < 1n || tag > BigInt(published)) {
      throw new RangeError(`a confirmation of number ${tag}, while ${published} were published`);
    }
    const number = Number(tag);
    if (upTo ? number < this.#low : number <= this.#low || this.#above.has(number)) {
      throw new RangeError(`a second confirmation of number ${tag}`);
    }
    if (upTo) {
      for (let each = this.#low + 1; each <= number; each += 1) this.#above.delete(each);
      this.#low = number;
    } else this.#above.add(number);
    while (this.#above.delete(this.#low + 1)) this.#low += 1;
  }
}
