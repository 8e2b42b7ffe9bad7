import { systemFiles } from '../../base/file-system.js';
import { recoverJournals } from '../../dirq/journal/journal-recovery.js';
import { startProgress } from '../command-line/progress.js';
import { OpenQueue } from './open-queue.js';
import type { QueueContext } from './queue-context.js';
import { stoppedText, sweptExitCode } from './sweep.js';

const MAX_TEMP = 300;
const MAX_LOCK = 600;

/** `stompctl queue purge`: what a run does every five minutes, now. */
export async function purge({ args, output, signals }: QueueContext): Promise<number> {
  const maxTemp = args.number('maxtemp') ?? MAX_TEMP;
  const maxLock = args.number('maxlock') ?? MAX_LOCK;
  const queue = new OpenQueue(args.path, args.type(), true);
  // what is in hand is finished
  signals.onStop(() => undefined);
  const recovered = queue.attempt('recover', '', () =>
    recoverJournals(queue.path, systemFiles, queue.kind.elements, { maxLock }),
  );
  const total = process.stderr.isTTY ? queue.directory.folders().length : 0;
  let folders = 0;
  const progress = await startProgress({
    total,
    done: () => Math.min(folders, total),
    label: 'purged',
    unit: 'folders',
    stream: process.stderr,
  });
  // asked once a folder
  const stopped = (): boolean => {
    folders += 1;
    return signals.stopped !== undefined;
  };
  const report = await queue.kind.purge({ maxTemp, maxLock, stopped }).finally(() => progress.stop());
  const stop = signals.stopped;
  const locks = report.locks + recovered.locks;
  const parts = [
    `${report.temporary} temporary ${report.temporary === 1 ? 'element' : 'elements'}`,
    `${locks} ${locks === 1 ? 'lock' : 'locks'}`,
    `${report.folders} empty ${report.folders === 1 ? 'folder' : 'folders'}`,
  ];
  await output.write(`removed ${parts.join(', ')}${stoppedText(stop)}\n`);
  return sweptExitCode({ failed: 0, stopped: stop });
}
