import { reasonOf } from '../base/errors.js';
import { withDeadline } from '../base/wait.js';
import type { Settings } from '../config/settings.js';
import { DeadLetterSink } from '../sinks/queue/dead-letter-sink.js';
import { mayComeBack } from '../transfer/supervisor.js';
import { type EndContext, isBounded } from './make-ends.js';
import { FullQueues, storingSink } from './queue-ends.js';

/** The failure queue of a run. */
export interface FailureQueue {
  readonly sink: DeadLetterSink;
  readonly full: FullQueues;
  /** Stores what it has, for at most so long, and closes. */
  retire(lingerMs: number): Promise<void>;
}

/** Opens the failure queue. A run without end does not end when that cannot be opened just now: it is tried again. */
export async function openFailureQueue(settings: Settings, context: EndContext): Promise<FailureQueue | undefined> {
  const { failureQueue } = settings;
  const { logger, clock } = context;
  if (failureQueue === undefined) return undefined;
  const full = new FullQueues();
  const queue = storingSink(failureQueue, failureQueue.type === 'DQN' ? 'DQN' : 'DQS', settings, context, full);
  const sink = new DeadLetterSink(queue);
  try {
    await sink.open();
  } catch (error) {
    if (isBounded(settings) || !mayComeBack(error)) throw error;
    logger.warn('open-retry', `${reasonOf(error)}; tried again at the first rejected message`, { end: queue.name });
  }
  const retire = async (lingerMs: number) => {
    await withDeadline(clock, lingerMs, queue.flush(), () => undefined);
    await sink.close();
  };
  return { sink, full, retire };
}
