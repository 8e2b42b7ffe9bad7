import type { StompctlError } from '../base/errors.js';
import type { Message } from '../message/message.js';
import type { StoredElement } from './stored-element.js';

/** Where a transfer writes to. I/O only: no retry, no policy. It never sees the source nor acknowledgement ids. */
export interface Sink {
  /** for logs: `queue /var/spool/x`, `broker stomp://host:61613` */
  readonly name: string;
  /**
   * Resolves when messages can be sent. May be called again after an error whose action is `reopen`. `lost` is called at
   * most once an opening, when it ends by itself: also when nothing is being sent, so that it can be opened again in time.
   */
  open(lost?: (error: StompctlError) => void): Promise<void>;
  /**
   * Resolves when the message is safe: its receipt came back, or its file is on disk, synced, under its final name.
   * Rejects with a StompctlError; whatever its action, this message is then not known to be safe. Many at once; order kept.
   * `id` is the delivery's: a sink that remembers what it has stored tells a redelivery by it. `to` is the output it is for, which
   * matters to a sink of several; who calls has looked whether there is one of that name.
   */
  send(message: Message, id?: string, to?: string): Promise<void>;
  /**
   * Says a send that failed for now nothing of its own message, as where many share one run? Then what is not safe is sent again together,
   * never one by one to find the message at fault.
   */
  readonly together?: boolean;
  /** Is it better to `move` than to `send`? May change, as when another sink takes its place. */
  readonly moves?: boolean;
  /**
   * As `send`, of an element that nobody has read: it gets a second name, or is copied, byte for byte. A sink that does not
   * move any more sends the message.
   */
  move?(element: StoredElement): Promise<void>;
  /** Hurries everything sent so far; resolves when each of those sends has resolved or rejected. */
  flush(): Promise<void>;
  /**
   * Gives up what has not begun to become safe: each of these sends is rejected with SESSION_CLOSED. Resolves when each of the
   * others has resolved or rejected, as far as this sink decides that itself. Then nothing is written that was given back.
   */
  recall?(): Promise<void>;
  /**
   * Gives up what has not begun to become safe, as `recall`, for who has a better place for it by now: what else is sent goes on. A sink that
   * has this rejects with SESSION_CLOSED nothing but what was given up, and what it is sent while it is closed.
   */
  retract?(): void;
  /** Other limits from now on: how often what failed is tried before it is rejected, where the sink itself decides that. */
  tune?(limits: { readonly maxAttempts: number }): void;
  /** Closes; does not wait for what is not safe by then: `flush` before. Safe when not open. */
  close(): Promise<void>;
}
