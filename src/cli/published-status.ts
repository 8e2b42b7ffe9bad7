import { systemClock } from '../base/clock.js';
import { StatusFile, type StatusRecord } from '../daemon/status-file.js';
import { maskText } from '../observe/mask.js';
import type { RunLogger } from '../observe/pino-logger.js';
import { type HealthFacts, type HealthState, type Verdict, verdictOf } from '../transfer/verdict.js';

const STATES: readonly HealthState[] = ['moving', 'idle', 'stuck', 'stopping'];

/** What a run says of itself: the verdict first, then what it was made of. Nothing in it is a secret: anybody may read it. */
export function statusPayload(facts: HealthFacts): Verdict & Readonly<Record<string, unknown>> {
  const { state, reason } = verdictOf(facts);
  const ends = facts.ends.map(({ lastError, ...end }) => ({
    ...end,
    ...(lastError && { lastError: { ...lastError, message: maskText(lastError.message) } }),
  }));
  return { ...facts, state, reason: maskText(reason), full: facts.full.map((line) => maskText(line)), ends };
}

/** Publishes the verdict on the run each second beside its pidfile. */
export function publishStatus(
  pidfile: string,
  payload: () => Readonly<Record<string, unknown>>,
  logger: RunLogger,
): StatusFile {
  const file = new StatusFile(pidfile, systemClock, ({ message, code }) => {
    logger.warn('status-unwritable', message, { code });
  });
  file.start(payload);
  return file;
}

/** The verdict in a status file; undefined: another version's. */
export function publishedVerdict(record: StatusRecord): Verdict | undefined {
  const { state, reason } = record;
  const known = STATES.find((each) => each === state);
  return known === undefined || typeof reason !== 'string' ? undefined : { state: known, reason };
}
