/** A pending timer; `cancel` after it fired is harmless. */
export interface Timer {
  cancel(): void;
}

/** Time, as handed to everything that waits, so that tests can hold it. */
export interface Clock {
  /** milliseconds since an arbitrary start; never goes back */
  monotonicMs(): number;
  /** milliseconds since the epoch; may step */
  wallMs(): number;
  /** calls `run` once after `delayMs`; `keepAlive` (default true): the process waits for it */
  after(delayMs: number, run: () => void, keepAlive?: boolean): Timer;
}

/** What Node's timers can hold: a longer delay fires after 1 ms (24.8 days). */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, run, keepAlive = true) {
    const startedMs = performance.now();
    let handle: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const last = leftMs <= LONGEST_TIMER_MS;
      const later = () => arm(delayMs - (performance.now() - startedMs));
      handle = setTimeout(last ? run : later, last ? leftMs : LONGEST_TIMER_MS);
      if (!keepAlive) handle.unref();
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};
