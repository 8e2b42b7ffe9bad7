import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DirectoryQueue } from '../../src/dirq/directory-queue.js';
import { NormalQueue } from '../../src/dirq/normal-queue.js';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';

/** What a test must know of a type of queue to look at it from outside. */
export interface QueueType {
  readonly type: 'DQS' | 'DQN';
  open(path: string): DirectoryQueue;
  /** what makes the lock of an element */
  lockOf(path: string, name: string): string;
  /** makes an element undecodable, or readable with the body `good` */
  spoil(path: string, name: string): void;
  repair(path: string, name: string): void;
}

export const QUEUE_TYPES: readonly QueueType[] = [
  {
    type: 'DQS',
    open: (path) => new SimpleQueue({ path }),
    lockOf: (path, name) => join(path, `${name}.lck`),
    spoil: (path, name) => writeFileSync(join(path, name), '{"body":'),
    repair: (path, name) => writeFileSync(join(path, name), '{"body":"good"}'),
  },
  {
    type: 'DQN',
    open: (path) => new NormalQueue({ path }),
    lockOf: (path, name) => join(path, name, 'locked'),
    spoil: (path, name) => writeFileSync(join(path, name, 'header'), 'no tab, no table'),
    repair: (path, name) => {
      writeFileSync(join(path, name, 'header'), 'a\tb\n');
      writeFileSync(join(path, name, 'text'), 'good');
    },
  },
];

export function isLocked(queue: QueueType, path: string, name: string): boolean {
  return existsSync(queue.lockOf(path, name));
}

/** Makes an element, and its lock, as old as that. */
export function age(path: string, name: string, seconds: number): void {
  const time = Date.now() / 1000 - seconds;
  utimesSync(join(path, name), time, time);
}

export function ageSecondsOf(path: string, name: string): number {
  return (Date.now() - statSync(join(path, name)).mtimeMs) / 1000;
}

/** Everything in a queue that is neither an unlocked element nor a folder that belongs there, relative to the queue. */
export function remains(path: string): string[] {
  const all = readdirSync(path, { recursive: true, encoding: 'utf8' });
  const usual = /^(?:[0-9a-f]{8}|temporary|obsolete|[0-9a-f]{8}\/[0-9a-f]{14}(?:\/(?:header|text|binary))?)$/;
  return all.filter((name) => !usual.test(name)).sort();
}

export async function namesOf(queue: DirectoryQueue): Promise<string[]> {
  const names: string[] = [];
  for await (const name of queue) names.push(name);
  return names;
}
