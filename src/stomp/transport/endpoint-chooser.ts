export interface ChooserOptions {
  /** in any order; default false: in the order given, from the first */
  readonly randomize?: boolean;
  /** a number in [0, 1); `Math.random` unless a test says otherwise */
  readonly random?: () => number;
}

export interface Choice {
  readonly uri: string;
  /** why this one, for the log */
  readonly why: string;
}

/**
 * Chooses among several brokers, one at each attempt, be it after a failure or after the loss of a good session. Each has its turn
 * before one comes again: so the second of a list is really used, also when the first accepts sessions and ends them at once.
 */
export class EndpointChooser {
  readonly #options: ChooserOptions;
  /** those that have had their turn in this round */
  readonly #tried = new Set<string>();

  constructor(options: ChooserOptions = {}) {
    this.#options = options;
  }

  /** The broker to try now; `uris` may differ from call to call (a file of them is read again). Not empty. */
  choose(uris: readonly [string, ...string[]]): Choice {
    let left = uris.filter((uri) => !this.#tried.has(uri));
    const again = left.length === 0;
    if (again) {
      this.#tried.clear();
      left = [...uris];
    }
    const { randomize = false, random = Math.random } = this.#options;
    const uri = (randomize ? left[Math.floor(random() * left.length)] : left[0]) ?? uris[0];
    this.#tried.add(uri);
    return { uri, why: reason(uris.length, again, randomize) };
  }
}

function reason(count: number, again: boolean, randomize: boolean): string {
  if (count === 1) return 'it is the only one';
  const how = randomize ? 'at random' : 'in order';
  return again
    ? `all ${count} have had their turn: ${how}, again`
    : `${how}, among those of ${count} that were not tried yet`;
}
