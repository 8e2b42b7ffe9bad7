import { reasonOf, StompctlError } from '../../base/errors.js';
import { unlessAborted } from '../../base/wait.js';
import { queueError } from '../../dirq/queue-directory.js';
import type { DeadLetters } from '../../flow/dead-letters.js';
import { Message, newHeader } from '../../message/message.js';
import type { QueueSink } from './queue-sink.js';

/** Headers that a message in a failure queue carries beside its own. */
export const FAILURE_HEADER_PREFIX = 'x-stompctl-';
/** Those headers, without the prefix; a producer may have others that begin alike. */
export const FAILURE_HEADERS: readonly string[] = ['reason', 'code', 'attempts', 'time', 'source', 'body-bytes'];

/** Who decides when a failure queue that could not be written is tried again. */
export interface Reopening {
  /** Resolves true when it is open again; false: nobody waits any more. Rejects when the run is to end because of it. */
  open(queue: { readonly name: string; open(): Promise<void> }, lost: StompctlError): Promise<boolean>;
  /** something was stored */
  succeeded(): void;
  /** ends every wait, for good */
  interrupt(): void;
}

/**
 * Puts rejected messages into a failure queue, with the headers that say why they are there. What cannot be written because
 * of the disk waits, all together, and is tried again when `reopening` says so; without it, it is rejected at once.
 */
export class DeadLetterSink implements DeadLetters {
  /**
   * Resolves when the bytes are on disk, synced, as an element of their own. Rejects as `store`. Undefined when the queue
   * has no such elements (DQN): then what cannot be decoded stays where it is.
   */
  readonly storeRaw?: (bytes: Buffer, reason: StompctlError, giveUp?: AbortSignal) => Promise<void>;
  readonly #sink: QueueSink;
  readonly #reopening: Reopening | undefined;
  #opening: Promise<void> | undefined;
  /** shared by all that wait: resolves true when it is to be tried again */
  #again: Promise<boolean> | undefined;
  /** messages that could not be written and are to be */
  #waiting = 0;
  #trouble: string | undefined;
  #closed = false;

  constructor(sink: QueueSink, reopening?: Reopening) {
    this.#sink = sink;
    this.#reopening = reopening;
    if (!sink.takesRaw) return;
    this.storeRaw = (bytes, _reason, giveUp) => this.#store(() => this.#sink.sendRaw(bytes), giveUp);
  }

  /** Opens it now instead of at the first failure. May be called again after an error. */
  async open(): Promise<void> {
    this.#opening ??= this.#sink.open();
    try {
      await this.#opening;
      // what could not be written is still to be
      if (this.#waiting === 0) this.#trouble = undefined;
    } catch (error) {
      this.#opening = undefined;
      this.#trouble = `${this.#sink.name}: ${reasonOf(error)}`;
      throw error;
    }
  }

  /** Why nothing can be stored now; undefined: nothing is known to be in the way. */
  get waitingFor(): string | undefined {
    if (this.#trouble === undefined || this.#waiting === 0) return this.#trouble;
    const messages = this.#waiting === 1 ? '1 rejected message waits' : `${this.#waiting} rejected messages wait`;
    return `${this.#trouble}; ${messages} for it`;
  }

  /** See `DeadLetters`. */
  async store(
    message: Message,
    reason: StompctlError,
    from: { readonly source: string; readonly name: string },
    giveUp?: AbortSignal,
  ): Promise<void> {
    const header = newHeader(message.header);
    // the text may be a callback's: half a surrogate pair in it must not keep the message from being stored
    header[`${FAILURE_HEADER_PREFIX}reason`] = Buffer.from(reason.message).toString();
    header[`${FAILURE_HEADER_PREFIX}code`] = reason.code;
    header[`${FAILURE_HEADER_PREFIX}attempts`] = String(reason.attempts);
    header[`${FAILURE_HEADER_PREFIX}time`] = new Date().toISOString();
    header[`${FAILURE_HEADER_PREFIX}source`] = `${from.source} ${from.name}`;
    const failed = new Message(header, message.body, message.text);
    await this.#store(() => this.#sink.send(failed), giveUp);
  }

  /** For good: what waits for room, and what comes from now on, is rejected with QUEUE_IO. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#reopening?.interrupt();
    await this.#sink.close();
  }

  /** While it is being opened again nothing else is tried: what comes joins those that wait. */
  async #store(write: () => Promise<void>, giveUp: AbortSignal | undefined): Promise<void> {
    let failure: StompctlError | undefined;
    try {
      for (;;) {
        if (this.#again === undefined) {
          const failed = await this.#tried(write);
          if (failed === undefined) return;
          if (failure === undefined) this.#waiting += 1;
          failure = failed;
        } else if (failure === undefined) {
          this.#waiting += 1;
          failure = new StompctlError('QUEUE_IO', 'store', this.#sink.name, 'it is being opened again');
        }
        if (!(await this.#mayTryAgain(failure, giveUp))) throw failure;
      }
    } finally {
      if (failure !== undefined) this.#waiting -= 1;
      if (failure !== undefined && this.#waiting === 0) this.#trouble = undefined;
    }
  }

  /** What kept it from being written, if it may be written later; undefined: it is. Rejects with what no attempt will help. */
  async #tried(write: () => Promise<void>): Promise<StompctlError | undefined> {
    try {
      await this.#opened();
    } catch (error) {
      return new StompctlError('QUEUE_IO', 'open failure queue', this.#sink.name, reasonOf(error), error);
    }
    try {
      await write();
      this.#reopening?.succeeded();
      return undefined;
    } catch (error) {
      const failure = queueError('store', this.#sink.name, error);
      if (failure.action === 'reject' || failure.action === 'stop') throw failure;
      this.#trouble = `${this.#sink.name}: ${failure.message}`;
      return failure;
    }
  }

  async #mayTryAgain(failure: StompctlError, giveUp: AbortSignal | undefined): Promise<boolean> {
    if (this.#reopening === undefined || this.#closed || giveUp?.aborted === true) return false;
    this.#again ??= this.#openAgain(this.#reopening, failure);
    const again = giveUp === undefined ? await this.#again : await unlessAborted(this.#again, giveUp);
    return again === true;
  }

  async #openAgain(reopening: Reopening, failure: StompctlError): Promise<boolean> {
    this.#opening = undefined;
    try {
      return await reopening.open({ name: this.#sink.name, open: () => this.open() }, failure);
    } finally {
      this.#again = undefined;
    }
  }

  async #opened(): Promise<void> {
    if (this.#closed) throw new StompctlError('QUEUE_IO', 'store', this.#sink.name, 'the run is ending');
    await this.open();
  }
}
