import type { Rate } from './rate-meter.js';
import type { LastFacts, StatisticsSnapshot } from './statistics.js';

/** One end of a transfer, as its supervisor knows it. Times are milliseconds ago, or ahead: no clock may step in them. */
export interface EndFacts {
  readonly role: 'source' | 'sink' | 'tap';
  /** for people: `broker stomp://host:61613` */
  readonly name: string;
  /** `closed`: not wanted yet (`lazy`), or no longer; `waiting`: for the next attempt */
  readonly phase: 'closed' | 'opening' | 'waiting' | 'open';
  /** how long it has been wanted and not open */
  readonly awayMs?: number | undefined;
  /** attempts in a row without progress */
  readonly attempt: number;
  readonly nextTryMs?: number | undefined;
  /** the last loss or failed attempt, also one that was overcome since */
  readonly lastError?: { readonly code: string; readonly message: string; readonly agoMs: number } | undefined;
  /** how often it was opened */
  readonly opened?: number;
  /** is opened at the first message only */
  readonly lazy?: boolean;
  /** of a broker: what the last session was with */
  readonly session?: SessionFacts | undefined;
  /** of an end that stands for several brokers: each of them */
  readonly members?: readonly MemberFacts[] | undefined;
}

/** One of several that an end stands for: a broker, an input, an output. */
export interface MemberFacts extends Omit<EndFacts, 'role' | 'lazy' | 'members'> {
  /** of an input or output: what the configuration calls it */
  readonly called?: string;
  /** deliveries of it with the transfer, or sends that it has not answered */
  readonly inFlight: number;
  /** taken from it, or safe at it, since it is one of them */
  readonly messages: number;
  /** rejected deliveries that wait unacknowledged at it */
  readonly parked?: number;
  /** it is no longer behind the alias, and settles what is in flight */
  readonly leaving?: boolean;
}

/** What a broker said of itself when it let us in. */
export interface SessionFacts {
  /** `RabbitMQ/3.10.8`; undefined: it does not say */
  readonly server?: string | undefined;
  /** what the version is one of; undefined: STOMP */
  readonly protocol?: string | undefined;
  readonly version: string;
  /** when its certificate ends, ISO 8601; undefined: no TLS */
  readonly certificateEnds?: string | undefined;
}

/** What waits in a queue, and for how long the oldest has. */
export interface QueueFacts {
  readonly elements: number;
  readonly oldestMs?: number | undefined;
}

/** What a verdict is computed from. */
export interface HealthFacts extends LastFacts {
  /** somebody, or an end of the run, has asked for the stop */
  readonly stopping: boolean;
  readonly ends: readonly EndFacts[];
  /** queues with no room, and a failure queue that cannot be written to: why, a line each */
  readonly full: readonly string[];
  readonly inFlight: number;
  readonly inFlightBytes?: number;
  /** how long ago the oldest delivery was taken that is not settled */
  readonly oldestUnsettledMs?: number | undefined;
  /** how long the callback or the rules have been at the messages that they have now; undefined: they have none */
  readonly checkingMs?: number | undefined;
  /** how long until `max-rate` lets the next message be taken; undefined: it does not hold anything up */
  readonly throttledMs?: number | undefined;
  /** why the last reload was refused; undefined: it was not */
  readonly reloadRefused?: string | undefined;
  readonly parked: number;
  readonly rejected: number;
  /** of an incoming queue: what waits in it, and for how long the oldest has */
  readonly backlog?: QueueFacts | undefined;
  /** of a failure queue: what waits in it for somebody to look */
  readonly failures?: QueueFacts | undefined;
  /** what was counted since the start */
  readonly counted?: StatisticsSnapshot | undefined;
  /** messages a second, lately */
  readonly rate?: Rate | undefined;
}

export type HealthState = 'moving' | 'idle' | 'stuck' | 'stopping';

export interface Verdict {
  readonly state: HealthState;
  /** in words, for people */
  readonly reason: string;
}

/** an end that was lost may come back at once, at its first attempt: that is no trouble yet */
const AWAY_MS = 2000;
/** nothing settled for so long, though something is in flight */
const UNSETTLED_MS = 10_000;
/** a callback that has been at its messages for so long is who keeps the run waiting */
const CHECKING_MS = 5000;
/** messages that came or went so long ago still count as moving */
const MOVING_MS = 5000;

interface Rule {
  readonly state: HealthState;
  /** undefined: the rule does not apply */
  why(facts: HealthFacts): string | undefined;
}

