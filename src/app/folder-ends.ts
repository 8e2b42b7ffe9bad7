import type { IncomingFolderSettings, OutgoingFolderSettings, Settings } from '../config/settings.js';
import type { DeadLetters } from '../flow/dead-letters.js';
import type { SourceEvents } from '../flow/source.js';
import { FolderSink } from '../sinks/folder/folder-sink.js';
import { FolderSource } from '../sources/folder/folder-source.js';
import type { QueueContext } from './queue-ends.js';

/** A source that takes the files of a folder, with its events logged. */
export function folderSource(
  folder: IncomingFolderSettings,
  { loop, maxMessageSize, sync, window }: Settings,
  { clock, logger }: QueueContext,
  events: SourceEvents,
  deadLetters: DeadLetters | undefined,
): FolderSource {
  const end = `folder ${folder.path}`;
  return new FolderSource({
    ...folder,
    loop,
    maxMessageSize,
    window,
    sync: sync !== 'none',
    clock,
    deadLetters,
    events: {
      ...events,
      trouble: (event, text) => logger.warn(event, text, { end }),
      recovered: (files) =>
        logger.info('recovered', `gave back ${files} files that were claimed, and not sent in the end`, { end, files }),
    },
  });
}

export function folderSink(folder: OutgoingFolderSettings, { sync }: Settings): FolderSink {
  return new FolderSink({ ...folder, sync: sync !== 'none' });
}
