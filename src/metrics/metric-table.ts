import type { EndFacts, HealthFacts, HealthState, MemberFacts } from '../transfer/verdict.js';

/** A value, and that of each label of its metric. */
export type Sample = readonly [value: number, ...labels: string[]];

/** What a metric is read from: the facts as of now, and the verdict on them. */
export interface MeteredFacts {
  readonly facts: HealthFacts;
  readonly state: HealthState;
  /** seconds since the epoch */
  readonly nowSeconds: number;
}

export interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  /** nothing, where there is nothing to tell */
  read(metered: MeteredFacts): readonly Sample[];
}

const STATES: readonly HealthState[] = ['moving', 'idle', 'stuck', 'stopping'];
const END_LABELS = ['role', 'name'];
const MEMBER_LABELS = [...END_LABELS, 'member'];

function one(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [[value]];
}

function seconds(ms: number | undefined): readonly Sample[] {
  return one(ms === undefined ? undefined : ms / 1000);
}

/** When it was, of what is told as milliseconds ago. */
function when({ nowSeconds }: MeteredFacts, agoMs: number | undefined): readonly Sample[] {
  return one(agoMs === undefined ? undefined : nowSeconds - agoMs / 1000);
}

function eachEnd({ facts }: MeteredFacts, read: (end: EndFacts) => number | undefined): readonly Sample[] {
  return facts.ends.flatMap((end): Sample[] => {
    const value = read(end);
    return value === undefined ? [] : [[value, end.role, end.name]];
  });
}

function eachMember({ facts }: MeteredFacts, read: (member: MemberFacts) => number): readonly Sample[] {
  return facts.ends.flatMap(({ role, name, members = [] }) =>
    members.map((member): Sample => [read(member), role, name, member.called ?? member.name]),
  );
}

function each(counts: Readonly<Record<string, number>> = {}): readonly Sample[] {
  return Object.entries(counts).map(([label, value]) => [value, label]);
}

const MESSAGES: readonly MetricRow[] = [
  {
    name: 'stompctl_received_messages_total',
    type: 'counter',
    help: 'Messages taken from the source; one that comes again counts again.',
    labels: [],
    read: ({ facts }) => one(facts.counted?.received),
  },
  {
    name: 'stompctl_received_bytes_total',
    type: 'counter',
    help: 'Their size, headers included.',
    labels: [],
    read: ({ facts }) => one(facts.counted?.receivedBytes),
  },
  {
    name: 'stompctl_messages_total',
    type: 'counter',
    help: 'What became of messages: sent (safe at the sink), dropped (by the callback), rejected, released (given back to the source), duplicate (safe already), discarded (empty files).',
    labels: ['outcome'],
    read: ({ facts: { counted } }) => {
      if (counted === undefined) return [];
      const { sent, dropped, rejected, released, duplicates, discarded } = counted;
      return each({ sent, dropped, rejected, released, duplicate: duplicates, discarded });
    },
  },
  {
    name: 'stompctl_bytes_total',
    type: 'counter',
    help: 'The size of messages sent (after the callback), dropped and rejected.',
    labels: ['outcome'],
    read: ({ facts: { counted } }) => {
      if (counted === undefined) return [];
      return each({ sent: counted.sentBytes, dropped: counted.droppedBytes, rejected: counted.rejectedBytes });
    },
  },
  {
    name: 'stompctl_dropped_messages_total',
    type: 'counter',
    help: 'Messages dropped by the callback, by its reason; beyond 100 reasons, (other).',
    labels: ['reason'],
    read: ({ facts }) => each(facts.counted?.droppedBy),
  },
  {
    name: 'stompctl_rejected_messages_total',
    type: 'counter',
    help: 'Messages rejected, by the code of the error.',
    labels: ['code'],
    read: ({ facts }) => each(facts.counted?.rejectedBy),
  },
  {
    name: 'stompctl_settled_in_vain_total',
    type: 'counter',
    help: 'Settlings that came to nothing: of a session that had ended (those messages come again), or twice.',
    labels: ['why'],
    read: ({ facts: { counted } }) =>
      counted === undefined ? [] : each({ 'dead-session': counted.settledTooLate, twice: counted.settledTwice }),
  },
  {
    name: 'stompctl_callback_messages_total',
    type: 'counter',
    help: 'Messages that went through rules and callback.',
    labels: [],
    read: ({ facts }) => one(facts.counted?.processed),
  },
  {
    name: 'stompctl_callback_seconds_total',
    type: 'counter',
    help: 'Time that rules and callback took.',
    labels: [],
    read: ({ facts }) => one(facts.counted?.processedSeconds),
  },
];

