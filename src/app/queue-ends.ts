import type { Clock } from '../base/clock.js';
import type { QueueSettings, Settings } from '../config/settings.js';
import type { QueueType } from '../dirq/queue-options.js';
import type { DeadLetters } from '../flow/dead-letters.js';
import type { Sink } from '../flow/sink.js';
import type { SourceEvents, TunableSource } from '../flow/source.js';
import { PathTemplate } from '../message/path-template.js';
import type { Logger } from '../observe/logger.js';
import { NullSink } from '../sinks/queue/null-sink.js';
import { QueuePerValue } from '../sinks/queue/queue-per-value.js';
import { QueueSink } from '../sinks/queue/queue-sink.js';
import { NullSource } from '../sources/queue/null-source.js';
import { QueueSource } from '../sources/queue/queue-source.js';
import { checkQueue, strangersText } from './check-queue.js';

export interface QueueContext {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The queues that a run writes to, as far as it waits for them. */
export class FullQueues {
  readonly #sinks = new Set<QueueSink>();

  add(sink: QueueSink): void {
    this.#sinks.add(sink);
  }

  remove(sink: Sink): void {
    if (sink instanceof QueueSink) this.#sinks.delete(sink);
  }

  /** What is waited for now, a line a queue: `queue /var/spool/x: it has 100 elements, of at most 100`. */
  get reasons(): readonly string[] {
    return [...this.#sinks].flatMap(({ name, fullReason }) =>
      fullReason === undefined ? [] : [`${name}: ${fullReason}`],
    );
  }
}

/** A source that reads the queue, with its events logged. */
export function queueSource(
  queue: QueueSettings,
  settings: Settings,
  { clock, logger }: QueueContext,
  events: SourceEvents,
  deadLetters: DeadLetters | undefined,
): TunableSource {
  const { window, maxMessageSize, loop, remove, sync } = settings;
  if (queue.type === 'NULL') return new NullSource(loop, clock);
  const end = `queue ${queue.path}`;
  return new QueueSource({
    ...queueOptions(queue, queue.type),
    // with an end, an empty pass over a folder just made would look like success, for ever when the path is wrong
    mustExist: !loop,
    loop,
    remove,
    sync,
    maxMessageSize,
    window,
    headers: queue.headers,
    readsAll: settings.statistics,
    clock,
    deadLetters,
    events: {
      ...events,
      made: () => logger.warn('queue-made', `${end} was not there and is made: is the path right?`, { end }),
      strangers: (count) => logger.warn('queue-odd', strangersText(queue.path, count), { end, count }),
      leftoverRemoved: (name) => {
        events.discarded?.(name);
        logger.warn('leftover-removed', `removed ${name}, an empty file that a crash left`, { end });
      },
      leftoverKept: (name) =>
        logger.info('leftover-kept', `left ${name}, an empty file: somebody may be writing it`, {
          end,
          maxTemp: queue.maxTemp,
        }),
      recovered: (locks, journals) =>
        logger.info('recovered', `took over ${locks} locks of ${journals} processes that died`, { end, locks }),
      purged: (report) => logger.debug('purged', `purged ${end}`, { end, ...report }),
      purgeFailed: (error) => logger.warn('purge-failed', error.message, { end, code: error.code }),
    },
  });
}

/** A sink that writes to the queue; a type NULL swallows. */
export function queueSink(
  queue: QueueSettings,
  settings: Settings,
  context: QueueContext,
  full: FullQueues,
  onDuplicate: (name: string) => void,
): Sink {
  const { type } = queue;
  if (type === 'NULL') return new NullSink();
  const template = PathTemplate.parse(queue.path);
  if (template === undefined) return storingSink(queue, type, settings, context, full, onDuplicate);
  return new QueuePerValue({
    template,
    most: queue.maxOpen,
    check: () => checkQueue(queue.path),
    make: (path) => storingSink({ ...queue, path }, type, settings, context, full, onDuplicate),
    closed: (sink) => full.remove(sink),
  });
}

/** A sink that writes to a queue that keeps what it is given, and that waits, and says so, while the queue is full. */
export function storingSink(
  queue: QueueSettings,
  type: QueueType,
  { sync }: Settings,
  { clock, logger }: QueueContext,
  full: FullQueues,
  onDuplicate?: (name: string) => void,
): QueueSink {
  const end = `queue ${queue.path}`;
  const sink = new QueueSink({
    ...queueOptions(queue, type),
    sync,
    limits: queue.limits,
    deduplicate: queue.deduplicate && {
      ...queue.deduplicate,
      onDuplicate,
      onUnknown: (path, reason) => {
        const text = `${path} cannot be used: ${reason}; messages it remembers may be stored again`;
        logger.warn('ids-unknown', `${text}; remove it when no other version of stompctl writes to the queue`, { end });
      },
    },
    clock,
    onFull: (reason) => logger.warn('queue-full', `waiting for room in ${end}: ${reason}`, { end, reason }),
    onRoom: () => logger.info('queue-room', `there is room again in ${end}`, { end }),
  });
  full.add(sink);
  return sink;
}

/** What the elements of a queue hold. */
export function elementOptions({ format, rawText, fields }: QueueSettings) {
  return { format, rawText, fields };
}

function queueOptions(queue: QueueSettings, type: QueueType) {
  const { path, umask, granularity, rndhex, maxLock, maxTemp, maxElts, compression } = queue;
  const times = { granularity, maxLock, maxTemp, maxElts };
  return { path, type, umask, rndhex, ...times, compression, ...elementOptions(queue) };
}
