import type { Header } from '../message/message.js';

/** How much a subscription may hold unacknowledged. A message goes out while both are above zero. */
export interface Credit {
  readonly messages: number;
  readonly bytes: number;
}

export const UNLIMITED: Credit = { messages: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/** The SUBSCRIBE header by which each kind of broker is told how much to send ahead. */
export type PrefetchHeader = 'prefetch-count' | 'activemq.prefetchSize' | 'consumer-window-size' | 'credit';

export const PREFETCH_HEADERS: readonly PrefetchHeader[] = [
  'prefetch-count',
  'activemq.prefetchSize',
  'consumer-window-size',
  'credit',
];

/**
 * The credit that a SUBSCRIBE asks for, by the first of `known` that it carries; `byDefault` without one. A number that
 * is not one is ignored, as brokers do. 0 and below: unlimited for `prefetch-count`; for `consumer-window-size`, 0 is one
 * message at a time and -1 unlimited.
 */
export function creditOf(header: Readonly<Header>, known: readonly PrefetchHeader[], byDefault: Credit): Credit {
  for (const name of known) {
    const value = header[name];
    if (value === undefined) continue;
    const credit = readCredit(name, value);
    if (credit !== undefined) return credit;
  }
  return byDefault;
}

function readCredit(name: PrefetchHeader, value: string): Credit | undefined {
  // Apollo: "credit:5,1024" is messages, then bytes
  const match = /^(-?\d+)(?:,(\d+))?$/.exec(value.trim());
  if (match === null) return undefined;
  const first = Number(match[1]);
  const infinite = Number.POSITIVE_INFINITY;
  if (name === 'credit') return { messages: first, bytes: match[2] === undefined ? infinite : Number(match[2]) };
  if (name !== 'consumer-window-size') return { messages: first > 0 ? first : infinite, bytes: infinite };
  if (first < 0) return UNLIMITED;
  return first === 0 ? { messages: 1, bytes: infinite } : { messages: infinite, bytes: first };
}
