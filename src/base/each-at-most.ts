/** Has `begin` work on each item, in order, on at most `most` of them at once; resolves when all have called `done`. */
export function eachAtMost<T>(
  most: number,
  items: readonly T[],
  begin: (item: T, done: () => void) => void,
): Promise<void> {
  return new Promise((resolve) => {
    let left = items.length;
    const waiting = items.values();
    const next = (): void => {
      const { value, done } = waiting.next();
      if (done !== true) begin(value, over);
    };
    const over = (): void => {
      left -= 1;
      if (left === 0) resolve();
      else next();
    };
    if (left === 0) resolve();
    for (let at = 0; at < Math.min(most, items.length); at += 1) next();
  });
}
