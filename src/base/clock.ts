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

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, run, keepAlive = true) {
    const handle = setTimeout(run, delayMs);
    if (!keepAlive) handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};
