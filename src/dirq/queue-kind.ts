import { ElementNames } from './element-name.js';
import type { QueueKind } from './element-store.js';
import { NormalElements, OBSOLETE_FOLDER, TEMPORARY_FOLDER } from './normal-elements.js';
import { purgeNormal } from './normal-purge.js';
import { NormalWriter } from './normal-writer.js';
import type { QueueDirectory } from './queue-directory.js';
import type { QueueType, ResolvedQueueOptions } from './queue-options.js';
import { SimpleElements } from './simple-elements.js';
import { purgeSimple } from './simple-purge.js';
import { SimpleWriter } from './simple-writer.js';

/** What is different between the types of queues, as one object. */
export function queueKind(directory: QueueDirectory, options: ResolvedQueueOptions): QueueKind {
  return options.type === 'DQS' ? simpleKind(directory, options) : normalKind(directory, options);
}

export function simpleKind(
  directory: QueueDirectory,
  options: ResolvedQueueOptions,
): QueueKind<SimpleElements, SimpleWriter> {
  return {
    elements: new SimpleElements(directory, options.format, options.rawText),
    writer: new SimpleWriter(directory, new ElementNames(options.granularity, options.rndhex), options),
    purge: (purge) => purgeSimple(directory, purge),
  };
}

export function normalKind(
  directory: QueueDirectory,
  options: ResolvedQueueOptions,
): QueueKind<NormalElements, NormalWriter> {
  const names = new ElementNames(options.granularity, options.rndhex);
  const elements = new NormalElements(directory, names, options.fields);
  return {
    elements,
    writer: new NormalWriter(directory, elements, names, options),
    purge: (purge) => purgeNormal(directory, elements, purge),
  };
}

/** The folders that a queue of this type has besides the intermediate ones. */
export function foldersOf(type: QueueType): readonly string[] {
  return type === 'DQS' ? [] : [TEMPORARY_FOLDER, OBSOLETE_FOLDER];
}
