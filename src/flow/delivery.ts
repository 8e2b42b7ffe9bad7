import type { StompctlError } from '../base/errors.js';
import type { Message } from '../message/message.js';
import type { StoredElement } from './stored-element.js';

/**
 * One message handed over by a source, to be settled exactly once. The first settling wins; a second one is ignored
 * and counted. Settling only notes the wish: the source carries it out in batches, and all of it before `close` resolves.
 */
export interface Delivery {
  readonly message: Message;
  /** there is a file, which nobody has read yet: `message` reads it, and throws what is wrong with it */
  readonly stored?: StoredElement | undefined;
  /** what the source calls it, for logs: an element name, or the broker's message id */
  readonly name: string;
  /** tells the message at each of its deliveries, and no other one; undefined: nothing known does */
  readonly id?: string | undefined;
  /** `Message.size`, counted once; of what is `stored`, the bytes of its file */
  readonly size: number;
  /** it was rejected before, as it is now, and stayed with the source: that was told */
  readonly rejectedBefore?: boolean;
  /** done: safe in the sink, or dropped by the callback */
  ack(): void;
  /** give it back: the source may hand it over again */
  release(): void;
  /** poison: to the failure queue, or kept apart */
  reject(reason: StompctlError): void;
}
