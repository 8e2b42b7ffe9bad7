import type { Readable } from 'node:stream';
import type { Signals } from '../../daemon/signals.js';
import type { Output } from './output.js';
import type { QueueArguments } from './queue-arguments.js';
import type { RetryPath } from './retry-path.js';

/** What a sub-command of `stompctl queue` has to work with. */
export interface QueueContext {
  readonly args: QueueArguments;
  readonly output: Output;
  /** One line on standard error, for what does not end the command. */
  readonly complain: (text: string) => void;
  readonly input: () => Readable;
  readonly signals: Signals;
  /** Opens the way that this configuration has for messages: its rules and callback, then its destination. */
  readonly openPath: (config: string) => Promise<RetryPath>;
}
