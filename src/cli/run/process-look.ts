import type { ServiceLook } from '../../daemon/service-reports.js';
import { maskText } from '../../observe/mask.js';
import { type HealthFacts, type HealthState, type Verdict, verdictOf } from '../../transfer/verdict.js';
import { statusPayload } from './published-status.js';
import { serviceLook } from './service-manager.js';

/** How one of several transfers is. */
export interface TransferLook {
  readonly name: string;
  /** its configuration */
  readonly file: string;
  /** undefined: it does not run */
  readonly facts: HealthFacts | undefined;
  /** how it ended, or why it did not start; undefined: it has not ended */
  readonly end: { readonly code: number; readonly text: string } | undefined;
}

/** How a process with several transfers is. */
export interface ProcessLook {
  /** it is being ended */
  readonly stopping: boolean;
  /** sorted by name */
  readonly transfers: readonly TransferLook[];
}

/** What a transfer can be: a run's verdict; `starting`; `ended` well; or `failed`: it does not run, though it should. */
export type TransferState = HealthState | 'starting' | 'ended' | 'failed';

/** So many reasons stand in the one of the process. */
const MOST_TOLD = 5;

export function transferVerdict({ facts, end }: TransferLook): {
  readonly state: TransferState;
  readonly reason: string;
} {
  if (end !== undefined) return { state: end.code === 0 ? 'ended' : 'failed', reason: maskText(end.text) };
  if (facts === undefined) return { state: 'starting', reason: 'its configuration is read, its ends are made' };
  const { state, reason } = verdictOf(facts);
  return { state, reason: maskText(reason) };
}

/** The worst of its transfers is how the process is; which ones, stands in the reason. */
export function processVerdict({ stopping, transfers }: ProcessLook): Verdict {
  const verdicts = transfers.map((look) => ({ name: look.name, ...transferVerdict(look) }));
  const counts = new Map<TransferState, number>();
  for (const { state } of verdicts) counts.set(state, (counts.get(state) ?? 0) + 1);
  const numbers = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  const trouble = verdicts.filter(({ state }) => state === 'stuck' || state === 'failed');
  const told = trouble
    .slice(0, MOST_TOLD)
    .map(({ name, state, reason }) => `${name} ${state === 'failed' ? 'does not run' : 'is stuck'}: ${reason}`);
  const more = trouble.length > MOST_TOLD ? [`and ${trouble.length - MOST_TOLD} more`] : [];
  const reason = [`${transfers.length} transfers: ${numbers}`, ...told, ...more].join('; ');
  if (stopping) return { state: 'stopping', reason };
  if (trouble.length > 0) return { state: 'stuck', reason };
  return { state: counts.has('moving') ? 'moving' : 'idle', reason };
}

/** What a process with several transfers says of itself. Nothing in it is a secret. */
export function processPayload(
  look: ProcessLook,
  /** what stands between source and sink of a transfer, in words */
  processorOf: (transfer: string) => string | undefined = () => undefined,
): Verdict & Readonly<Record<string, unknown>> {
  const transfers = look.transfers.map((transfer) => {
    const { name, file, facts, end } = transfer;
    return {
      ...{ name, file, processor: processorOf(name) },
      ...(facts === undefined || end !== undefined ? {} : statusPayload(facts)),
      ...transferVerdict(transfer),
      ...(end && { exitCode: end.code }),
    };
  });
  return { ...processVerdict(look), transfers };
}

/**
 * Ready once each transfer has opened its ends, or has found out that it cannot for now: one whose broker is away keeps nobody from
 * being started. Signs of life stop only when every transfer is stuck: to start the process anew disturbs all of them.
 */
export function processServiceLook(look: ProcessLook): ServiceLook {
  const running = look.transfers.flatMap(({ facts, end }) => (facts === undefined || end !== undefined ? [] : facts));
  const { state, reason } = processVerdict(look);
  return {
    ready: look.transfers.every(({ facts, end }) => end !== undefined || (facts !== undefined && hasBegun(facts))),
    healthy: running.length === 0 || running.some((facts) => serviceLook(facts).healthy),
    stopping: look.stopping,
    state,
    text: `${state}: ${reason}`,
  };
}

function hasBegun(facts: HealthFacts): boolean {
  return serviceLook(facts).ready || facts.ends.some(({ phase }) => phase === 'waiting');
}
