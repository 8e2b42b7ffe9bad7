import type { Clock } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';
import { withDeadline } from '../base/wait.js';
import type { Source } from '../flow/source.js';
import { asStompctlError } from './supervisor.js';

export interface Closing {
  readonly clock: Clock;
  /** the longest that one of them may take */
  readonly limitMs: number;
  /** no longer than until then (of the clock's monotonic time) a source may store what it gives back */
  readonly storeUntilMs: number;
  /** the source first: then what is its own is not begun before it has given everything back */
  readonly closings: readonly (() => Promise<void>)[];
  /** one after the other, or, when time is short, all at once */
  readonly inOrder: boolean;
  readonly source: Pick<Source, 'name' | 'storesAtClose'>;
  /** Ends what waits for the failure queue; undefined: it may take its time. */
  readonly giveUp: (() => Promise<void>) | undefined;
  readonly onError: (error: StompctlError) => void;
}

/** Closes the ends of a transfer, for `limitMs` each. False when the source did not say in time that everything is given back. */
export async function closeEnds(work: Closing): Promise<boolean> {
  const { clock, limitMs, closings, inOrder, source, onError } = work;
  const giveUp = () => void work.giveUp?.().catch(() => undefined);
  // asked now: once all that it stores is stored, it may say otherwise
  const stores = source.storesAtClose === true;
  if (!stores) giveUp();
  let closed = false;
  const close = async (closing: () => Promise<void>, isSource: boolean): Promise<void> => {
    try {
      const storing = isSource && stores;
      const inTime = await withDeadline<boolean, boolean>(
        clock,
        storing ? Math.min(limitMs, Math.max(0, work.storeUntilMs - clock.monotonicMs())) : limitMs,
        closing().then(() => true),
        () => false,
      );
      if (isSource) closed = inTime;
    } catch (error) {
      onError(asStompctlError(error, source.name));
      if (isSource) closed = true;
    }
  };
  if (inOrder) for (const [index, closing] of closings.entries()) await close(closing, index === 0);
  else await Promise.all(closings.map((closing, index) => close(closing, index === 0)));
  if (stores) giveUp();
  return closed;
}

/** Where what was not settled in time is. */
export function whereLeft({ storesAtClose }: Closing['source']): string {
  return storesAtClose === true
    ? 'goes into the failure queue, and is lost where that does not take it, as the log says'
    : 'stays with the source, for the next run';
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
