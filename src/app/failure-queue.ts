import { reasonOf, StompctlError } from '../base/errors.js';
import { withDeadline } from '../base/wait.js';
import type { Settings } from '../config/settings.js';
import { DeadLetterSink, type Reopening } from '../sinks/queue/dead-letter-sink.js';
import { asStompctlError, mayComeBack, type ReconnectPolicy, Supervisor } from '../transfer/supervisor.js';
import { type EndContext, isBounded, policyOfQueue } from './make-ends.js';
import { FullQueues, storingSink } from './queue-ends.js';

/** The failure queue of a run. */
export interface FailureQueue {
  readonly sink: DeadLetterSink;
  readonly full: FullQueues;
  /** resolves when a run that ends by itself is to end because it cannot be written */
  readonly failed: Promise<StompctlError>;
  configure(policy: ReconnectPolicy): void;
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
  const supervisor = new Supervisor({ ...policyOfQueue(settings), clock, logger });
  const { reopening, failed } = supervised(supervisor);
  const sink = new DeadLetterSink(queue, reopening);
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
  return { sink, full, failed, retire, configure: (policy) => supervisor.configure(policy) };
}

/** Whatever keeps a failure queue from being opened again while messages wait for it, may pass. */
function supervised(supervisor: Supervisor): { reopening: Reopening; failed: Promise<StompctlError> } {
  let fail: (error: StompctlError) => void = () => undefined;
  const failed = new Promise<StompctlError>((resolve) => {
    fail = resolve;
  });
  const reopening: Reopening = {
    open: async ({ name, open }, lost) => {
      try {
        return await supervisor.open({ name, open: () => open().catch((error) => rethrow(error, name)) }, lost);
      } catch (error) {
        fail(asStompctlError(error, name));
        throw error;
      }
    },
    succeeded: () => supervisor.succeeded(),
    interrupt: () => supervisor.interrupt(),
  };
  return { reopening, failed };
}

function rethrow(error: unknown, name: string): never {
  if (mayComeBack(error)) throw error;
  throw new StompctlError('QUEUE_IO', 'open failure queue', name, reasonOf(error), error);
}
