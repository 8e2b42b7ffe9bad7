import type { ChildProcess } from 'node:child_process';
import { errnoOf, reasonOf, unreachable } from '../base/errors.js';

/** How a command ended. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly code: number; readonly leftBehind: boolean }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'too-much' }
  | { readonly kind: 'called-off' }
  | { readonly kind: 'not-started'; readonly errno: string | undefined; readonly reason: string };

/** Resolves when the first process of the group has ended, whoever still holds its pipes. */
export function endOf(child: ChildProcess): Promise<CommandEnd> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(notStarted(error)));
    child.once('exit', (code, signal) => {
      if (code !== null) resolve({ kind: 'exited', code, leftBehind: false });
      else resolve({ kind: 'signalled', signal: signal ?? 'an unknown signal' });
    });
  });
}

/** Of what `spawn` threw, or told. */
export function notStarted(error: unknown): CommandEnd {
  return { kind: 'not-started', errno: errnoOf(error), reason: reasonOf(error) };
}

/** For error texts: `exit code 3`. */
export function howItEnded(end: CommandEnd): string {
  switch (end.kind) {
    case 'exited':
      return `exit code ${end.code}`;
    case 'signalled':
      return `ended by ${end.signal}`;
    case 'timed-out':
      return 'not done in time, and was ended';
    case 'too-much':
    case 'called-off':
    case 'not-started':
      return end.kind;
    default:
      return unreachable(end);
  }
}
