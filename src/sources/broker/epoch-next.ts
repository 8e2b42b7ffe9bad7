import { type Clock, systemClock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import { wait } from '../../base/wait.js';
import type { Demand, SourceLimits, SourceResult } from '../../flow/source.js';
import type { BrokerEpoch, BrokerEpochOptions } from './broker-epoch.js';

/** the longest wait for a message before `next` says that there is none */
const IDLE_MS = 1000;

export interface NextOptions {
  /** of the source, for errors */
  readonly name: string;
  readonly maxParked: number;
  readonly clock?: Clock;
}

/** `Source.next` for a source whose session is `epoch`. */
export async function nextOf(
  epoch: BrokerEpoch | undefined,
  demand: Demand,
  interrupt: AbortSignal,
  options: NextOptions,
): Promise<SourceResult> {
  if (epoch === undefined) throw new StompctlError('SESSION_CLOSED', 'next', options.name, 'not open');
  check(epoch, options);
  if (epoch.empty && epoch.ended) return { kind: 'end' };
  if (!epoch.hasMore) await wait(options.clock ?? systemClock, IDLE_MS, { signal: interrupt, bell: epoch.arrival });
  check(epoch, options);
  const deliveries = epoch.take(demand);
  if (deliveries.length > 0) return { kind: 'batch', deliveries };
  return { kind: 'idle', reason: interrupt.aborted ? 'interrupted' : 'empty' };
}

function check(epoch: BrokerEpoch, { name, maxParked }: NextOptions): void {
  if (epoch.session.over !== undefined) throw epoch.session.over;
  // with 0 nothing is parked but by who only looks at messages
  if (maxParked === 0) return;
  if (epoch.blocked !== undefined) throw epoch.blocked;
  if (epoch.parked < maxParked) return;
  const reason = `${epoch.parked} rejected messages wait unacknowledged, the broker sends no more; set failure-queue`;
  throw new StompctlError('TOO_MANY_PARKED', 'next', name, reason);
}

/** What a session holds unsettled at most: with what is parked, and one more to see that there are more. */
export function mostOf({ window, windowBytes, maxParked }: SourceLimits): BrokerEpochOptions['most'] {
  return { deliveries: window + maxParked + 1, bytes: windowBytes, window };
}
