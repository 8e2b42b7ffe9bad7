import { createContext, Script } from 'node:vm';

const SCRIPT = new Script('work()');
const GLOBAL: { work: () => void } = { work: () => undefined };
const CONTEXT = createContext(GLOBAL);

/**
 * Runs `work` to its end, or stops it after `timeoutMs` (whole milliseconds, at least 1): answers whether it came to its end.
 * Unlike any timer this stops a regular expression, too. It may be stopped between any two of its steps, and `finally` does not
 * run then. Costs 0.15 ms a call.
 */
export function runWithin(timeoutMs: number, work: () => void): boolean {
  GLOBAL.work = work;
  try {
    SCRIPT.runInContext(CONTEXT, { timeout: timeoutMs });
    return true;
  } catch (error) {
    if (isTimeout(error)) return false;
    throw error;
  } finally {
    GLOBAL.work = () => undefined;
  }
}

/** The error belongs to the other context: it is no instance of our Error. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
