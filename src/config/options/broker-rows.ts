import type { OptionRow, TableKey } from './option.js';

const STOMP_DEBUG_FLAGS = ['api', 'command', 'header', 'body', 'connection', 'io', 'all'];
const BROKER_TYPES = ['ActiveMQ', 'Apollo', 'Artemis', 'RabbitMQ', 'UNKNOWN'];

const UDP_NOTE =
  ' `udp://HOST:PORT` sends frames that nobody confirms: `reliable` and `heart-beat` are then off, and a login is not possible.';

/** The options that a broker has on both sides. */
function brokerOptions(side: 'incoming' | 'outgoing'): OptionRow[] {
  const group = side === 'incoming' ? 'source' : 'sink';
  const udp = side === 'outgoing' ? ', udp://' : '';
  const verb = side === 'incoming' ? 'Receive messages from' : 'Send messages to';
  return [
    {
      name: `${side}-broker-uri`,
      kind: 'text',
      value: 'URI',
      group,
      reload: group,
      doc: `${verb} the broker at this address: stomp://, ssl://, ws://, wss://${udp}, amqp://, amqps://, failover:(URI,URI) or file:PATH.`,
      notes:
        '`stomp://HOST:PORT` or `tcp://` is plain TCP; `ssl://`, `tls://`, `stomp+ssl://` and `stomp+tls://` speak TLS, and ' +
        'check the certificate; the port is 61613 when there is none. What follows the first slash of the ' +
        'path, %-decoded, is the virtual host (`stomp://host/prod` is `prod`); without it the virtual host is `/`. ' +
        '`amqp://HOST:PORT/VHOST` and `amqps://` (TLS) are AMQP 0-9-1 or 1.0, ports 5672 and 5671 (docs/amqp.md). ' +
        '`ws://HOST:PORT/PATH` and `wss://` (TLS) are WebSocket, ports 80 and 443. ' +
        '`failover:(URI,URI)?OPTIONS` names several brokers: each attempt to connect takes the next, in random order unless ' +
        '`randomize=false`; `initialReconnectDelay`, `maxReconnectDelay` (milliseconds), `backOffMultiplier`, ' +
        '`useExponentialBackOff` and `maxReconnectAttempts` (after the first attempt; -1 for no end) win over the options of ' +
        'those names here, other options are ignored, with a warning. `file:PATH` reads the URIs, one a line, from a file, anew at each attempt. ' +
        `Name and password do not belong here: see \`${side}-broker-auth\`.${side === 'outgoing' ? UDP_NOTE : ''}`,
    },
    {
      name: `${side}-broker-protocol`,
      kind: 'choice',
      choices: ['stomp', 'amqp', 'amqp091', 'amqp1'],
      value: 'PROTOCOL',
      group,
      reload: group,
      added: true,
      defaultNote: 'as the URI says, STOMP for `file:PATH`',
      doc: 'Say what is spoken with the brokers: STOMP, AMQP 0-9-1 or AMQP 1.0.',
      notes:
        '`amqp`: what an `amqp://` server speaks is found by its answer to the first bytes, AMQP 0-9-1 where it speaks both; `amqp091` and ' +
        '`amqp1` say it, and a server that speaks the other one is an error. A file whose URIs are `amqp://` or `amqps://` needs one of ' +
        'the three; a list of brokers is of one protocol.',
    },
    {
      name: `${side}-broker-auth`,
      kind: 'credentials',
      value: 'STRING',
      group,
      reload: group,
      doc: 'Log in with this credential; may be given several times.',
      notes:
        '`SCHEME key=value …` with %-escaped values, or a block with `scheme` and the keys. Schemes: `none`; `plain` ' +
        'with `name` and one of `pass`, `pass-file`, `pass-env`, `pass-credential`; `x509` with `cert`, `key`, `pass`, ' +
        '`ca` (a file or a folder), `ca_file`, none of which is needed. One `plain` and one `x509` can be used together: a login at a ' +
        'broker whose CA is private is `plain name=x pass-file=/p` and `x509 ca=/etc/ssl/our-ca.pem`. What `x509` does not ' +
        'say is taken from the variables `X509_USER_CERT`, `X509_USER_KEY`, `X509_CERT_DIR` and `X509_CERT_FILE`. The files and variables are read again at each ' +
        'connection, so that a password can be changed without a restart.',
    },
    {
      name: `${side}-broker-type`,
      kind: 'choice',
      choices: BROKER_TYPES,
      value: 'TYPE',
      group,
      reload: group,
      defaultNote: 'recognised at login',
      doc: 'Say which broker it is, when it cannot be recognised.',
    },
    {
      name: `${side}-broker-connect`,
      kind: 'table',
      value: 'KEY=VALUE…',
      group,
      reload: group,
      doc: 'Add these headers to CONNECT; they win over ours.',
      notes:
        '`version=1.1` (or a list, `version=1.0,1.1`) restricts the versions of STOMP that are offered; ' +
        '`host=NAME` sets the virtual host.',
    },
    {
      name: `${side}-broker-sockopts`,
      kind: 'table',
      value: 'KEY=VALUE…',
      group,
      reload: group,
      doc: 'Use these options of the socket and of TLS.',
      notes:
        'Of the socket: `LocalAddr`, `LocalPort`, `Family` (4 or 6), `KeepAlive` (seconds, 0 for off), `NoDelay`, ' +
        '`Timeout` (seconds, instead of `timeout-connect`); `ReuseAddr` is always on. Of TLS: ' +
        '`SSL_ca_file`, `SSL_ca_path`, `SSL_cert_file`, `SSL_key_file`, `SSL_passwd`, `SSL_verify_mode`, `SSL_version` ' +
        '(such as `TLSv1_2` or `SSLv23:!TLSv1`), `SSL_cipher_list`, `SSL_hostname`, `SSL_verifycn_name`, ' +
        '`SSL_verifycn_scheme=none`. One of TLS makes a `stomp://` URI speak TLS.',
    },
    {
      name: `${side}-broker-members`,
      kind: 'choice',
      choices: ['one', 'all'],
      value: 'WHICH',
      group,
      reload: group,
      default: 'one',
      added: true,
      doc:
        side === 'incoming'
          ? 'Of a name with several addresses, or a list of brokers, receive from one, or from all of them.'
          : 'Of a name with several addresses, or a list of brokers, send to one, or to all that are up.',
      notes:
        '`one`: any of them, the next one after a failure. `all`: a session with each, looked up again each ' +
        '`resolve-interval`; ' +
        (side === 'incoming'
          ? 'a message of each in turn, acknowledged where it came from. The window is divided among them.'
          : 'each message goes to one of those that are up, the one that owes the fewest confirmations; what was unconfirmed at ' +
            'one that died goes to another.') +
        ' Behind a name are its A and AAAA records, or those of its SRV records (`_stomp._tcp.NAME`, `_stomps._tcp.NAME` for ' +
        'TLS) when the URI has no port.',
    },
    {
      name: `${side}-broker-stomp-debug`,
      kind: 'choices',
      choices: STOMP_DEBUG_FLAGS,
      value: 'FLAGS',
      group,
      reload: group,
      doc: 'Log this of the STOMP frames, secrets masked.',
    },
  ];
}

