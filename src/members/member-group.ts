import type { Clock } from '../base/clock.js';
import type { StompctlError } from '../base/errors.js';
import type { EndState, ReconnectPolicy, Supervisor } from '../transfer/supervisor.js';
import type { MemberFacts, SessionFacts } from '../transfer/verdict.js';

/** An end that stands for several: brokers behind a name, inputs, outputs. */
export interface MemberGroup {
  /** has every member been given up? Then no attempt will help */
  readonly givenUp: boolean;
  facts(): MemberFacts[];
  /** what is waited for now, a line each */
  waitingFor(): string[];
  /** Another policy of reconnecting, for all members. */
  configure(policy: ReconnectPolicy): void;
  /** Would the next session of a member log in otherwise than its last one did? */
  secretsChanged(): Promise<boolean>;
}

/** What a member has besides its source or sink. */
export interface MemberParts {
  readonly supervisor: Supervisor;
  readonly state: () => EndState;
  /** what is waited for now, a line each */
  readonly waitingFor: () => readonly string[];
  /** Another policy of reconnecting from the next attempt on. */
  readonly configure: (policy: ReconnectPolicy) => void;
  readonly session: () => SessionFacts | undefined;
  readonly secretsChanged: () => Promise<boolean>;
}

/** How long a member that has left is waited for. */
export interface DrainLimits {
  /** the longest until all is settled that is under way */
  readonly lingerMs: number;
  /** the longest that closing it takes after that */
  readonly closeMs: number;
  readonly clock: Clock;
}

/** What is told of a member. */
export interface Factual {
  readonly name: string;
  readonly parts: Pick<MemberParts, 'state' | 'session'>;
  readonly inFlight: number;
  /** taken from it, or safe at it */
  readonly messages: number;
  /** rejected, and unacknowledged at it; undefined of a sink */
  readonly parked?: number;
  /** why it was given up; undefined: it was not */
  readonly failure: StompctlError | undefined;
}

/** Who is behind a member that stands for several itself is not told. */
export function factsOf({ name, parts, inFlight, messages, parked }: Omit<Factual, 'failure'>): MemberFacts {
  const { members: _, ...state } = parts.state();
  const counts = { inFlight, messages, ...(parked !== undefined && { parked }) };
  return { name, ...state, session: parts.session(), ...counts };
}

/** What a group says of itself as one end: it is open while one of its members is. `own` is the state of who supervises it. */
export function groupState(own: EndState, members: readonly MemberFacts[]): EndState {
  // it waits because of what several of them have met, or is not wanted
  if (own.phase === 'waiting' || own.phase === 'closed' || members.length === 0) return { ...own, members };
  const errors = members.flatMap(({ lastError }) => lastError ?? []);
  const common = {
    opened: members.reduce((sum, { opened = 0 }) => sum + opened, 0),
    lastError: errors.sort((a, b) => a.agoMs - b.agoMs)[0] ?? own.lastError,
    members,
  };
  if (members.some(({ phase }) => phase === 'open')) return { ...common, phase: 'open', attempt: 0 };
  const phase = members.some((member) => member.phase === 'opening') ? 'opening' : 'waiting';
  return {
    ...common,
    phase,
    attempt: Math.max(...members.map(({ attempt }) => attempt)),
    awayMs: least(members.map(({ awayMs }) => awayMs)),
    nextTryMs: phase === 'opening' ? undefined : least(members.map(({ nextTryMs }) => nextTryMs)),
  };
}

function least(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.flatMap((number) => number ?? []);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Ends the run though other members are up: a fault of this program, or messages of a kind that nothing takes. */
export function endsRun({ code }: StompctlError): boolean {
  return code === 'INTERNAL' || code === 'TOO_MANY_PARKED';
}