const STATE: readonly MetricRow[] = [
  {
    name: 'stompctl_state',
    type: 'gauge',
    help: 'The verdict: 1 for the state that it is in.',
    labels: ['state'],
    read: ({ state }) => STATES.map((each) => [each === state ? 1 : 0, each]),
  },
  {
    name: 'stompctl_in_flight_messages',
    type: 'gauge',
    help: 'Messages taken and not settled.',
    labels: [],
    read: ({ facts }) => one(facts.inFlight),
  },
  {
    name: 'stompctl_in_flight_bytes',
    type: 'gauge',
    help: 'Their size.',
    labels: [],
    read: ({ facts }) => one(facts.inFlightBytes),
  },
  {
    name: 'stompctl_oldest_unsettled_seconds',
    type: 'gauge',
    help: 'How long ago the oldest of them was taken; absent when there is none.',
    labels: [],
    read: ({ facts }) => seconds(facts.oldestUnsettledMs),
  },
  {
    name: 'stompctl_parked_messages',
    type: 'gauge',
    help: 'Rejected messages that wait unacknowledged at the broker.',
    labels: [],
    read: ({ facts }) => one(facts.parked),
  },
  {
    name: 'stompctl_full_queues',
    type: 'gauge',
    help: 'Queues without room, or that cannot be written to, that the run waits for.',
    labels: [],
    read: ({ facts }) => one(facts.full.length),
  },
  {
    name: 'stompctl_incoming_queue_messages',
    type: 'gauge',
    help: 'Messages in an incoming queue that is emptied, those in flight included.',
    labels: [],
    read: ({ facts }) => one(facts.backlog?.elements),
  },
  {
    name: 'stompctl_incoming_queue_oldest_seconds',
    type: 'gauge',
    help: 'How long the oldest of them has waited; 0 when there is none.',
    labels: [],
    read: ({ facts: { backlog } }) => (backlog === undefined ? [] : seconds(backlog.oldestMs ?? 0)),
  },
  {
    name: 'stompctl_failure_queue_messages',
    type: 'gauge',
    help: 'Messages in the failure queue.',
    labels: [],
    read: ({ facts }) => one(facts.failures?.elements),
  },
  {
    name: 'stompctl_failure_queue_oldest_seconds',
    type: 'gauge',
    help: 'How long the oldest of them has been there; 0 when there is none.',
    labels: [],
    read: ({ facts: { failures } }) => (failures === undefined ? [] : seconds(failures.oldestMs ?? 0)),
  },
  {
    name: 'stompctl_last_received_timestamp_seconds',
    type: 'gauge',
    help: 'When a message was last taken from the source; absent before the first.',
    labels: [],
    read: (metered) => when(metered, metered.facts.lastReceivedMs),
  },
  {
    name: 'stompctl_last_sent_timestamp_seconds',
    type: 'gauge',
    help: 'When a message was last safe at the sink; absent before the first.',
    labels: [],
    read: (metered) => when(metered, metered.facts.lastSentMs),
  },
];

