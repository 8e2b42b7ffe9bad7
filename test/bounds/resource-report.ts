/**
 * Preloaded into the process under test (`NODE_OPTIONS=--import=…`): at each SIGUSR2 appends a line of JSON to the file
 * `STOMPCTL_TEST_RESOURCES`: what keeps the event loop busy, listeners of the process, descriptors, and the heap after
 * a collection.
 */
import { appendFileSync, readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

export interface Resources {
  readonly active: Readonly<Record<string, number>>;
  readonly listeners: number;
  readonly descriptors: number;
  readonly heapMiB: number;
}

const file = process.env.STOMPCTL_TEST_RESOURCES;

function report(collect: () => void): Resources {
  collect();
  const active: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) active[name] = (active[name] ?? 0) + 1;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  const descriptors = readdirSync('/proc/self/fd').length;
  return { active, listeners, descriptors, heapMiB: process.memoryUsage().heapUsed / 2 ** 20 };
}

if (isMainThread && file !== undefined) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  process.on('SIGUSR2', () => appendFileSync(file, `${JSON.stringify(report(collect))}\n`));
}
