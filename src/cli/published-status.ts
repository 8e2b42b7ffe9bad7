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
  // reasons to drop are the callback's words: the log has them, and who may see the metrics
  const { droppedBy: _, ...counted } = facts.counted ?? {};
  const full = facts.full.map((line) => maskText(line));
  return { ...facts, state, reason: maskText(reason), full, ends, ...(facts.counted && { counted }) };
}

/** Publishes the verdict on the run each second beside its pidfile. */
export function publishStatus(pidfile: string, health: () => HealthFacts, logger: RunLogger): StatusFile {
  const file = new StatusFile(pidfile, systemClock, ({ message, code }) => {
    logger.warn('status-unwritable', message, { code });
  });
  file.start(() => statusPayload(health()));
  return file;
}

/** The verdict in a status file; undefined: another version's. */
export function publishedVerdict(record: StatusRecord): Verdict | undefined {
  const { state, reason } = record;
  const known = STATES.find((each) => each === state);
  return known === undefined || typeof reason !== 'string' ? undefined : { state: known, reason };
}

/** A number that a record has at this place; undefined: it has none there, as of another version. */
export function publishedNumber(record: unknown, ...path: readonly string[]): number | undefined {
  const value = publishedValue(record, ...path);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function publishedValue(record: unknown, ...path: readonly string[]): unknown {
  let value = record;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = new Map<string, unknown>(Object.entries(value)).get(name);
  }
  return value;
}

/** One end, as the record of a run has it. */
export interface PublishedEnd {
  readonly role: string;
  readonly name: string;
  readonly phase: string;
  readonly awayMs: number | undefined;
  readonly attempt: number | undefined;
  readonly nextTryMs: number | undefined;
  readonly lastError: { readonly message: string; readonly agoMs: number } | undefined;
}

/** The ends in a record; what another version wrote there is left out. */
export function publishedEnds(record: unknown): PublishedEnd[] {
  const ends = publishedValue(record, 'ends');
  if (!Array.isArray(ends)) return [];
  return ends.flatMap((end: unknown) => {
    const [role, name, phase] = ['role', 'name', 'phase'].map((key) => publishedValue(end, key));
    if (typeof role !== 'string' || typeof name !== 'string' || typeof phase !== 'string') return [];
    const message = publishedValue(end, 'lastError', 'message');
    const agoMs = publishedNumber(end, 'lastError', 'agoMs');
    return {
      role,
      name,
      phase,
      awayMs: publishedNumber(end, 'awayMs'),
      attempt: publishedNumber(end, 'attempt'),
      nextTryMs: publishedNumber(end, 'nextTryMs'),
      lastError: typeof message === 'string' && agoMs !== undefined ? { message, agoMs } : undefined,
    };
  });
}