const ENDS: readonly MetricRow[] = [
  {
    name: 'stompctl_end_open',
    type: 'gauge',
    help: 'Whether an end (role: source, sink or tap) is open: 1 or 0.',
    labels: END_LABELS,
    read: (metered) => eachEnd(metered, ({ phase }) => (phase === 'open' ? 1 : 0)),
  },
  {
    name: 'stompctl_end_away_seconds',
    type: 'gauge',
    help: 'How long an end has been wanted and not open; 0 when it is not missed.',
    labels: END_LABELS,
    read: (metered) => eachEnd(metered, ({ awayMs = 0 }) => awayMs / 1000),
  },
  {
    name: 'stompctl_end_attempts',
    type: 'gauge',
    help: 'Attempts to open an end in a row without progress.',
    labels: END_LABELS,
    read: (metered) => eachEnd(metered, ({ attempt }) => attempt),
  },
  {
    name: 'stompctl_reconnects_total',
    type: 'counter',
    help: 'How often an end was opened again.',
    labels: END_LABELS,
    read: (metered) => eachEnd(metered, ({ opened = 0 }) => Math.max(0, opened - 1)),
  },
  {
    name: 'stompctl_certificate_expiry_timestamp_seconds',
    type: 'gauge',
    help: 'When the certificate of the broker ends; absent without TLS.',
    labels: END_LABELS,
    read: (metered) =>
      eachEnd(metered, ({ session }) => {
        const ends = Date.parse(session?.certificateEnds ?? '');
        return Number.isNaN(ends) ? undefined : ends / 1000;
      }),
  },
];

/** Of an end that stands for several: brokers behind one name, outputs, inputs. */
const MEMBERS: readonly MetricRow[] = [
  {
    name: 'stompctl_member_open',
    type: 'gauge',
    help: 'Whether one of the brokers behind one name, or of several inputs or outputs, is open: 1 or 0.',
    labels: MEMBER_LABELS,
    read: (metered) => eachMember(metered, ({ phase }) => (phase === 'open' ? 1 : 0)),
  },
  {
    name: 'stompctl_member_away_seconds',
    type: 'gauge',
    help: 'How long one of them has been wanted and not open; 0 when it is not missed.',
    labels: MEMBER_LABELS,
    read: (metered) => eachMember(metered, ({ awayMs = 0 }) => awayMs / 1000),
  },
  {
    name: 'stompctl_member_in_flight_messages',
    type: 'gauge',
    help: 'Messages taken from one of them that are not settled, or sent to it that are not safe.',
    labels: MEMBER_LABELS,
    read: (metered) => eachMember(metered, ({ inFlight }) => inFlight),
  },
  {
    name: 'stompctl_member_messages_total',
    type: 'counter',
    help: 'Messages taken from one of them, or safe at it; counted anew when a reload makes it anew.',
    labels: MEMBER_LABELS,
    read: (metered) => eachMember(metered, ({ messages }) => messages),
  },
];

/** Every metric of a transfer, but for the histogram of its latency. */
export const METRIC_TABLE: readonly MetricRow[] = [...MESSAGES, ...STATE, ...ENDS, ...MEMBERS];

/** What is told besides of the program and, in a text file, of a run that has ended. */
export const PROGRAM_METRICS = {
  build: { name: 'stompctl_build_info', help: 'Always 1; the versions are its labels.', labels: ['version', 'node'] },
  up: {
    name: 'stompctl_transfer_up',
    help: 'Whether a transfer runs: 1 or 0; in a process that runs several, all of whose metrics of a transfer have this label.',
    labels: ['transfer'],
  },
  started: { name: 'stompctl_start_time_seconds', help: 'When the run began.' },
  ended: { name: 'stompctl_run_end_timestamp_seconds', help: 'When the run ended; in the text file only.' },
  exit: { name: 'stompctl_run_exit_code', help: 'The exit code that it ended with; in the text file only.' },
} as const;

export const SETTLE_HISTOGRAM = {
  name: 'stompctl_settle_seconds',
  help: 'Time from the taking of a message until it was sent, dropped or rejected.',
} as const;
