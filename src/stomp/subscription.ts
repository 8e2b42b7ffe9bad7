import type { StompctlError } from '../base/errors.js';
import { Bell } from '../base/wait.js';
import type { Frame, FrameHeader } from './codec/frame.js';

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
  hold(who: object, how: 'firm' | 'yielding'): void;
  letGo(who: object): void;
  unlisten(id: string, header?: Readonly<FrameHeader>): Promise<void>;
}

export interface SubscribeOptions {
  /** how many messages the broker may send before they are acknowledged, in its own unit; default: as the broker likes */
  readonly prefetch?: number;
  /**
   * bytes, of headers and bodies, not yet taken out of the iterator before reading pauses; default 32 MiB. While a receipt is awaited,
   * which may stand behind them, reading goes on up to four times as many
   */
  readonly bufferBytes?: number;
}

/**
 * The messages of one subscription, for one `for await` at a time. The iteration ends after `unsubscribe` or the session's `close`,
 * and throws the reason when the session is lost. Leaving it does not unsubscribe.
 */
export class Subscription implements AsyncIterable<ReceivedMessage> {
  readonly #host: SubscriptionHost;
  readonly #limit: number;
  readonly #buffer: { readonly message: ReceivedMessage; readonly size: number }[] = [];
  #id = '';
  #bytes = 0;
  #held = false;
  #over: { readonly error: StompctlError | undefined } | undefined;
  readonly #change = new Bell();

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
    const message = { header, body, ack: () => host.ack(frame), nack: () => host.nack(frame) };
    const size = sizeOf(frame);
    this.#buffer.push({ message, size });
    this.#bytes += size;
    this.#holdIfFull();
    this.#change.ring();
  };

  ended(error: StompctlError | undefined): void {
    this.#over ??= { error };
    this.#host.letGo(this);
    this.#change.ring();
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
      const next = this.#buffer.shift();
      if (next !== undefined) {
        this.#bytes -= next.size;
        this.#holdIfFull();
        yield next.message;
      } else if (this.#over !== undefined) {
        return;
      } else {
        await this.#change.rung();
      }
    }
  }

  /**
   * Who takes messages may wait for a receipt that stands behind those not yet read: so reading goes on while one is awaited, up to a
   * limit. Past it the receipt times out.
   */
  #holdIfFull(): void {
    if (this.#held && this.#bytes < this.#limit / 2) {
      this.#held = false;
      this.#host.letGo(this);
      return;
    }
    this.#held ||= this.#bytes >= this.#limit;
    if (this.#held) this.#host.hold(this, this.#bytes >= this.#limit * FIRM_AT ? 'firm' : 'yielding');
  }
}

const FIRM_AT = 4;

function sizeOf({ header, body }: Frame): number {
  let size = body.length;
  for (const name in header) size += name.length + (header[name] ?? '').length + 2;
  return size;
}
