import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What `node:test` hands to a test or a suite, as far as clean-up goes. */
export interface Cleaning {
  after(run: () => Promise<void>): void;
}

/** Makes an empty folder for one test, removed when the test ends. Resolves to its absolute path. */
export async function tempFolder(test: Cleaning): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stompctl-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
