import type { StompctlError } from '../base/errors.js';
import type { Frame, FrameHeader } from './frame.js';

/** A message of a subscription, with its two ways to settle it. */
export interface ReceivedMessage {
  readonly header: Readonly<FrameHeader>;
  readonly body: Buffer;
  /** the message is safe: the broker may forget it */
  ack(): void;
  /** the message is not wanted: see `StompSession.nack` */
  nack(): void;
}

/** What a subscription needs of its session. */
export interface SubscriptionHost {
  ack(frame: Frame): void;
  nack(frame: Frame): void;
  hold(who: object): void;
  letGo(who: object): void;
  unlisten(id: string, header?: Readonly<FrameHeader>): Promise<void>;
}

export interface SubscribeOptions {
  /** how many messages the broker may send before they are acknowledged, in its own unit; default: as the broker likes */
  readonly prefetch?: number;
  /** bytes not yet taken out of the iterator before reading pauses; default 32 MiB */
  readonly bufferBytes?: number;
}

/**
 * The messages of one subscription, for one `for await` at a time. The iteration ends after `unsubscribe` or the session's `close`,
 * and throws the reason when the session is lost. Leaving it does not unsubscribe.
 */
export class Subscription implements AsyncIterable<ReceivedMessage> {
  readonly #host: SubscriptionHost;
  readonly #limit: number;
  readonly #buffer: ReceivedMessage[] = [];
  #id = '';
  #bytes = 0;
  #over: { readonly error: StompctlError | undefined } | undefined;
  #wake: () => void = () => undefined;

  constructor(host: SubscriptionHost, options: SubscribeOptions) {
    this.#host = host;
    this.#limit = options.bufferBytes ?? 32 * 1024 * 1024;
  }

  get id(): string {
    return this.#id;
  }

  /** Called by the session once the broker has confirmed, and for each message. */
  confirmed(id: string): void {
    this.#id = id;
  }

  readonly arrived = (frame: Frame): void => {
    const host = this.#host;
    const { header, body } = frame;
    this.#buffer.push({ header, body, ack: () => host.ack(frame), nack: () => host.nack(frame) });
    this.#bytes += body.length;
    if (this.#bytes >= this.#limit) host.hold(this);
    this.#wake();
  };

  ended(error: StompctlError | undefined): void {
    this.#over ??= { error };
    this.#host.letGo(this);
    this.#wake();
  }

  /**
   * Resolves when the broker has confirmed. What was received and not taken is dropped: the broker delivers it again, some only
   * after the end of the session. */
  async unsubscribe(header: Readonly<FrameHeader> = {}): Promise<void> {
    this.#buffer.length = 0;
    this.ended(undefined);
    await this.#host.unlisten(this.#id, header);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void, undefined> {
    for (;;) {
      // A delivery of a session that is over cannot be acknowledged any more, and comes again.
      if (this.#over?.error !== undefined) throw this.#over.error;
      const message = this.#buffer.shift();
      if (message !== undefined) {
        this.#bytes -= message.body.length;
        if (this.#bytes < this.#limit / 2) this.#host.letGo(this);
        yield message;
      } else if (this.#over !== undefined) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