/** The first that applies; docs/running.md has the table. */
const RULES: readonly Rule[] = [
  {
    state: 'stopping',
    why: ({ stopping, inFlight }) => (stopping ? `settling ${messages(inFlight)} in flight` : undefined),
  },
  { state: 'stuck', why: (facts) => facts.ends.map((end) => whyAway(end, facts)).find((why) => why !== undefined) },
  { state: 'stuck', why: ({ full: [first] }) => (first === undefined ? undefined : `waiting for ${first}`) },
  { state: 'stuck', why: whyUnsettled },
  {
    state: 'moving',
    why: ({ lastSentMs, lastReceivedMs, inFlight }) => {
      const recent = [lastSentMs, lastReceivedMs].some((ms) => ms !== undefined && ms < MOVING_MS);
      if (!recent && inFlight === 0) return undefined;
      return `${messages(inFlight)} in flight, ${lastSentMs === undefined ? 'none sent yet' : `the last sent ${secondsText(lastSentMs)} ago`}`;
    },
  },
  {
    state: 'moving',
    why: ({ throttledMs }) =>
      throttledMs === undefined
        ? undefined
        : `held to max-rate, the next message is taken in ${secondsText(throttledMs)}`,
  },
  {
    state: 'idle',
    why: ({ ends }) => {
      const opening = ends.find(({ phase }) => phase === 'opening' || phase === 'waiting');
      return opening === undefined ? 'nothing to move' : `opening ${opening.name}`;
    },
  },
];

/** Is the transfer moving, and if not, why? A pure function of what is known. */
export function verdictOf(facts: HealthFacts): Verdict {
  for (const { state, why } of RULES) {
    const reason = why(facts);
    if (reason !== undefined) return { state, reason: [reason, ...notes(facts)].join('; ') };
  }
  return { state: 'idle', reason: 'nothing to move' };
}

function whyAway(end: EndFacts, { inFlight }: HealthFacts): string | undefined {
  const { phase, awayMs = 0, attempt, nextTryMs, lastError, name } = end;
  if (phase === 'open' || phase === 'closed' || awayMs < AWAY_MS) return undefined;
  const error = lastError === undefined ? 'no answer yet' : lastError.message;
  const next = nextTryMs === undefined ? 'trying now' : `next try in ${secondsText(nextTryMs)}`;
  const waits = inFlight === 0 ? '' : `; ${messages(inFlight)} in flight wait for it`;
  const tried = attempt === 0 ? '' : `attempt ${attempt}, `;
  return `${end.role} ${name} is away for ${secondsText(awayMs)}: ${error} (${tried}${next})${waits}`;
}

function whyUnsettled(facts: HealthFacts): string | undefined {
  const { inFlight, oldestUnsettledMs, lastSettledMs, checkingMs = 0, ends } = facts;
  const quietMs = Math.min(oldestUnsettledMs ?? 0, lastSettledMs ?? Number.POSITIVE_INFINITY);
  if (inFlight === 0 || quietMs < UNSETTLED_MS) return undefined;
  const sinks = ends.filter(({ role }) => role === 'sink').map(({ name }) => `sink ${name}`);
  const who =
    checkingMs < CHECKING_MS
      ? `no answer from ${sinks.join(', ') || 'who takes them'}`
      : `the callback has been at them for ${secondsText(checkingMs)}`;
  return `none of the ${messages(inFlight)} in flight was settled for ${secondsText(quietMs)}: ${who}`;
}

/** What does not decide, but is to be known. */
function notes({ ends, parked, rejected, backlog, failures, reloadRefused }: HealthFacts): string[] {
  const list: string[] = ends.flatMap(membersAway);
  if (backlog !== undefined && backlog.elements > 0) {
    const age = backlog.oldestMs === undefined ? '' : `, the oldest for ${secondsText(backlog.oldestMs)}`;
    list.push(`${messages(backlog.elements)} in the incoming queue${age}`);
  }
  if (parked > 0) list.push(`${messages(parked)} parked unacknowledged at the broker`);
  if (rejected > 0) list.push(`${messages(rejected)} rejected`);
  if (failures !== undefined && failures.elements > 0) list.push(`${messages(failures.elements)} in the failure queue`);
  if (reloadRefused !== undefined) {
    list.push(`the last reload was refused, the old configuration goes on: ${reloadRefused}`);
  }
  return list;
}

/** Members of an alias that are not there, while others are: no trouble yet, but to be known. */
function membersAway({ role, name, phase, members = [] }: EndFacts): string[] {
  const wanted = members.filter(({ leaving }) => leaving !== true);
  const away = wanted.filter((member) => member.phase !== 'open');
  const [first] = away;
  if (phase !== 'open' || first === undefined) return [];
  const why = first.lastError === undefined ? first.name : `${first.name}: ${first.lastError.message}`;
  return [`${wanted.length - away.length} of ${wanted.length} members of ${role} ${name} are up (${why})`];
}

/** One line for people who watch: the numbers while it goes, and why when it does not. */
export function liveText(facts: HealthFacts): string {
  const { state, reason } = verdictOf(facts);
  if (state === 'stuck') return `${state}: ${reason}`;
  const { counted, rate, inFlight, backlog, rejected } = facts;
  const waiting = backlog === undefined ? '' : `, ${backlog.elements} waiting`;
  const bad = rejected === 0 ? '' : `, ${rejected} rejected`;
  return `${state}: ${counted?.sent ?? 0} sent, ${(rate?.sent ?? 0).toFixed(1)}/s, ${inFlight} in flight${waiting}${bad}`;
}

function messages(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}

/** A time for people: `12 s`, `3 min`, `11 h`. */
export function secondsText(ms: number): string {
  const whole = Math.max(0, Math.round(ms / 1000));
  return whole < 600
    ? `${whole} s`
    : whole < 36_000
      ? `${Math.round(whole / 60)} min`
      : `${Math.round(whole / 3600)} h`;
}
