import { basename, dirname } from 'node:path';

/** of the files that took longest, how many are shown */
const SHOWN = 30;

/** What node:test tells of a test that ended, as far as it is needed here. */
interface EndedTest {
  readonly type: string;
  readonly data?: {
    readonly name?: string;
    readonly nesting?: number;
    readonly file?: string;
    readonly details?: { readonly duration_ms?: number };
  };
}

/** A reporter of node:test: which files take longest, and the names of tests that fail. */
export default async function* slowestFiles(events: AsyncIterable<EndedTest>): AsyncGenerator<string> {
  const seconds = new Map<string, number>();
  for await (const event of events) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { name, nesting, file, details } = event.data ?? {};
    // a file as a whole is told too, when it fails; what is in a suite is counted with the suite
    if (nesting !== 0 || file === undefined || name === file) continue;
    const place = `${basename(dirname(file))}/${basename(file)}`;
    if (event.type === 'test:fail') yield `failed: ${place}: ${name}\n`;
    seconds.set(place, (seconds.get(place) ?? 0) + (details?.duration_ms ?? 0) / 1000);
  }
  const slowest = [...seconds].sort(([, left], [, right]) => right - left);
  const total = slowest.reduce((sum, [, spent]) => sum + spent, 0);
  for (const [place, spent] of slowest.slice(0, SHOWN)) yield `${spent.toFixed(1).padStart(8)} s  ${place}\n`;
  yield `${total.toFixed(1).padStart(8)} s  in ${seconds.size} files, one after another\n`;
}
