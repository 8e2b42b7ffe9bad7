import type { StompctlError } from '../base/errors.js';
import type { Message } from '../message/message.js';

/** Where rejected messages go (`failure-queue`). A source is given one, or none. */
export interface DeadLetters {
  /**
   * Resolves when the message is on disk, synced, with the headers that say why it is there: while it cannot be written, for
   * whatever is the disk's, it waits and is tried again. Rejects with an error of another action than `reject` only when
   * that is over: this place is closed, or `giveUp` says that nobody wants it any more (what is being written is written).
   */
  store(
    message: Message,
    reason: StompctlError,
    from: { readonly source: string; readonly name: string },
    giveUp?: AbortSignal,
  ): Promise<void>;
  /**
   * The same for what could not be decoded, byte for byte. Without it, or when it rejects, the element stays where it is.
   */
  storeRaw?(bytes: Buffer, reason: StompctlError, giveUp?: AbortSignal): Promise<void>;
}
