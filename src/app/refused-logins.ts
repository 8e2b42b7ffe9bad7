/** Which brokers of a list have refused the login since the last session: one that refuses says nothing about the others. */
export class RefusedLogins {
  readonly #refused = new Set<string>();
  #trying: string | undefined;
  #uris: readonly string[] = [];

  /** `uri`, of `uris`, is tried now. */
  trying(uri: string, uris: readonly string[]): void {
    this.#trying = uri;
    this.#uris = uris;
  }

  /** The one tried last has refused: have all? Then the next round begins anew. */
  all(): boolean {
    if (this.#trying !== undefined) this.#refused.add(this.#trying);
    const all = this.#uris.every((uri) => this.#refused.has(uri));
    if (all) this.#refused.clear();
    return all;
  }

  clear(): void {
    this.#refused.clear();
  }
}
