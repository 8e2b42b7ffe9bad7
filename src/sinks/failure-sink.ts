import type { StompctlError } from '../base/errors.js';
import type { Failures } from '../flow/failures.js';
import { Message, newHeader } from '../message/message.js';
import type { QueueSink } from './queue-sink.js';

/** Headers that a message in a failure queue carries beside its own. */
export const FAILURE_HEADER_PREFIX = 'x-stompctl-';

/** Puts rejected messages into a failure queue, with the headers that say why they are there. */
export class FailureSink implements Failures {
  /**
   * Resolves when the bytes are on disk, synced, as an element of their own. Rejects with QUEUE_IO. Undefined when the queue
   * has no such elements (DQN): then what cannot be decoded stays where it is.
   */
  readonly storeRaw?: (bytes: Buffer) => Promise<void>;
  readonly #sink: QueueSink;

  /** `sink` is opened and closed by whoever made it. */
  constructor(sink: QueueSink) {
    this.#sink = sink;
    if (sink.takesRaw) this.storeRaw = (bytes) => sink.sendRaw(bytes);
  }

  /** Resolves when the message is on disk, synced. Rejects with QUEUE_IO. */
  async store(
    message: Message,
    reason: StompctlError,
    from: { readonly source: string; readonly name: string; readonly attempts?: number },
  ): Promise<void> {
    const header = newHeader(message.header);
    // the text may be a callback's: half a surrogate pair in it must not keep the message from being stored
    header[`${FAILURE_HEADER_PREFIX}reason`] = Buffer.from(reason.message).toString();
    header[`${FAILURE_HEADER_PREFIX}code`] = reason.code;
    header[`${FAILURE_HEADER_PREFIX}attempts`] = String(from.attempts ?? 1);
    header[`${FAILURE_HEADER_PREFIX}time`] = new Date().toISOString();
    header[`${FAILURE_HEADER_PREFIX}source`] = `${from.source} ${from.name}`;
    await this.#sink.send(new Message(header, message.body, message.text));
  }
}
