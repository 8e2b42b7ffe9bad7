import { StompctlError } from '../../base/errors.js';
import { SerialQueue } from '../../base/serial-queue.js';
import { Bell } from '../../base/wait.js';
import type { Sink } from '../../flow/sink.js';
import type { Message } from '../../message/message.js';
import type { PathTemplate } from '../../message/path-template.js';

export interface QueuePerValueOptions {
  readonly template: PathTemplate;
  /** queues that are open at once */
  readonly most: number;
  /** Throws what would keep every queue from being made. */
  readonly check: () => void;
  readonly make: (path: string) => Sink;
  /** the sink that `make` made is closed, and not used again */
  readonly closed: (sink: Sink) => void;
}

interface OpenQueue {
  readonly sink: Sink;
  /** messages on their way into it */
  users: number;
}

/**
 * Writes each message into the queue that a header of it names. A queue is opened at its first message; when as many are open as may be,
 * the one that was used longest ago gives way, once nothing is on its way into it.
 */
export class QueuePerValue implements Sink {
  readonly name: string;
  readonly #options: QueuePerValueOptions;
  /** by path, the one used longest ago first */
  readonly #queues = new Map<string, OpenQueue>();
  /** one message after the other finds its queue, so that their order is kept */
  readonly #finding = new SerialQueue();
  /** rung when nothing is on its way into a queue any more, or what waits is given up */
  readonly #room = new Bell();
  /** grows when what waits for its queue is given up */
  #generation = 0;

  constructor(options: QueuePerValueOptions) {
    this.name = `queue ${options.template.text}`;
    this.#options = options;
  }

  /** How many are open. */
  get size(): number {
    return this.#queues.size;
  }

  /** Opens again what is open; a queue for which that fails is opened at its next message. */
  async open(): Promise<void> {
    this.#options.check();
    for (const [path, { sink }] of [...this.#queues]) {
      try {
        await sink.open();
      } catch {
        this.#forget(path, sink);
        // what is on its way into it is told of
        await sink.close().catch(() => undefined);
      }
    }
  }

  async send(message: Message, id?: string): Promise<void> {
    const path = this.#options.template.pathFor(message.header);
    const generation = this.#generation;
    const { queue, sent } = await this.#finding.run(async () => {
      const found = await this.#queueFor(path, generation);
      found.users += 1;
      // handed over in an object: the next message does not wait until this one is safe
      return { queue: found, sent: found.sink.send(message, id) };
    });
    try {
      await sent;
    } finally {
      queue.users -= 1;
      if (queue.users === 0) this.#room.ring();
    }
  }

  async flush(): Promise<void> {
    await this.#finding.done();
    await Promise.all([...this.#queues.values()].map(({ sink }) => sink.flush()));
  }

  retract(): void {
    this.#giveUp();
    for (const { sink } of this.#queues.values()) sink.retract?.();
  }

  async recall(): Promise<void> {
    this.#giveUp();
    await Promise.all([...this.#queues.values()].map(({ sink }) => sink.recall?.()));
  }

  async close(): Promise<void> {
    this.#giveUp();
    await this.#finding.done();
    for (const [path, { sink }] of [...this.#queues]) {
      await sink.close();
      this.#forget(path, sink);
    }
  }

  #giveUp(): void {
    this.#generation += 1;
    this.#room.ring();
  }

  #forget(path: string, sink: Sink): void {
    this.#queues.delete(path);
    this.#options.closed(sink);
  }

  async #queueFor(path: string, generation: number): Promise<OpenQueue> {
    const { most, make, closed } = this.#options;
    while (generation === this.#generation) {
      const known = this.#queues.get(path);
      if (known !== undefined) {
        this.#queues.delete(path);
        this.#queues.set(path, known);
        return known;
      }
      const idle = [...this.#queues].find(([, { users }]) => users === 0);
      if (this.#queues.size < most) {
        const sink = make(path);
        try {
          await sink.open();
        } catch (error) {
          closed(sink);
          throw cannotOpen(path, error);
        }
        this.#queues.set(path, { sink, users: 0 });
      } else if (idle === undefined) await this.#room.rung();
      else {
        const [oldest, { sink }] = idle;
        await sink.close();
        this.#forget(oldest, sink);
      }
    }
    throw new StompctlError('SESSION_CLOSED', 'write', this.name, 'given back before its queue was open');
  }
}

/** One queue of many: the message waits, and so do those behind it, but the run goes on trying. */
function cannotOpen(path: string, error: unknown): StompctlError {
  const reason = error instanceof Error ? error.message : String(error);
  return new StompctlError('QUEUE_IO', 'open queue', path, reason, error);
}
