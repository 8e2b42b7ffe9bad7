import { reasonOf, StompctlError } from '../../base/errors.js';
import type { DeadLetters } from '../../flow/dead-letters.js';
import { Message, newHeader } from '../../message/message.js';
import type { QueueSink } from './queue-sink.js';

/** Headers that a message in a failure queue carries beside its own. */
export const FAILURE_HEADER_PREFIX = 'x-stompctl-';
/** Those headers, without the prefix; a producer may have others that begin alike. */
export const FAILURE_HEADERS: readonly string[] = ['reason', 'code', 'attempts', 'time', 'source', 'body-bytes'];

/** Puts rejected messages into a failure queue, with the headers that say why they are there. */
export class DeadLetterSink implements DeadLetters {
  /**
   * Resolves when the bytes are on disk, synced, as an element of their own. Rejects with QUEUE_IO. Undefined when the queue
   * has no such elements (DQN): then what cannot be decoded stays where it is.
   */
  readonly storeRaw?: (bytes: Buffer) => Promise<void>;
  readonly #sink: QueueSink;
  #opening: Promise<void> | undefined;
  #notOpen: string | undefined;
  #closed = false;

  constructor(sink: QueueSink) {
    this.#sink = sink;
    if (sink.takesRaw) this.storeRaw = (bytes) => this.#storeRaw(bytes);
  }

  /** Opens it now instead of at the first failure. May be called again after an error. */
  async open(): Promise<void> {
    this.#opening ??= this.#sink.open();
    try {
      await this.#opening;
      this.#notOpen = undefined;
    } catch (error) {
      this.#opening = undefined;
      this.#notOpen = `${this.#sink.name}: ${reasonOf(error)}`;
      throw error;
    }
  }

  /** Why nothing can be stored now; undefined: nothing is known to be in the way. */
  get waitingFor(): string | undefined {
    return this.#notOpen;
  }

  /** Resolves when the message is on disk, synced. Rejects with QUEUE_IO. */
  async store(
    message: Message,
    reason: StompctlError,
    from: { readonly source: string; readonly name: string },
  ): Promise<void> {
    await this.#opened();
    const header = newHeader(message.header);
    // the text may be a callback's: half a surrogate pair in it must not keep the message from being stored
    header[`${FAILURE_HEADER_PREFIX}reason`] = Buffer.from(reason.message).toString();
    header[`${FAILURE_HEADER_PREFIX}code`] = reason.code;
    header[`${FAILURE_HEADER_PREFIX}attempts`] = String(reason.attempts);
    header[`${FAILURE_HEADER_PREFIX}time`] = new Date().toISOString();
    header[`${FAILURE_HEADER_PREFIX}source`] = `${from.source} ${from.name}`;
    await this.#sink.send(new Message(header, message.body, message.text));
  }
  /** For good: what waits for room, and what comes from now on, is rejected with QUEUE_IO. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#sink.close();
  }

  async #storeRaw(bytes: Buffer): Promise<void> {
    await this.#opened();
    await this.#sink.sendRaw(bytes);
  }

  /** Rejects with QUEUE_IO, whatever is in the way: the message waits where it is. */
  async #opened(): Promise<void> {
    try {
      if (this.#closed) throw new StompctlError('QUEUE_IO', 'store', this.#sink.name, 'the run is ending');
      await this.open();
    } catch (error) {
      throw new StompctlError('QUEUE_IO', 'open failure queue', this.#sink.name, reasonOf(error), error);
    }
  }
}
