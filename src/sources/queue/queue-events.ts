import type { StompctlError } from '../../base/errors.js';
import type { PurgeReport } from '../../dirq/purge.js';
import type { SourceEvents } from '../../flow/source.js';

/** What a queue tells besides: all optional, called synchronously, must not throw. */
export interface QueueEvents extends SourceEvents {
  /** the folder was not there and is being made */
  made?(): void;
  /** so many plain files lie where only folders of a queue belong, told once: they are left alone */
  strangers?(count: number): void;
  /** an empty file that a crash left was removed */
  leftoverRemoved?(name: string): void;
  /** an empty file was passed over, told once: somebody may be writing it, or `maxtemp` is 0 */
  leftoverKept?(name: string): void;
  /** locks of processes that died were removed at once, thanks to their journals */
  recovered?(locks: number, journals: number): void;
  purged?(report: PurgeReport): void;
  purgeFailed?(error: StompctlError): void;
}
