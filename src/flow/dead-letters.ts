import type { StompctlError } from '../base/errors.js';
import type { Message } from '../message/message.js';

/** Where rejected messages go (`failure-queue`). A source is given one, or none. */
export interface DeadLetters {
  /** Resolves when the message is on disk, synced, with the headers that say why it is there. */
  store(
    message: Message,
    reason: StompctlError,
    from: { readonly source: string; readonly name: string },
  ): Promise<void>;
  /**
   * The same for what could not be decoded, byte for byte. Without it, or when it rejects, the element stays where it is.
   */
  storeRaw?(bytes: Buffer, reason: StompctlError): Promise<void>;
}
