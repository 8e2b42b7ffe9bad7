import type { OptionRow, ReloadClass } from './option.js';

const DAY = 86_400;

interface Timeout {
  readonly name: string;
  readonly default?: string;
  readonly defaultNote?: string;
  readonly zero?: 'default' | 'off';
  readonly reload: ReloadClass;
  readonly doc: string;
  readonly notes?: string;
}

const TIMEOUTS: readonly Timeout[] = [
  {
    name: 'timeout-connect',
    reload: 'ends',
    default: '30',
    zero: 'default',
    doc: 'Give up a connection that takes longer: name, network, TLS and login together.',
  },
  {
    name: 'timeout-broker',
    reload: 'ends',
    default: '60',
    zero: 'default',
    doc: 'Give up a session whose broker owes a receipt for longer.',
  },
  {
    name: 'timeout-client',
    reload: 'ends',
    default: '40',
    doc: 'Send the broker a sign of life at least this often.',
    notes: '0: none is sent.',
  },
  {
    name: 'timeout-server',
    reload: 'ends',
    default: '10',
    doc: 'Ask the broker for a sign of life at least this often.',
    notes: '0: none is asked for.',
  },
  {
    name: 'timeout-flush',
    reload: 'sink',
    default: '60',
    zero: 'default',
    doc: 'At a stop, wait this long for the last bytes to leave.',
  },
  {
    name: 'timeout-disconnect',
    reload: 'ends',
    default: '60',
    zero: 'default',
    doc: 'At a stop, wait this long for the broker to confirm the end of the session.',
  },
  {
    name: 'timeout-linger',
    reload: 'in-place',
    default: '60',
    zero: 'default',
    doc: 'At a stop, wait this long for the messages in flight to be settled.',
    notes: 'stompclt waits for ever. `--quit` waits 1 s unless it is given.',
  },
  {
    name: 'timeout-inactivity',
    reload: 'in-place',
    defaultNote: 'off',
    zero: 'off',
    doc: 'End after this time without a message.',
    notes: 'The time in which `max-rate` or `max-rate-bytes` holds messages up does not count.',
  },
  {
    name: 'timeout-status',
    reload: 'in-place',
    defaultNote: 'off',
    zero: 'off',
    doc: 'Let `--status` try again for this long.',
  },
];

function timeoutOption(timeout: Timeout): OptionRow {
  return { ...timeout, kind: 'number', unit: 'seconds', min: 0, max: 365 * DAY, value: 'SECONDS', group: 'timeouts' };
}

export const CONNECTION_OPTIONS: readonly OptionRow[] = [
  {
    name: 'heart-beat',
    kind: 'boolean',
    default: 'true',
    group: 'connection',
    reload: 'ends',
    doc: 'Exchange signs of life with the brokers (see `timeout-client`, `timeout-server`).',
    notes: 'stompclt has it off by default; `--no-heart-beat` gives that.',
  },
  {
    name: 'reconnect-delay',
    kind: 'number',
    unit: 'seconds',
    min: 0,
    max: DAY,
    default: '1',
    value: 'SECONDS',
    group: 'connection',
    reload: 'in-place',
    added: true,
    doc: 'Wait up to this long before the second attempt to connect; the delay doubles at each further attempt.',
    notes:
      'Each delay is a random part of that, so that many clients do not come back at the same instant. After ten attempts ' +
      'in a row without success it is at least 0.1 seconds, whatever is set here or in a failover URI.',
  },
  {
    name: 'reconnect-max-delay',
    kind: 'number',
    unit: 'seconds',
    min: 0,
    max: DAY,
    default: '60',
    value: 'SECONDS',
    group: 'connection',
    reload: 'in-place',
    added: true,
    doc: 'Never wait longer than this between two attempts.',
    notes:
      'Where nobody listens (connection refused, host unreachable) it is asked again every 1.5 to 3 seconds besides, which is neither ' +
      'logged nor counted, so that a broker is found soon after its return.',
  },
  {
    name: 'reconnect-attempts',
    kind: 'number',
    integer: true,
    min: 0,
    max: 1_000_000,
    unit: 'attempts',
    value: 'N',
    group: 'connection',
    reload: 'in-place',
    defaultNote: 'without end with `loop` or an incoming broker, otherwise 10',
    added: true,
    doc: 'Give up, with the exit code of the last error, after this many attempts in a row without progress.',
    notes: 'A session in which a message was accepted or received does not count.',
  },
  {
    name: 'resolve-interval',
    kind: 'number',
    unit: 'seconds',
    min: 0.1,
    max: DAY,
    default: '60',
    value: 'SECONDS',
    group: 'connection',
    reload: 'ends',
    added: true,
    doc: 'Look up this often who is behind the name of a broker whose `members` are `all`.',
    notes: 'Who is new joins; who is no longer there is drained and closed.',
  },
  ...TIMEOUTS.map(timeoutOption),
];
