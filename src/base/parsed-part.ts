import { StompctlError } from './errors.js';

export type Table = Readonly<Record<string, unknown>>;

/** What is wrong with a part of a parsed file. `at` is its path, such as `rewrite[0].when.body`. */
export class PartError extends StompctlError {
  readonly at: string;
  readonly reason: string;

  constructor(operation: string, at: string, reason: string) {
    super('CONFIG_INVALID', operation, at, reason);
    this.at = at;
    this.reason = reason;
  }
}

/** Parts of a parsed file, whatever its format was. Errors: PartError of this operation. */
export class PartReader {
  readonly #operation: string;

  constructor(operation: string) {
    this.#operation = operation;
  }

  invalid(at: string, reason: string): PartError {
    return new PartError(this.#operation, at, reason);
  }

  /** A table, with no keys but `keys`. */
  table(value: unknown, at: string, keys?: readonly string[]): Table {
    if (!isTable(value)) throw this.invalid(at, `must be a block of ${keys === undefined ? 'keys' : keys.join(', ')}`);
    const unknown = keys === undefined ? undefined : Object.keys(value).find((key) => !keys.includes(key));
    if (unknown !== undefined) throw this.invalid(`${at}.${unknown}`, `unknown key; known are ${keys?.join(', ')}`);
    return value;
  }

  /** Numbers and booleans are taken as text. */
  text(value: unknown, at: string): string {
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw this.invalid(at, 'must be a text');
  }
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
