import type { LogLevel } from './log-level.js';

interface EventRow {
  readonly levels: readonly LogLevel[];
  /** in Markdown, for `docs/logs.md` */
  readonly when: string;
}

/**
 * Every event that is logged anywhere: stable names, for programs to match on. The logger takes no other one. The table of `docs/logs.md` is made from it.
 */
export const EVENTS = {
  'ack-replaced': {
    levels: ['warn'],
    when: '`subscribe` asks for an `ack` with which a reliable run would lose messages, or hold them up: another is used; told once',
  },
  blocked: {
    levels: ['warn'],
    when: 'a broker of AMQP takes no messages for now (an alarm of memory or disk, or no credit), or takes them again',
  },
  'broker-chosen': {
    levels: ['info'],
    when: 'which of several brokers is tried now, and why; each once until one of them is connected',
  },
  callback: {
    levels: ['debug', 'info', 'warn', 'error'],
    when: 'what the callback logs, and what failed in its `idle` or `stop`',
  },
  'certificate-expiry': { levels: ['warn'], when: 'the certificate of a broker ends within 30 days' },
  'close-failed': {
    levels: ['warn'],
    when: 'something went wrong while closing after `timeout-linger` was over, the failure queue did not close, or the session of a source ended while it was stopped (AMQP)',
  },
  'command-failed': {
    levels: ['warn'],
    when: 'a run of `outgoing-command` failed and its messages have another one; the text says how it ended',
  },
  'command-left': {
    levels: ['warn'],
    when: 'a run of `outgoing-command`, or `incoming-command`, has ended and left a process behind that holds its output',
  },
  'command-output': {
    levels: ['info', 'warn'],
    when: 'a line that `outgoing-command` or `incoming-command` has written, to standard error at the level `warn`',
  },
  configuration: { levels: ['warn'], when: 'something in the configuration deserves a second look' },
  credential: { levels: ['warn'], when: 'something about a credential deserves a second look' },
  drain: { levels: ['debug'], when: 'reading has stopped; what is in flight is being settled' },
  dropped: { levels: ['debug'], when: 'the callback dropped a message; the reason is in the text' },
  duplicate: { levels: ['debug'], when: 'a message that is safe came again; it was acknowledged, and not handed over' },
  end: {
    levels: ['info', 'warn'],
    when: 'the run is over: why, and the counters; where a process runs several, each of them, and then all: a `warn` when some failed',
  },
  failed: { levels: ['error'], when: 'the run ended because of an error; `code` says which' },
  'folder-changed': {
    levels: ['warn'],
    when: 'a file of `incoming-folder` was written to after it was sent: it is sent again',
  },
  'folder-odd': {
    levels: ['warn'],
    when: 'what is no plain file, or has a name that is not UTF-8, is left alone in `incoming-folder`',
  },
  'folder-stuck': {
    levels: ['warn'],
    when: 'files of `incoming-folder` that were claimed, and are not sent, cannot be given back for now (a full disk): they stay in `.stompctl.claims`, and are tried again',
  },
  frame: {
    levels: ['info'],
    when: 'a STOMP frame, when `…-stomp-debug` asks for it: command, perhaps headers, of the body its length',
  },
  'header-altered': {
    levels: ['warn'],
    when: 'a header has a character beyond U+FFFF, which this broker gives back altered once it was restarted; told once',
  },
  'ids-unknown': {
    levels: ['warn'],
    when: 'what another process remembers of a queue (`deduplicate`) cannot be read: its messages may be stored again; told once',
  },
  'input-failed': {
    levels: ['error'],
    when: 'with several inputs: one that no attempt will help is given up; the others go on',
  },
  'leftover-kept': {
    levels: ['info'],
    when: 'an empty file in a queue was passed over, told once: it is not older than `maxtemp`, or that is 0',
  },
  'leftover-removed': { levels: ['warn'], when: 'an empty file that a crash left in a queue was removed' },
  library: {
    levels: ['debug'],
    when: 'what a library of AMQP prints by itself; ten lines in ten seconds, and then one, whose `lines` says for how many it stands',
  },
  'linger-exceeded': {
    levels: ['warn'],
    when: '`timeout-linger` was over before everything was settled; the rest was given back',
  },
  'log-level': {
    levels: ['info'],
    when: 'USR2 was received: the level (`to`) is `debug` now, or again what was asked for',
  },
  'log-lines-dropped': { levels: ['warn'], when: 'log lines were lost because nobody read them' },
  'member-failed': {
    levels: ['error'],
    when: 'with `…-members=all`: a member of the alias that no attempt will help is given up; the others go on',
  },
  members: { levels: ['info'], when: 'with `…-members=all`: who has joined the alias, and who has left it' },
  'members-left-out': {
    levels: ['warn'],
    when: 'with `…-members=all`: the alias has more than 64 addresses (`members`: how many more), which are not used; told once',
  },
  'members-unknown': {
    levels: ['warn'],
    when: 'with `…-members=all`: the alias could not be looked up again, or has no address; who is known stays. Told once',
  },
  'metrics-fault': {
    levels: ['warn'],
    when: 'who reads the metrics or the page was not answered; the text says why',
  },
  'metrics-listen': { levels: ['info'], when: 'metrics and the status page are served; the address' },
  'metrics-unwritable': {
    levels: ['warn'],
    when: 'the file of `metrics-textfile` cannot be written: once, until it can be again',
  },
  'not-persistent': {
    levels: ['warn'],
    when: 'a message says `persistent:false` and is sent so that a restart of the broker loses it; told once',
  },
  'open-retry': {
    levels: ['warn'],
    when: 'an end of the transfer, or the failure queue, could not be opened, or was lost, and is tried again',
  },
  'output-failed': {
    levels: ['error'],
    when: 'with `deliver = first`: an output that no attempt will help is given up; the others go on',
  },
  overlap: { levels: ['debug'], when: 'another run has the pidfile, and `on-overlap` is `quiet`: nothing is done' },
  parked: { levels: ['warn'], when: 'a rejected message waits unacknowledged at the broker' },
  'pidfile-taken-over': { levels: ['warn'], when: 'the pidfile was that of a dead process' },
  'prefetch-ignored': {
    levels: ['warn'],
    when: '`prefetch` (or `count`) would limit what the broker sends ahead, and it is not known how this broker is told; told once',
  },
  probe: {
    levels: ['info'],
    when: 'after an ERROR that names no message, or several refusals in a row, the unsettled messages are sent one by one',
  },
  'purge-failed': { levels: ['warn'], when: 'a queue could not be purged; it is tried again later' },
  purged: { levels: ['debug'], when: 'a queue was purged of what crashes leave behind; the counts' },
  'queue-full': {
    levels: ['warn'],
    when: 'a queue that is written to has reached `max-elements` or `max-bytes`, or its disk `min-free`: the run waits; `reason` says which',
  },
  'queue-made': {
    levels: ['warn'],
    when: 'the incoming queue of a run with `loop` was not there at the start and was made',
  },
  'queue-odd': {
    levels: ['warn'],
    when: 'plain files lie in the folder of an incoming queue, and are left alone; told once',
  },
  'queue-room': { levels: ['info'], when: 'there is room again in that queue: the run goes on' },
  'queue-shaped': {
    levels: ['warn'],
    when: 'a message brings a header that would make its queue one that does not stay (RabbitMQ: `exclusive:true`, `durable:false`, `auto-delete:true` on `/queue/`); told once',
  },
  recovered: { levels: ['info'], when: 'the locks of processes of this host that died were taken over' },
  rejected: { levels: ['error'], when: 'a message was rejected; `code` says why' },
  'rejected-again': {
    levels: ['debug'],
    when: 'a message that was rejected and stayed in its queue was tried again in vain; `rejected` told it',
  },
  reload: {
    levels: ['info', 'error'],
    when: 'a reload is over: what was taken over (`applied`, `pending`, `ends`), or why the configuration is refused',
  },
  'reload-begin': { levels: ['info'], when: 'HUP was received: the configuration is read again' },
  'sandbox-rebuilt': { levels: ['warn'], when: 'the sandbox of the callback was thrown away and made anew' },
  'service-manager': {
    levels: ['warn'],
    when: 'the service manager that started the run (`NOTIFY_SOCKET`) cannot be told how it goes',
  },
  'session-open': { levels: ['info'], when: 'a session with a broker is open: its server and the STOMP version' },
  'settled-in-vain': {
    levels: ['debug'],
    when: 'a message was settled twice, or after its session had ended (the broker hands it over again)',
  },
  start: { levels: ['info'], when: 'the run begins: from where to where' },
  state: {
    levels: ['info'],
    when: 'USR1 was received: the verdict ([running.md](running.md#what-status-says)) and what it is made of, what is in flight, what is waited for (`waiting`: queues that are full, brokers and folders that are away), and the counters',
  },
  'status-unwritable': {
    levels: ['warn'],
    when: 'the status file beside the pidfile cannot be written: once, until it can be again',
  },
  stopping: { levels: ['info'], when: 'a stop signal was received' },
  'stop-forced': {
    levels: ['error'],
    when: 'a stop by a signal was not over within `timeout-linger` and three seconds: something hangs (`waiting`, where it is known), and the signal ends the process',
  },
  'stray-message': {
    levels: ['warn'],
    when: 'the broker sent a MESSAGE that no subscription of ours asked for; it stays unacknowledged, and a hundred end the session',
  },
  'unrouted-dropped': {
    levels: ['warn'],
    when: 'a message goes to a destination for which this broker confirms also what no queue gets (RabbitMQ: an exchange, `/amq/queue/`); told once',
  },
  'unsubscribe-failed': {
    levels: ['warn'],
    when: 'at the end the broker refused to end a subscription, which it keeps, if it is durable',
  },
} as const satisfies Readonly<Record<string, EventRow>>;

export type LogEvent = keyof typeof EVENTS;

/** The table of `docs/logs.md`. */
export function eventTable(): string {
  const rows = Object.entries(EVENTS).map(
    ([event, { levels, when }]) => `| \`${event}\` | ${levels.join(', ')} | ${when} |`,
  );
  return ['| event | level | when |', '| --- | --- | --- |', ...rows, ''].join('\n');
}
