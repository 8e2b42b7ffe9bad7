export type SettleCommand = 'ACK' | 'NACK';

/** What an ACK or NACK names. */
export interface AckName {
  /** `ack` or `message-id` of the delivery */
  readonly id: string;
  /** of the delivery */
  readonly subscription: string;
  /** `id` and `subscription` have one character a byte, and go back like that: they are not valid UTF-8 */
  readonly binary: boolean;
}

export interface Settling {
  readonly command: SettleCommand;
  readonly name: AckName;
}

interface Delivered {
  readonly name: AckName;
  settledBy: SettleCommand | undefined;
}

/**
 * What to write when an ACK or NACK settles all earlier deliveries too (ack mode `client`): the last one of those whose predecessors
 * are all settled in the same way. Settling a message never settles another that is still in work.
 */
export class AckOrder {
  /** by message id, in the order of delivery */
  readonly #deliveries = new Map<string, Delivered>();
  #waiting = 0;

  /** deliveries that are settled, and wait for an earlier one */
  get waiting(): number {
    return this.#waiting;
  }

  delivered(id: string, name: AckName): void {
    this.#deliveries.set(id, { name, settledBy: undefined });
  }

  /** Notes that `id` is settled; returns what to write now: nothing while an earlier one is in work. */
  settled(id: string, command: SettleCommand): readonly Settling[] {
    const delivery = this.#deliveries.get(id);
    if (delivery === undefined || delivery.settledBy !== undefined) return [];
    delivery.settledBy = command;
    this.#waiting += 1;
    const settlings: Settling[] = [];
    for (const [earlier, { name, settledBy }] of this.#deliveries) {
      if (settledBy === undefined) break;
      this.#deliveries.delete(earlier);
      this.#waiting -= 1;
      if (settlings.at(-1)?.command === settledBy) settlings.pop();
      settlings.push({ command: settledBy, name });
    }
    return settlings;
  }
}
