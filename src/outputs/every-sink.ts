import { StompctlError } from '../base/errors.js';
import type { Message } from '../message/message.js';
import { type KeptOutput, OutputSet } from './output-set.js';

/** Messages of which is remembered where they are safe. What is forgotten is sent again, and comes twice. */
const MOST_REMEMBERED = 65_536;

/** Where a message is safe, or on its way. */
type Sent = Map<KeptOutput, Promise<void>>;

/**
 * Sends each message to all outputs; it is safe when it is in all of them, so the slowest sets the pace. A message that comes again
 * while some of them have not answered, or after they gave it back, is sent only to those: told by the delivery's `id`.
 */
export class EverySink extends OutputSet {
  readonly #sent = new Map<string, Sent>();

  protected override opened(openings: readonly Promise<void>[]): Promise<unknown> {
    return Promise.all(openings);
  }

  override async send(message: Message, id?: string): Promise<void> {
    const sent: Sent = (id === undefined ? undefined : this.#sent.get(id)) ?? new Map();
    if (id !== undefined) this.#remember(id, sent);
    for (const output of this.outputs) {
      if (sent.has(output)) continue;
      const sending = this.sendTo(output, message, id);
      sent.set(output, sending);
      sending.catch(() => sent.delete(output));
    }
    const results = await Promise.allSettled([...sent.values()]);
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    // one that was given back is not yet refused: the others may take it when it comes again
    const givenBack = errors.find((error) => !(error instanceof StompctlError && error.action === 'reject'));
    if (id !== undefined && givenBack === undefined && this.#sent.get(id) === sent) this.#sent.delete(id);
    if (errors.length > 0) throw givenBack ?? errors[0];
  }

  #remember(id: string, sent: Sent): void {
    this.#sent.set(id, sent);
    if (this.#sent.size <= MOST_REMEMBERED) return;
    const [oldest] = this.#sent.keys();
    if (oldest !== undefined) this.#sent.delete(oldest);
  }
}
