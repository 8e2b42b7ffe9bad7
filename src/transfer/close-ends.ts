import type { Clock } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';
import { withDeadline } from '../base/wait.js';
import type { Source } from '../flow/source.js';
import type { Logger } from '../observe/logger.js';
import type { EndTime } from './end-time.js';
import { asStompctlError } from './supervisor.js';

/** What is kept, of a time that is short, for each that is closed after another one. */
const KEPT_MS = 500;

export interface Closing {
  readonly clock: Clock;
  /** is everything settled? */
  readonly drained: boolean;
  readonly time: EndTime;
  /** the longest that one of them may take */
  readonly closeMs: number;
  /** the source first: then what is its own is not begun before it has given everything back */
  readonly closings: readonly (() => Promise<void>)[];
  readonly source: Pick<Source, 'name' | 'storesAtClose'>;
  /** Ends what waits for the failure queue, when not everything is settled. */
  readonly giveUp: (() => Promise<void>) | undefined;
  readonly logger: Logger;
  /** what went wrong once everything was settled; before that it is logged */
  readonly onError: (error: StompctlError) => void;
}

/**
 * Closes the ends of a transfer: one after the other, or, where time is short, all at once. False when the source did not say in time
 * that everything is given back.
 */
export async function closeEnds(work: Closing): Promise<boolean> {
  const { clock, drained, time, closings, source, logger } = work;
  const giveUp = () => {
    if (!drained) void work.giveUp?.().catch(() => undefined);
  };
  // asked now: once all that it stores is stored, it may say otherwise
  const stores = source.storesAtClose === true;
  if (!stores) giveUp();
  let closed = false;
  const close = async (closing: () => Promise<void>, index: number): Promise<void> => {
    const isSource = index === 0;
    try {
      const storing = isSource && stores;
      const after = drained ? closings.length - 1 - index : 0;
      const leftMs = Math.max(0, time.closeMs(drained && !storing) - after * KEPT_MS);
      const inTime = await withDeadline<boolean, boolean>(
        clock,
        drained ? Math.min(work.closeMs, leftMs) : leftMs,
        closing().then(() => true),
        () => false,
      );
      // who has asked for the end does not wait for a farewell
      const enough = drained && time.asked && !storing;
      if (!inTime && enough)
        logger.warn('close-failed', `${source.name}: an end was not closed in time, and is left behind`);
      if (isSource) closed = inTime || enough;
    } catch (error) {
      const failure = asStompctlError(error, source.name);
      if (drained) work.onError(failure);
      else logger.warn('close-failed', failure.message);
      if (isSource) closed = true;
    }
  };
  if (drained) for (const [index, closing] of closings.entries()) await close(closing, index);
  else await Promise.all(closings.map((closing, index) => close(closing, index)));
  if (stores) giveUp();
  return closed;
}

/** Where what was not settled in time is. */
export function whereLeft({ storesAtClose }: Closing['source']): string {
  return storesAtClose === true
    ? 'goes into the failure queue, and is lost where that does not take it, as the log says'
    : 'stays with the source, for the next run';
}

/** What becomes of a run whose time was over (`ended`) before this end was open. */
export function notOpen({ name }: { readonly name: string }, ended: 'duration' | 'inactivity'): StompctlError {
  const reason = `not open when the time of the run was over (${ended})`;
  return new StompctlError('CONNECT_TIMEOUT', 'transfer', name, reason);
}

/** What becomes of a run whose time to settle what is in flight was over; `waits` is what it waited for then. */
export function lingerExceeded(
  source: Closing['source'],
  released: number,
  lingerMs: number,
  waits: readonly string[],
): StompctlError {
  const what = released === 0 ? 'not everything was' : `${released} messages were not`;
  const within = `within ${lingerMs / 1000} s (timeout-linger)`;
  const why = waits.length === 0 ? '' : `; the run waited for ${waits.join(', ')}`;
  const reason = `${what} settled ${within}: what is left ${whereLeft(source)}${why}`;
  return new StompctlError('LINGER_EXCEEDED', 'transfer', source.name, reason);
}
