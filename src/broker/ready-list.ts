import type { StoredMessage } from './stored-message.js';

/** Messages waiting for a consumer, always in the order of arrival. Taking and adding cost the same at any length. */
export class ReadyList {
  #items: (StoredMessage | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  first(): StoredMessage | undefined {
    return this.#items[this.#head];
  }

  push(message: StoredMessage): void {
    this.#items.push(message);
  }

  shift(): StoredMessage | undefined {
    const message = this.#items[this.#head];
    if (message === undefined) return undefined;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= 4096 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return message;
  }

  /** Puts messages back where they stood: each goes before every later arrival. */
  restore(messages: readonly StoredMessage[]): void {
    const first = this.first();
    const last = messages.at(-1);
    const fits = this.#head >= messages.length && first !== undefined && last !== undefined && last.seq < first.seq;
    if (fits && inOrder(messages)) {
      this.#head -= messages.length;
      for (const [index, message] of messages.entries()) this.#items[this.#head + index] = message;
      return;
    }
    const merged = [...messages, ...this.toArray()];
    merged.sort((a, b) => a.seq - b.seq);
    this.#items = merged;
    this.#head = 0;
  }

  toArray(): StoredMessage[] {
    return this.#items.slice(this.#head) as StoredMessage[];
  }

  /** Empties the list and hands over what it held. */
  take(): StoredMessage[] {
    const messages = this.toArray();
    this.#items = [];
    this.#head = 0;
    return messages;
  }
}

function inOrder(messages: readonly StoredMessage[]): boolean {
  return messages.every((message, index) => index === 0 || message.seq > (messages[index - 1]?.seq ?? 0));
}
