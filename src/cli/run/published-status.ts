import { systemClock } from '../../base/clock.js';
import { StatusFile } from '../../daemon/status-file.js';
import { maskText } from '../../observe/mask.js';
import type { RunLogger } from '../../observe/pino-logger.js';
import { type HealthFacts, type Verdict, verdictOf } from '../../transfer/verdict.js';

/** What a run says of itself: the verdict first, then what it was made of. Nothing in it is a secret: anybody may read it. */
export function statusPayload(facts: HealthFacts): Verdict & Readonly<Record<string, unknown>> {
  const { state, reason } = verdictOf(facts);
  const ends = facts.ends.map(({ lastError, ...end }) => ({
    ...end,
    ...(lastError && { lastError: { ...lastError, message: maskText(lastError.message) } }),
  }));
  // reasons to drop are the callback's words: the log has them, and who may see the metrics
  const { droppedBy: _, ...counted } = facts.counted ?? {};
  const full = facts.full.map((line) => maskText(line));
  return { ...facts, state, reason: maskText(reason), full, ends, ...(facts.counted && { counted }) };
}

/** Where the verdict on the run is published, beside its pidfile. */
export function statusFileOf(pidfile: string, logger: RunLogger): StatusFile {
  return new StatusFile(pidfile, systemClock, ({ message, code }) => {
    logger.warn('status-unwritable', message, { code });
  });
}
