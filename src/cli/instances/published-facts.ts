import type { StatusRecord } from '../../daemon/status-file.js';
import type { HealthState, Verdict } from '../../transfer/verdict.js';

const STATES: readonly HealthState[] = ['moving', 'idle', 'stuck', 'stopping'];

/** The verdict in a status file; undefined: another version's. */
export function publishedVerdict(record: StatusRecord): Verdict | undefined {
  const { state, reason } = record;
  const known = STATES.find((each) => each === state);
  return known === undefined || typeof reason !== 'string' ? undefined : { state: known, reason };
}

/** What is published of one of several transfers of a process; `facts` is a record as that of a process with one transfer. */
export interface PublishedTransfer {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The transfers in the record of a process that runs several; undefined: it is not such a one. */
export function publishedTransfers(record: unknown): PublishedTransfer[] | undefined {
  const transfers = publishedValue(record, 'transfers');
  if (!Array.isArray(transfers)) return undefined;
  return transfers.flatMap((transfer: unknown) => {
    const [name, state, reason] = ['name', 'state', 'reason'].map((key) => publishedValue(transfer, key));
    if (typeof name !== 'string' || typeof state !== 'string' || typeof reason !== 'string') return [];
    return { name, state, reason, facts: { ...Object(transfer) } };
  });
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
