import { maskText } from '../../observe/mask.js';
import { type EndFacts, type HealthFacts, type Verdict, verdictOf } from '../../transfer/verdict.js';

/** What a run says of itself: the verdict first, then what it was made of. Nothing in it is a secret: anybody may read it. */
export function statusPayload(facts: HealthFacts): Verdict & Readonly<Record<string, unknown>> {
  const { state, reason } = verdictOf(facts);
  const ends = facts.ends.map(({ members, ...end }) => ({
    ...masked(end),
    ...(members && { members: members.map(masked) }),
  }));
  // reasons to drop are the callback's words: the log has them, and who may see the metrics
  const { droppedBy: _, ...counted } = facts.counted ?? {};
  const full = facts.full.map((line) => maskText(line));
  return { ...facts, state, reason: maskText(reason), full, ends, ...(facts.counted && { counted }) };
}

function masked<End extends Pick<EndFacts, 'lastError'>>(end: End): End {
  const { lastError } = end;
  return lastError === undefined ? end : { ...end, lastError: { ...lastError, message: maskText(lastError.message) } };
}
