import type { Subscription } from './peer-subscription.js';
import type { StoredMessage } from './stored-message.js';

export interface Outstanding {
  readonly message: StoredMessage;
  readonly subscription: Subscription;
}

/**
 * The messages one session was given and has not settled, by the key that its version acknowledges with
 * (1.2: the `ack` header; 1.1 and 1.0: the `message-id`), in the order of delivery.
 */
export class Unacknowledged {
  readonly #byKey = new Map<string, Outstanding>();

  get size(): number {
    return this.#byKey.size;
  }

  add(key: string, message: StoredMessage, subscription: Subscription): void {
    this.#byKey.set(key, { message, subscription });
  }

  get(key: string): Outstanding | undefined {
    return this.#byKey.get(key);
  }

  /** Removes and returns the one under `key` or, in `client` mode, that and every earlier one of its subscription. */
  take(key: string): Outstanding[] {
    const last = this.#byKey.get(key);
    if (last === undefined) return [];
    if (last.subscription.ack !== 'client') {
      this.#byKey.delete(key);
      return [last];
    }
    const taken: Outstanding[] = [];
    for (const [otherKey, outstanding] of this.#byKey) {
      if (outstanding.subscription === last.subscription) {
        taken.push(outstanding);
        this.#byKey.delete(otherKey);
      }
      if (otherKey === key) break;
    }
    return taken;
  }

  /** Removes and returns all those of `subscription`, or all there are. */
  takeAll(subscription?: Subscription): Outstanding[] {
    const taken: Outstanding[] = [];
    for (const [key, outstanding] of this.#byKey) {
      if (subscription !== undefined && outstanding.subscription !== subscription) continue;
      taken.push(outstanding);
      this.#byKey.delete(key);
    }
    return taken;
  }
}
