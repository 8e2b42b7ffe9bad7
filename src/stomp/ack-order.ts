/**
 * Which message to acknowledge when an acknowledgement settles all earlier ones too (ack mode `client`): the last one whose
 * predecessors are all settled. Settling a message never acknowledges another that is still in work.
 */
export class AckOrder {
  /** by message id, in the order of delivery: what ACK has to name, and whether it is settled */
  readonly #deliveries = new Map<string, { readonly ack: string; settled: boolean }>();

  delivered(id: string, ack: string): void {
    this.#deliveries.set(id, { ack, settled: false });
  }

  /** Notes that `id` is settled; returns what to acknowledge now, undefined while an earlier one is in work. */
  settled(id: string): string | undefined {
    const delivery = this.#deliveries.get(id);
    if (delivery === undefined) return undefined;
    delivery.settled = true;
    let last: string | undefined;
    for (const [earlier, { ack, settled }] of this.#deliveries) {
      if (!settled) break;
      this.#deliveries.delete(earlier);
      last = ack;
    }
    return last;
  }
}
