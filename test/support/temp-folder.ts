import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What `node:test` hands to a test or a suite, as far as clean-up goes. */
export interface Cleaning {
  after(run: () => Promise<void>): void;
}

const WORK = new WeakMap<Cleaning, (() => Promise<unknown>)[]>();

/**
 * Cleans up when the test ends, what came last first, so that processes end before their folder goes. `node:test` itself
 * begins with the first, and leaves out the rest once one of them fails.
 */
export function atEnd(test: Cleaning, clean: () => Promise<unknown>): void {
  const known = WORK.get(test);
  if (known !== undefined) {
    known.push(clean);
    return;
  }
  const work = [clean];
  WORK.set(test, work);
  test.after(async () => {
    const failures: unknown[] = [];
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      await next().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, `clean-up failed: ${failures.join('; ')}`);
  });
}

/** Makes an empty folder for one test, removed when the test ends. Resolves to its absolute path. */
export async function tempFolder(test: Cleaning): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stompctl-'));
  atEnd(test, () => rm(folder, { recursive: true, force: true }));
  return folder;
}