export const BROKER_OPTIONS: readonly OptionRow[] = [
  ...brokerOptions('incoming'),
  {
    name: 'subscribe',
    kind: 'tables',
    value: 'KEY=VALUE…',
    group: 'source',
    reload: 'source',
    doc: 'Subscribe with these headers; may be given several times.',
    notes:
      '`destination` is needed. An `id` and a receipt are added. When `reliable`, an `ack` other than `client-individual` is replaced, with a warning. ' +
      'With several inputs `subscribe`, `unsubscribe` and `prefetch` stand in the block of their broker: see docs/inputs.md.',
  },
  {
    name: 'unsubscribe',
    kind: 'tables',
    value: 'KEY=VALUE…',
    group: 'source',
    reload: 'source',
    defaultNote: 'no UNSUBSCRIBE is sent',
    doc: 'Send UNSUBSCRIBE with these headers at the end, even when empty; the first one goes with the first `subscribe`.',
  },
  {
    name: 'prefetch',
    kind: 'number',
    integer: true,
    min: 0,
    // in bytes for Artemis, which keeps it in 32 bits
    max: 2 ** 31 - 1,
    zero: 'default',
    unit: 'messages',
    value: 'N',
    group: 'source',
    reload: 'source',
    defaultNote: 'the window when `reliable` and the broker is known; with `count`, the smaller of it and 100',
    doc: 'Ask the broker for at most this many unacknowledged messages.',
  },
  ...brokerOptions('outgoing'),
  {
    name: 'outgoing-broker-content-length',
    kind: 'choice',
    choices: ['auto', 'always', 'never'],
    value: 'WHEN',
    group: 'sink',
    reload: 'sink',
    default: 'auto',
    added: true,
    doc: 'Give text messages a `content-length`: always, never, or as the kind of broker needs it (`auto`).',
    notes:
      'ActiveMQ and Artemis take a message with `content-length` for bytes and one without for text. Messages of bytes, and ' +
      'text with a NUL in it, have it in any case.',
  },
  {
    name: 'outgoing-broker-persistent',
    kind: 'choice',
    choices: ['true', 'keep'],
    value: 'WHEN',
    group: 'sink',
    reload: 'sink',
    default: 'true',
    added: true,
    doc: 'Add `persistent:true` to a message that says nothing about it when `reliable` (`true`), or never (`keep`).',
    notes:
      'A broker keeps a message that is not persistent in memory only and confirms it all the same: a broker ' +
      'restart would lose it. An explicit `persistent:false` is always kept, with one warning.',
  },
];

