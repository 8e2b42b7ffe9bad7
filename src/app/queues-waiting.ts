import type { Clock } from '../base/clock.js';
import { inputsOf, type QueueSettings, type Settings } from '../config/settings.js';
import { QueueBacklog } from '../sources/queue/backlog.js';
import type { HealthFacts, QueueFacts } from '../transfer/verdict.js';

/** What waits in the incoming and in the failure queue, as of the last count. */
export function queuesWaiting(settings: Settings, clock: Clock): () => Pick<HealthFacts, 'backlog' | 'failures'> {
  const backlogs = incomingBacklogs(settings, clock);
  const failures = settings.failureQueue && backlogOf(settings.failureQueue, clock);
  return () => ({
    backlog: sumOf(backlogs.flatMap((backlog) => backlog.sample() ?? [])),
    failures: failures?.sample(),
  });
}

/** Of a queue that is only browsed everything stays: its number says nothing. */
function incomingBacklogs(settings: Settings, clock: Clock): QueueBacklog[] {
  if (!settings.remove) return [];
  return inputsOf(settings).flatMap((source) =>
    source.kind === 'queue' ? (backlogOf(source.queue, clock) ?? []) : [],
  );
}

/** What waits in all of them; undefined: nothing is known. */
function sumOf(waiting: readonly QueueFacts[]): QueueFacts | undefined {
  if (waiting.length === 0) return undefined;
  const ages = waiting.flatMap(({ oldestMs }) => oldestMs ?? []);
  return {
    elements: waiting.reduce((sum, { elements }) => sum + elements, 0),
    oldestMs: ages.length === 0 ? undefined : Math.max(...ages),
  };
}

function backlogOf({ path, type }: QueueSettings, clock: Clock): QueueBacklog | undefined {
  return type === 'NULL' ? undefined : new QueueBacklog(path, type, clock);
}
