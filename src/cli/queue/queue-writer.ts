import { StompctlError } from '../../base/errors.js';
import { Bell } from '../../base/wait.js';
import type { QueueOptions, QueueType } from '../../dirq/queue-options.js';
import { detectQueueType } from '../../dirq/queue-type.js';
import type { Sink } from '../../flow/sink.js';
import type { Message } from '../../message/message.js';
import { QueueSink } from '../../sinks/queue/queue-sink.js';
import type { QueueArguments } from './queue-arguments.js';

/**
 * The type of a queue that is to be written to: as given, else as its folder shows, else `fallback`. Throws QUEUE_INVALID
 * when what is given is not what the folder shows: half the messages would never be found.
 */
export function typeForWriting(path: string, given: QueueType | undefined, fallback: QueueType): QueueType {
  const detected = detectQueueType(path);
  if (given === undefined || detected === undefined || given === detected) return given ?? detected ?? fallback;
  throw new StompctlError('QUEUE_INVALID', 'open queue', path, `is a queue of type ${detected}, not ${given}`);
}

/** The queue that messages are added to, by the options `--type --umask --compression`. Throws USAGE, QUEUE_INVALID. */
export function addedTo(args: QueueArguments): QueueOptions & { readonly type: QueueType } {
  const umask = args.number('umask');
  const compression = args.value('compression') as QueueOptions['compression'];
  const type = typeForWriting(args.path, args.type(), 'DQS');
  if (type === 'DQN' && compression !== undefined) {
    throw new StompctlError('USAGE', 'option', '--compression', 'is for queues of type DQS only');
  }
  return { path: args.path, type, umask, compression };
}

/** A sink that makes messages safe, many at once; its folder is made when missing. Rejects with QUEUE_…. */
export async function openSink(options: QueueOptions): Promise<QueueSink> {
  const sink = new QueueSink({ ...options, sync: 'batch' });
  await sink.open();
  return sink;
}

const MOST_WAITING = 500;
const MOST_BYTES = 32 * 1024 * 1024;

/** Sends messages into a sink while their number and size allow, and knows how many are safe. */
export class BulkWriter {
  /** messages that are safe */
  written = 0;
  /** the numbers of those that are not safe (yet), in order */
  readonly #unsafe = new Set<number>();
  readonly #sink: Sink;
  #waiting = 0;
  #bytes = 0;
  #failure: unknown;
  readonly #change = new Bell();

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** The first that is not known to be safe, of the numbers that they were sent with. */
  get firstUnsafe(): number | undefined {
    const [first] = this.#unsafe;
    return first;
  }

  /** `number` grows from one to the next. Resolves when there is room for more. Rejects with what an earlier message failed with. */
  async send(message: Message, number: number): Promise<void> {
    const { size } = message;
    this.#waiting += 1;
    this.#unsafe.add(number);
    this.#bytes += size;
    this.#sink.send(message).then(
      () => {
        this.written += 1;
        this.#unsafe.delete(number);
        this.#settled(size);
      },
      (error: unknown) => {
        this.#failure ??= error;
        this.#settled(size);
      },
    );
    while (this.#waiting > MOST_WAITING || (this.#bytes > MOST_BYTES && this.#waiting > 0)) await this.#change.rung();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when every message is safe. Rejects with what one of them failed with. */
  async finish(): Promise<void> {
    while (this.#waiting > 0) await this.#change.rung();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #settled(size: number): void {
    this.#waiting -= 1;
    this.#bytes -= size;
    this.#change.ring();
  }
}
