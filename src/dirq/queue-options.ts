import { StompctlError } from '../base/errors.js';
import type { Compression } from '../message/json.js';
import { MESSAGE_FIELDS, type MessageFields } from './fields/schema.js';

/** DQS: one file an element; DQN: one folder an element */
export type QueueType = 'DQS' | 'DQN';

/** DQS: an element is a message, headers and body, as JSON; or the body alone */
export type ElementFormat = 'message' | 'raw';

/** What survives a power loss: each batch once it is safe or gone, each message, or what the system happened to write. */
export type SyncMode = 'batch' | 'message' | 'none';

export interface QueueOptions {
  readonly path: string;
  /** DQS */
  readonly type?: QueueType | undefined;
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
  /** DQN: elements that an intermediate folder holds; 16,000 */
  readonly maxElts?: number | undefined;
  /** DQS: how bodies are compressed when messages are added; not at all when not given */
  readonly compression?: Compression | undefined;
  /** DQS: `message` */
  readonly format?: ElementFormat | undefined;
  /** DQS, raw: a body that is UTF-8 is text; not so when not given */
  readonly rawText?: boolean | undefined;
  /** DQN: the files of an element, and what they hold; by default those of Perl's and Python's messages */
  readonly fields?: MessageFields | undefined;
}

export type ResolvedQueueOptions = {
  readonly [Name in
    | 'path'
    | 'type'
    | 'granularity'
    | 'maxLock'
    | 'maxTemp'
    | 'maxElts'
    | 'format'
    | 'rawText'
    | 'fields']: NonNullable<QueueOptions[Name]>;
} & Pick<QueueOptions, 'umask' | 'rndhex' | 'compression'>;

/** Fills in the defaults. Throws QUEUE_INVALID for a number that is no number of its kind. */
export function resolveQueueOptions(options: QueueOptions): ResolvedQueueOptions {
  const { path, umask, rndhex, granularity = 60, maxLock = 600, maxTemp = 300 } = options;
  const { type = 'DQS', maxElts = 16_000, compression } = options;
  const { format = 'message', rawText = false, fields = MESSAGE_FIELDS } = options;
  if (path === '') throw invalid(path, 'path is empty: name a directory');
  const numbers = { umask, rndhex, granularity, maxLock, maxTemp, maxElts };
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 0))
      throw invalid(path, `${name} is not a number >= 0`);
  }
  if (rndhex !== undefined && rndhex > 15) throw invalid(path, 'rndhex is over 15');
  if (umask !== undefined && umask > 0o777) throw invalid(path, 'umask is over 0777');
  if (maxElts === 0) throw invalid(path, 'maxelts is 0');
  const plainPath = path.replace(/(?<=.)\/+$/, '');
  const times = { granularity, maxLock, maxTemp, maxElts };
  return { path: plainPath, type, umask, rndhex, ...times, compression, format, rawText, fields };
}

function invalid(path: string, reason: string): StompctlError {
  return new StompctlError('QUEUE_INVALID', 'queue', path, reason);
}
