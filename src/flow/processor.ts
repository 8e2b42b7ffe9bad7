import type { StompctlError } from '../base/errors.js';
import type { Message } from '../message/message.js';

/** What became of one message in the callback. */
export type Outcome =
  /** `to`: the output it is for, by name; it may be one that there is none of */
  | { readonly kind: 'pass'; readonly message: Message; readonly to?: string }
  /** handled: it goes no further, and leaves the source */
  | { readonly kind: 'drop'; readonly reason: string }
  | { readonly kind: 'reject'; readonly error: StompctlError };

/** What stands between source and sink: rewrites, drops or rejects each message. */
export interface Processor {
  /**
   * One outcome a message, in order. Fewer, but at least one, when they are large: carry them out, then ask for the rest.
   * Fewer, or none, when closed meanwhile. Rejects only when no further message can be checked.
   */
  process(messages: readonly Message[]): Promise<readonly Outcome[]>;
  /** Nothing to do just now. */
  idle(): Promise<void>;
  /** Ends it, at once when it is at work; never rejects. */
  close(): Promise<void>;
}
