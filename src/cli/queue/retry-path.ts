import type { Message } from '../../message/message.js';

/** Where messages that are tried again go. */
export interface RetryPath {
  /**
   * `origin`: what the failure queue says of where it came from. Resolves when the message need not stay any more, with what became of it: `put back to QUEUE`. Rejects with an error whose
   * action is `reject` when the message is to stay, and the rest goes on.
   */
  carry(message: Message, origin: string | undefined): Promise<string>;
  close(): Promise<void>;
}
