export interface EventuallyOptions {
  /** the longest wait, in milliseconds; default 120,000: on a machine that is busy with ten other things a process
   * takes many seconds to start, and only who fails waits that long */
  readonly deadlineMs?: number;
  /** between two looks, in milliseconds; default 10 */
  readonly everyMs?: number;
  /** what is waited for, for the error text */
  readonly what?: string;
}

/**
 * Looks at `condition` until it gives something truthy, and resolves to that. An error thrown by the condition counts
 * as "not yet" and becomes the cause of the error at the deadline. A condition that hangs fails at the deadline too.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false | 0 | '' | null | undefined>> {
  const { deadlineMs = 120_000, everyMs = 10, what = condition.toString() } = options;
  const end = performance.now() + deadlineMs;
  let cause: unknown;
  while (true) {
    const left = end - performance.now();
    if (left <= 0) throw new Error(`eventually(${what}): not within ${deadlineMs} ms`, { cause });
    try {
      const value = await within(left, condition);
      if (value) return value as Exclude<T, false | 0 | '' | null | undefined>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

async function within<T>(limitMs: number, look: () => T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the condition itself did not answer')), limitMs);
  });
  try {
    return await Promise.race([Promise.resolve(look()), late]);
  } finally {
    clearTimeout(timer);
  }
}