const COMMAND_KEYS: readonly TableKey[] = [
  {
    name: 'command',
    kind: 'text',
    required: true,
    doc: 'the program and its arguments; no shell reads them. `%{name}` in an argument is that header of the message, `%{name:-text}` the text when it is missing',
  },
  {
    name: 'batch',
    kind: 'integer',
    min: 1,
    max: 10_000,
    doc: 'give a run up to this many messages, as JSON lines on its standard input; by default one, its body on standard input and its headers in `STOMPCTL_HEADER_…`',
  },
  {
    name: 'coalesce',
    kind: 'integer',
    unit: 'seconds',
    min: 1,
    max: 86_400,
    doc: 'one run for all messages that come within this time; it is given only their number, in `STOMPCTL_MESSAGES`',
  },
  { name: 'concurrency', kind: 'integer', min: 1, max: 1000, default: '1', doc: 'runs at a time' },
  {
    name: 'timeout',
    kind: 'integer',
    unit: 'seconds',
    min: 1,
    max: 30 * 86_400,
    default: '60',
    doc: 'end a run that takes longer: TERM to its process group, 5 seconds later KILL',
  },
  {
    name: 'output',
    kind: 'choice',
    choices: ['log', 'reply'],
    default: 'log',
    doc: 'what it writes to standard output: into the log, line by line, or as the reply to `reply-to`',
  },
];

const INCOMING_COMMAND_KEYS: readonly TableKey[] = [
  {
    name: 'command',
    kind: 'text',
    required: true,
    doc: 'the program and its arguments, as blanks and quotes separate them; no shell is in between',
  },
  {
    name: 'ack',
    kind: 'choice',
    choices: ['none', 'stdin'],
    default: 'none',
    doc: '`stdin`: it is told on its standard input, a line each, the number of each line that is safe',
  },
];

export const COMMAND_OPTIONS: readonly OptionRow[] = [
  {
    name: 'incoming-command',
    kind: 'table',
    keys: INCOMING_COMMAND_KEYS,
    value: 'KEY=VALUE…',
    group: 'source',
    reload: 'source',
    added: true,
    doc: 'Send what this command writes to its standard output: messages as JSON, a line each.',
    notes: 'With `loop` it is started again when it has ended. See docs/commands-as-ends.md.',
  },
  {
    name: 'outgoing-command',
    kind: 'table',
    keys: COMMAND_KEYS,
    value: 'KEY=VALUE…',
    group: 'sink',
    reload: 'sink',
    added: true,
    doc: 'Run this command for each message.',
    notes:
      'Exit code 0: the message is done. 75: it is tried again, with growing delays. Anything else, and being late: it has another run, ' +
      'and is rejected after `max-attempts` of them. On the command line and in a KEY=VALUE list blanks are `%20` and `%{` is `%25{`; in a block they are ' +
      'written as they are. See docs/commands-as-ends.md.',
  },
];

/** What amqpclt has and nothing here needs: its configurations are read as they are, and a note says so. */
export const AMQPCLT_ONLY = [
  'incoming-broker-module',
  'outgoing-broker-module',
  'log',
  'logfile',
  'loglevel',
] as const satisfies readonly string[];

const INSTEAD: Readonly<Record<(typeof AMQPCLT_ONLY)[number], string>> = {
  'incoming-broker-module': 'there is one module for AMQP',
  'outgoing-broker-module': 'there is one module for AMQP',
  log: 'see log-format',
  logfile: 'logs go to standard error, or to syslog with log-format = syslog',
  loglevel: 'see log-level',
};

/** Why an option of amqpclt does nothing. */
export function insteadOf(name: (typeof AMQPCLT_ONLY)[number]): string {
  return INSTEAD[name];
}

export const AMQPCLT_OPTIONS: readonly OptionRow[] = AMQPCLT_ONLY.map((name) => ({
  name,
  kind: 'text',
  value: 'TEXT',
  group: 'help',
  reload: 'in-place',
  added: true,
  doc: `Of amqpclt: accepted and ignored, with a note (${INSTEAD[name]}).`,
}));
