import { systemClock } from '../../base/clock.js';
import { StompctlError, unreachable } from '../../base/errors.js';
import { type StopSignal, stopExitCode } from '../../daemon/signals.js';
import type { DeadLetters } from '../../flow/dead-letters.js';
import type { Delivery } from '../../flow/delivery.js';
import type { Message } from '../../message/message.js';
import { QueueSource } from '../../sources/queue/queue-source.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import { type Progress, startProgress } from '../command-line/progress.js';
import { Complaints } from './complaints.js';
import type { HeaderMatch } from './header-match.js';
import { LARGEST_MESSAGE, type OpenQueue } from './open-queue.js';
import type { QueueContext } from './queue-context.js';

/** unlocks an element and passes over it */
const NOT_MEANT = new StompctlError('MESSAGE_REFUSED', 'match', 'message', 'does not match');
const AT_ONCE = { deliveries: 500, bytes: 32 * 1024 * 1024 };

export interface SweepOptions {
  readonly queue: OpenQueue;
  readonly match: HeaderMatch;
  /** most messages to carry off, */
  readonly most: number;
  /** those included that were to be and had to stay */
  readonly countsRefused?: boolean;
  /** what the progress bar says: `moved` */
  readonly label: string;
  /** Resolves when the message need not stay any more. */
  readonly carry: (message: Message) => Promise<void>;
  /** The same with an element that cannot be decoded; without it, such elements stay and are told. */
  readonly carryRaw?: (bytes: Buffer) => Promise<void>;
}

export interface SweepResult {
  readonly carried: number;
  /** elements that had to stay although they were meant */
  readonly failed: number;
  /** what ended it before its time; undefined: it came to its end */
  readonly stopped: StopSignal | undefined;
}

/** The exit code of a command that swept: of one that a signal ended, as a shell reports that. */
export function sweptExitCode({ failed, stopped }: Pick<SweepResult, 'failed' | 'stopped'>): number {
  if (stopped !== undefined) return stopExitCode(stopped);
  return failed === 0 ? EXIT_CODES.ok : EXIT_CODES.someMessagesLeft;
}

/**
 * Goes once over a queue and takes out what matches, oldest first: a message is removed only after `carry` resolved, so
 * that a kill at any moment loses none, and at most repeats some. What another process has locked stays. Rejects with what
 * `carry` rejects with, unless the message itself is at fault.
 */
export async function sweep(options: SweepOptions, { complain, signals }: QueueContext): Promise<SweepResult> {
  const sweeping = new Sweeping(options, new Complaints(complain));
  const interrupt = new AbortController();
  signals.onStop(() => interrupt.abort());
  const { queue, match, most, label } = options;
  const shown = match.isEmpty ? most : Number.POSITIVE_INFINITY;
  const progress = await showProgress(queue, shown, label, () => sweeping.looked);
  const source = sweeping.source();
  let over = false;
  try {
    await source.open();
    while (!over && sweeping.left > 0 && !interrupt.signal.aborted) {
      const demand = { ...AT_ONCE, deliveries: Math.min(AT_ONCE.deliveries, sweeping.left) };
      const result = await source.next(demand, interrupt.signal);
      switch (result.kind) {
        case 'batch':
          await sweeping.carry(result.deliveries);
          break;
        case 'idle':
          break;
        case 'end':
          over = true;
          break;
        default:
          unreachable(result);
      }
    }
  } finally {
    await source.close();
    progress.stop();
  }
  return sweeping.result(over || sweeping.left <= 0 ? undefined : signals.stopped);
}

class Sweeping {
  readonly #options: SweepOptions;
  readonly #complaints: Complaints;
  /** elements that could not be read, by what was wrong, until they are carried off as they are */
  readonly #unreadable = new Map<StompctlError, string>();
  #carried = 0;
  #refused = 0;
  #looked = 0;

  constructor(options: SweepOptions, complaints: Complaints) {
    this.#options = options;
    this.#complaints = complaints;
  }

  get left(): number {
    const { most, countsRefused = false } = this.#options;
    return most - this.#carried - (countsRefused ? this.#refused : 0);
  }

  get looked(): number {
    return this.#looked;
  }

  source(): QueueSource {
    const { queue, carryRaw } = this.#options;
    return new QueueSource({
      path: queue.path,
      type: queue.type,
      // another's locks and temporary files are not our business: purge is a command of its own
      maxLock: 0,
      maxTemp: 0,
      loop: false,
      remove: true,
      sync: 'batch',
      window: AT_ONCE.deliveries,
      maxMessageSize: LARGEST_MESSAGE,
      clock: systemClock,
      ...(carryRaw === undefined ? {} : { deadLetters: this.#rawOnly(carryRaw) }),
      events: {
        rejected: (name, reason) => this.#unreadable.set(reason, name),
        settledInVain: () => undefined,
        parked: () => undefined,
      },
    });
  }

  /** Resolves when each of a batch is carried off and acknowledged, or given back. */
  async carry(deliveries: readonly Delivery[]): Promise<void> {
    const { match, carry } = this.#options;
    const wanted = deliveries.filter((delivery) => {
      const matches = match.matches(delivery.message);
      // not released: that would hand it over again at once
      if (!matches) delivery.reject(NOT_MEANT);
      return matches;
    });
    const results = await Promise.allSettled(wanted.map((delivery) => carry(delivery.message)));
    this.#looked += deliveries.length;
    let failure: unknown;
    for (const [index, result] of results.entries()) {
      const delivery = wanted[index];
      if (result.status === 'fulfilled') {
        delivery?.ack();
        this.#carried += 1;
      } else if (result.reason instanceof StompctlError && result.reason.action === 'reject') {
        delivery?.reject(result.reason);
        this.#refused += 1;
        this.#complaints.add(result.reason.message);
      } else {
        delivery?.release();
        failure ??= result.reason;
      }
    }
    if (failure !== undefined) throw failure;
  }

  result(stopped: StopSignal | undefined): SweepResult {
    // with an expression, what cannot be read was not meant
    if (this.#options.match.isEmpty) {
      for (const [reason, name] of this.#unreadable) this.#complaints.add(`${name} stays: ${reason.message}`);
    }
    this.#complaints.finish();
    return { carried: this.#carried, failed: this.#complaints.count, stopped };
  }

  #rawOnly(carryRaw: (bytes: Buffer) => Promise<void>): DeadLetters {
    return {
      store: (_message, reason) => Promise.reject(reason),
      storeRaw: async (bytes, reason) => {
        await carryRaw(bytes);
        this.#unreadable.delete(reason);
        this.#carried += 1;
      },
    };
  }
}

/** A bar of how much of a queue has been gone over, on a terminal. */
export async function showProgress(
  queue: OpenQueue,
  most: number,
  label: string,
  done: () => number,
): Promise<Progress> {
  const { stderr: stream } = process;
  const total = stream.isTTY ? Math.min(await queue.count(), most) : 0;
  return startProgress({ total, done: () => Math.min(done(), total), label, stream });
}

/** What is told of a command that a signal ended, behind how far it came. */
export function stoppedText(stopped: StopSignal | undefined): string {
  return stopped === undefined ? '' : ', then stopped by a signal';
}
