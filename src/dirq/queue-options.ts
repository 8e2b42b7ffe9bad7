import { StompctlError } from '../base/errors.js';

export interface QueueOptions {
  readonly path: string;
  /** what new files and folders must not permit; the process's own when not given */
  readonly umask?: number | undefined;
  /** seconds that one intermediate folder covers; 60 */
  readonly granularity?: number | undefined;
  /** the last digit of element names, 0 to 15; random when not given */
  readonly rndhex?: number | undefined;
  /** seconds after which a purge takes a lock away; 600; 0: never */
  readonly maxLock?: number | undefined;
  /** seconds after which a purge removes a temporary file; 300; 0: never */
  readonly maxTemp?: number | undefined;
}

export type ResolvedQueueOptions = {
  readonly [Name in 'path' | 'granularity' | 'maxLock' | 'maxTemp']: NonNullable<QueueOptions[Name]>;
} & Pick<QueueOptions, 'umask' | 'rndhex'>;

/** Fills in the defaults. Throws QUEUE_INVALID for a number that is no number of its kind. */
export function resolveQueueOptions(options: QueueOptions): ResolvedQueueOptions {
  const { path, umask, rndhex, granularity = 60, maxLock = 600, maxTemp = 300 } = options;
  if (path === '') throw invalid(path, 'path is empty: name a directory');
  const numbers = { umask, rndhex, granularity, maxLock, maxTemp };
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 0))
      throw invalid(path, `${name} is not a number >= 0`);
  }
  if (rndhex !== undefined && rndhex > 15) throw invalid(path, 'rndhex is over 15');
  if (umask !== undefined && umask > 0o777) throw invalid(path, 'umask is over 0777');
  return { path: path.length > 1 ? path.replace(/\/+$/, '') : path, umask, rndhex, granularity, maxLock, maxTemp };
}

function invalid(path: string, reason: string): StompctlError {
  return new StompctlError('QUEUE_INVALID', 'queue', path, reason);
}
