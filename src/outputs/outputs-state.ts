import { groupState } from '../members/member-group.js';
import type { EndState } from '../transfer/supervisor.js';
import type { MemberFacts } from '../transfer/verdict.js';

/** What outputs say of themselves as one end that are all needed: it is as the one that has been away for longest. */
export function outputsState(own: EndState, outputs: readonly MemberFacts[]): EndState {
  const state = groupState(own, outputs);
  const away = outputs.filter(({ phase }) => phase === 'opening' || phase === 'waiting');
  const [first, ...others] = away;
  if (first === undefined || state.phase !== 'open') return state;
  const { phase, attempt, awayMs, nextTryMs, lastError } = others.reduce(
    (worst, output) => ((output.awayMs ?? 0) > (worst.awayMs ?? 0) ? output : worst),
    first,
  );
  return { ...state, phase, attempt, awayMs, nextTryMs, lastError };
}
