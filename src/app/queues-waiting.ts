import type { Clock } from '../base/clock.js';
import { unreachable } from '../base/errors.js';
import type { QueueSettings, Settings } from '../config/settings.js';
import { QueueBacklog } from '../sources/queue/backlog.js';
import type { HealthFacts } from '../transfer/verdict.js';

/** What waits in the incoming and in the failure queue, as of the last count. */
export function queuesWaiting(settings: Settings, clock: Clock): () => Pick<HealthFacts, 'backlog' | 'failures'> {
  const backlog = incomingBacklog(settings, clock);
  const failures = settings.failureQueue && backlogOf(settings.failureQueue, clock);
  return () => ({ backlog: backlog?.sample(), failures: failures?.sample() });
}

/** Of a queue that is only browsed everything stays: its number says nothing. */
function incomingBacklog({ source, remove }: Settings, clock: Clock): QueueBacklog | undefined {
  switch (source.kind) {
    case 'queue':
      return remove ? backlogOf(source.queue, clock) : undefined;
    case 'folder':
    case 'command':
    case 'broker':
      return undefined;
    default:
      return unreachable(source);
  }
}

function backlogOf({ path, type }: QueueSettings, clock: Clock): QueueBacklog | undefined {
  return type === 'NULL' ? undefined : new QueueBacklog(path, type, clock);
}
