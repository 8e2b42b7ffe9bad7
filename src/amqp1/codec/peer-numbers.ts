import type { Value } from './value-reader.js';

/** AMQP 1.0, part 2, section 2.7: which fields of a performative are whole numbers of 32 bits at most, by its code. */
const NUMBERS: ReadonlyMap<number, readonly number[]> = new Map([
  // open: max-frame-size, channel-max, idle-time-out
  [0x10, [2, 3, 4]],
  // begin: remote-channel, next-outgoing-id, both windows, handle-max
  [0x11, [0, 1, 2, 3, 4]],
  // attach: handle, initial-delivery-count
  [0x12, [1, 9]],
  // flow: next-incoming-id, incoming-window, next-outgoing-id, outgoing-window, handle, delivery-count, link-credit, available
  [0x13, [0, 1, 2, 3, 4, 5, 6, 7]],
  // transfer: handle, delivery-id, message-format
  [0x14, [0, 1, 3]],
  // disposition: first, last
  [0x15, [1, 2]],
  // detach: handle
  [0x16, [0]],
]);
const BEGIN = 0x11;
const DISPOSITION = 0x15;
const MOST_NUMBER = 0xffffffff;
/** Deliveries that one disposition names: of those that we sent the library keeps no more, of the others nobody settles so many at once. */
const MOST_SETTLED = { sent: 2048, received: 65_536 } as const;

/**
 * What the library takes as it comes: it goes through every number from the first to the last, and writes numbers of the peer back,
 * which throws in a turn of its own where they have more than 32 bits. Throws RangeError.
 */
export function checkNumbers(code: number, fields: readonly Value[]): void {
  for (const index of NUMBERS.get(code) ?? []) {
    const value = fields[index] ?? null;
    if (value !== null && !isNumber(value)) throw new RangeError(`field ${index} is no number of 32 bits`);
  }
  // the other way round nothing is asked for here
  if (code === BEGIN && !isNumber(fields[0])) throw new RangeError('a session that was not asked for');
  if (code === DISPOSITION) checkRange(fields[1], fields[2], MOST_SETTLED[fields[0] === true ? 'sent' : 'received']);
}

/** Serial numbers (RFC 1982): behind the highest comes 0. */
function checkRange(first: Value | undefined, last: Value | undefined, most: number): void {
  if (!isNumber(first)) throw new RangeError('a disposition of no delivery');
  const count = ((isNumber(last) ? last : first) - first) >>> 0;
  if (count >= most) throw new RangeError(`a disposition of ${count + 1} deliveries`);
}

function isNumber(value: Value | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_NUMBER;
}
