import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Registers the tests of all files of a folder in this process, where they run one after another: what a process and its
 * imports cost is paid once, not once a file. For files that leave nothing behind in the process.
 * Of a folder whose tests take long, two processes take a share each: `share` 1 of 2, and 2 of 2.
 */
export async function registerFolder(folder: string, share = 1, shares = 1): Promise<void> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.test.js'));
  for (const name of ofShare(names, share, shares)) await import(pathToFileURL(join(folder, name)).href);
}

/** Each name is in one share: they are dealt out to and fro, so that neighbours, which are often alike, are apart. */
export function ofShare(names: readonly string[], share: number, shares: number): string[] {
  const dealt = (index: number) => Math.min(index % (2 * shares), 2 * shares - 1 - (index % (2 * shares)));
  return names.toSorted().filter((_, index) => dealt(index) === share - 1);
}
