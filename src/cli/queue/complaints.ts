const MOST_TOLD = 20;

/** What goes wrong with single messages: told on standard error, the first twenty in full. */
export class Complaints {
  count = 0;
  readonly #tell: (text: string) => void;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  add(text: string): void {
    this.count += 1;
    if (this.count <= MOST_TOLD) this.#tell(text);
  }

  /** To be called at the end: says how many were not told. */
  finish(): void {
    if (this.count > MOST_TOLD) this.#tell(`… and ${this.count - MOST_TOLD} more`);
  }
}

/** `1 message`, `2 messages`. */
export function messages(count: number): string {
  return `${count} message${count === 1 ? '' : 's'}`;
}
