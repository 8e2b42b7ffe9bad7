import { isUtf8 } from 'node:buffer';
import { type Header, Message, newHeader } from '../../message/message.js';

/** What a command writes, as the reply to a request. */
export class ReplyCollector {
  /** tells the reply to this delivery from every other message; undefined: nothing does */
  readonly id: string | undefined;
  readonly #header: Readonly<Header>;
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  private constructor(header: Readonly<Header>, id: string | undefined, maxBytes: number) {
    this.#header = header;
    this.id = id;
    this.#maxBytes = maxBytes;
  }

  /**
   * Undefined: the message asks for no reply (no `reply-to`). Without `correlation-id` the reply refers to the `message-id`, as
   * JMS has it.
   */
  static for({ header }: Message, id: string | undefined, maxBytes: number): ReplyCollector | undefined {
    const { 'reply-to': destination = '', 'correlation-id': correlation = header['message-id'] } = header;
    if (destination === '') return undefined;
    const reply = newHeader({ destination });
    if (correlation !== undefined) reply['correlation-id'] = correlation;
    return new ReplyCollector(reply, id === undefined ? undefined : `reply ${id}`, maxBytes);
  }

  /** False: that is more than a message may have. */
  take(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) this.#chunks = [];
    else this.#chunks.push(chunk);
    return this.#bytes <= this.#maxBytes;
  }

  message(): Message {
    const body = Buffer.concat(this.#chunks);
    return new Message(this.#header, body, isUtf8(body));
  }
}
