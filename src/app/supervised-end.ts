import { groupState, type MemberParts } from '../members/member-group.js';
import { outputsState } from '../outputs/outputs-state.js';
import { type ReconnectPolicy, Supervisor } from '../transfer/supervisor.js';
import type { BrokerEndContext, MadeEnd } from './broker-end.js';

/** Who keeps an end open, alone or as one of several, and what is told of it. */
export function supervisedParts(
  { group, allNeeded = false, allRefused, secretsChanged, session }: MadeEnd<unknown>,
  policy: ReconnectPolicy,
  { clock, logger }: Pick<BrokerEndContext, 'clock' | 'logger'>,
): MemberParts {
  const ofGroup = group && { givenUp: () => group.givenUp };
  const supervisor = new Supervisor({ ...policy, ...(allRefused && { allRefused }), ...ofGroup, clock, logger });
  const stateOf = allNeeded ? outputsState : groupState;
  return {
    supervisor,
    state: () => (group === undefined ? supervisor.state : stateOf(supervisor.state, group.facts())),
    waitingFor: () => [...[supervisor.waitingFor ?? []].flat(), ...(group?.waitingFor() ?? [])],
    configure: (other) => {
      supervisor.configure(other);
      group?.configure(other);
    },
    session: session ?? (() => undefined),
    secretsChanged: secretsChanged ?? (async () => false),
  };
}
