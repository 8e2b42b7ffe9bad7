import type { OptionRow, TableKey } from './option.js';

const AGE = { kind: 'integer', unit: 'seconds', min: 0, max: 0xffff_ffff } as const;

/** Numbers of a queue are decimal; with a leading zero they are octal, so that `umask=022` means what it says. */
export const QUEUE_KEYS: readonly TableKey[] = [
  {
    name: 'path',
    kind: 'text',
    required: true,
    unless: { key: 'type', is: 'NULL' },
    doc: 'the folder of the queue',
  },
  {
    name: 'type',
    kind: 'choice',
    choices: ['DQS', 'DQN', 'NULL'],
    default: 'DQS',
    doc: 'DQS: one file a message; DQN: one folder a message; NULL: always empty, and swallows what is stored',
  },
  {
    name: 'umask',
    kind: 'integer',
    min: 0,
    max: 0o777,
    doc: 'the permissions new files and folders do not get; by default those of the process. Decimal unless it starts with 0',
  },
  {
    name: 'granularity',
    kind: 'integer',
    unit: 'seconds',
    min: 0,
    max: 0xffff_ffff,
    default: '60',
    doc: 'seconds of messages that share an intermediate folder',
  },
  {
    name: 'rndhex',
    kind: 'integer',
    min: 0,
    max: 15,
    doc: 'the last digit of element names; by default chosen at random',
  },
  { ...AGE, name: 'maxlock', default: '600', doc: 'seconds after which a purge frees a lock' },
  { ...AGE, name: 'maxtemp', default: '300', doc: 'seconds after which a purge removes a temporary file' },
  {
    name: 'maxelts',
    kind: 'integer',
    min: 1,
    max: 0xffff_ffff,
    default: '16000',
    doc: 'type DQN: messages an intermediate folder holds',
  },
];

const OUTGOING_QUEUE_KEYS: readonly TableKey[] = [
  ...QUEUE_KEYS,
  {
    name: 'compression',
    kind: 'choice',
    choices: ['zlib', 'zlib!'],
    doc: 'type DQS: compress bodies over 255 bytes when that makes them smaller; `zlib!`: all bodies, in any case',
  },
  {
    name: 'max-elements',
    kind: 'integer',
    min: 1,
    max: 0xffff_ffff,
    doc: 'wait while the queue has this many messages, until a tenth of them is gone',
  },
  {
    name: 'max-bytes',
    kind: 'size',
    min: 1,
    max: 2 ** 49,
    doc: 'wait while the messages in the queue have this many bytes on disk, until a tenth is gone',
  },
  {
    name: 'min-free',
    kind: 'share',
    doc: 'wait while its file system has less than this free: bytes (`1GiB`), or a share (`10%`)',
  },
];

const FORMAT_KEYS: readonly TableKey[] = [
  {
    name: 'format',
    kind: 'choice',
    choices: ['message', 'raw'],
    default: 'message',
    doc: 'type DQS: an element is a message, headers and body; or `raw`, the body alone',
  },
  {
    name: 'schema',
    kind: 'text',
    doc: 'type DQN: the files of an element, as `body:string signer:string?`; by default those of a message. See docs/queues.md',
  },
];

const RAW_BODY: TableKey = {
  name: 'body',
  kind: 'choice',
  choices: ['bytes', 'text'],
  default: 'bytes',
  doc: '`format=raw`: with `text` a body that is UTF-8 is text',
};

const DEDUPLICATE_KEYS: readonly TableKey[] = [
  {
    name: 'deduplicate',
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    doc: 'type DQS: remember the last so many messages, across restarts, and do not store again one that is delivered again',
  },
  {
    name: 'deduplicate-by',
    kind: 'text',
    doc: 'the header that tells messages apart; by default what the broker or the producer names them by',
  },
];

const MAX_OPEN: TableKey = {
  name: 'max-open',
  kind: 'integer',
  min: 1,
  max: 1000,
  default: '100',
  doc: 'with `%{header:NAME}` in the path: queues that are open at once; the one used longest ago is closed',
};

/** Where messages are kept: not in a queue that swallows them. */
const KEEPING_QUEUE_KEYS: readonly TableKey[] = OUTGOING_QUEUE_KEYS.map((key) => {
  if (key.name === 'path') return { name: 'path', kind: 'text', required: true, doc: key.doc };
  if (key.name !== 'type') return key;
  return { ...key, choices: ['DQS', 'DQN'], doc: 'DQS: one file a message; DQN: one folder a message' };
});

export const QUEUE_OPTIONS: readonly OptionRow[] = [
  {
    name: 'incoming-queue',
    kind: 'table',
    keys: [...QUEUE_KEYS, ...FORMAT_KEYS, RAW_BODY],
    value: 'KEY=VALUE…',
    group: 'source',
    reload: 'source',
    doc: 'Read messages from this directory queue.',
    notes:
      'Several inputs are blocks with a name such as `<incoming-queue orders>`, in YAML `incoming-queue: { orders: { path: … } }`, and are ' +
      'merged: see docs/inputs.md.',
  },
  {
    name: 'queue-headers',
    kind: 'table',
    value: 'KEY=VALUE…',
    group: 'source',
    reload: 'source',
    added: true,
    doc: 'Give the messages of `incoming-queue` these headers, before rules and callback: what of the element they are to know.',
    notes:
      '`%{element}` in a value is the name of the element, `%{size}` its bytes on disk, `%{modified}` its time. ' +
      'In a KEY=VALUE list `%{` is `%25{`. Headers that a message has of its own win. With several inputs it stands in the block of its input.',
  },
  {
    name: 'loop',
    kind: 'boolean',
    default: 'false',
    group: 'source',
    reload: 'source',
    doc: 'At the end of the incoming queue wait for more, instead of ending.',
    notes: 'Without `remove`, every pass sends every message again.',
  },
  {
    name: 'remove',
    kind: 'boolean',
    default: 'false',
    group: 'source',
    reload: 'source',
    doc: 'Remove a message from the incoming queue once it is safe at its destination; without it, the queue is browsed.',
  },
  {
    name: 'outgoing-queue',
    kind: 'table',
    keys: [...OUTGOING_QUEUE_KEYS, ...FORMAT_KEYS, ...DEDUPLICATE_KEYS, MAX_OPEN],
    value: 'KEY=VALUE…',
    group: 'sink',
    reload: 'sink',
    doc: 'Store messages in this directory queue.',
    notes:
      'With `max-elements`, `max-bytes` or `min-free` a full queue makes the run wait, not fail: a broker is not read from ' +
      'meanwhile. The log says so, and so does USR1. `deduplicate` makes of at least once exactly once, into this queue: ' +
      'see docs/queues.md. `%{header:NAME}` in its path (on the command line `%25{header:NAME}`) stands for the value of that ' +
      'header: a queue of its own for each value.',
  },
  {
    name: 'tap-queue',
    kind: 'table',
    keys: [...KEEPING_QUEUE_KEYS, ...DEDUPLICATE_KEYS],
    value: 'KEY=VALUE…',
    group: 'sink',
    reload: 'in-place',
    added: true,
    defaultNote: 'none',
    doc: 'Store a copy of every message that passed the callback in this directory queue as well.',
    notes:
      'A message counts as sent when it is safe at both places. One that the destination refuses may be in the copy.',
  },
  {
    name: 'failure-queue',
    aliases: ['dead-letter-queue'],
    kind: 'table',
    keys: KEEPING_QUEUE_KEYS,
    value: 'KEY=VALUE…',
    group: 'safety',
    reload: 'in-place',
    added: true,
    defaultNote: 'none: a rejected message stays where it was',
    doc: 'Store rejected messages in this directory queue.',
    notes:
      'A message is rejected when it cannot be decoded, when the callback fails on it, or when it cannot be sent. ' +
      'Without this option it stays in the incoming queue, or unacknowledged at the incoming broker (see `max-parked`). ' +
      'What cannot be decoded is stored byte for byte (type DQS). `stompctl queue retry` puts messages back.',
  },
  {
    name: 'sync',
    kind: 'choice',
    choices: ['batch', 'message', 'none'],
    value: 'WHEN',
    group: 'safety',
    reload: 'ends',
    default: 'batch',
    defaultNote: '`batch` when `reliable`, otherwise `none`',
    added: true,
    doc: 'When queues are written through to the disk: a batch of messages together, each message by itself, or never.',
    notes: 'With `none`, a power loss can lose what the file system had not written yet.',
  },
];

const SIDECAR = { name: 'sidecar', kind: 'choice', choices: ['none', 'json'], default: 'none' } as const;

const INCOMING_KEYS: readonly TableKey[] = [
  { name: 'path', kind: 'text', required: true, doc: 'the folder' },
  {
    name: 'pattern',
    kind: 'text',
    default: '*',
    doc: 'the names of the files to take: `*` stands for any characters, `?` for one. Names that begin with a dot or end in `.tmp` are always left alone',
  },
  {
    name: 'stable',
    kind: 'integer',
    unit: 'seconds',
    min: 0,
    max: 86_400,
    default: '2',
    doc: 'leave a file alone that was changed or put there in the last so many seconds',
  },
  {
    name: 'after',
    kind: 'choice',
    choices: ['remove', 'move', 'leave'],
    default: 'remove',
    doc: 'what becomes of a file whose message is safe; one that is left is sent again by the next run',
  },
  { name: 'move-to', kind: 'text', doc: 'where it is moved to: a folder on the same file system' },
  { ...SIDECAR, doc: '`json`: the headers of NAME are in NAME.json, which is there before NAME' },
  {
    name: 'body',
    kind: 'choice',
    choices: ['bytes', 'text'],
    default: 'bytes',
    doc: '`text`: a body that is UTF-8 is sent as text',
  },
  {
    ...AGE,
    name: 'maxlock',
    default: '600',
    doc: 'seconds of silence after which files are taken back from a process that cannot be looked at, such as one of another host',
  },
];

const OUTGOING_KEYS: readonly TableKey[] = [
  { name: 'path', kind: 'text', required: true, doc: 'the folder' },
  {
    name: 'name',
    kind: 'text',
    doc: 'what a file is called: `%{name}` is that header, `%{name:-text}` the text when it is missing; by default a name that sorts behind the earlier ones. A name that is taken gets a suffix',
  },
  { ...SIDECAR, doc: '`json`: the headers go into NAME.json, which is there before NAME' },
  {
    name: 'umask',
    kind: 'integer',
    min: 0,
    max: 0o777,
    doc: 'the permissions new files do not get; by default those of the process. Decimal unless it starts with 0',
  },
];

/** What several outputs have in common. */
export const OUTPUTS_OPTIONS: readonly OptionRow[] = [
  {
    name: 'deliver',
    kind: 'choice',
    choices: ['first', 'every', 'route'],
    value: 'WAY',
    group: 'sink',
    reload: 'sink',
    added: true,
    doc: 'With several outputs: each message goes to the first that is up, to every one, or to the one that a rule or the callback names.',
    notes:
      'Needed with several outputs: blocks with a name such as `<outgoing-queue audit>`, in YAML `outgoing-queue: { audit: { path: … } }` ' +
      'or a list of blocks with `name`. An output without a name is called by its kind: queue, broker, folder, command. See docs/outputs.md.',
  },
];

export const FOLDER_OPTIONS: readonly OptionRow[] = [
  {
    name: 'incoming-folder',
    kind: 'table',
    keys: INCOMING_KEYS,
    value: 'KEY=VALUE…',
    group: 'source',
    reload: 'source',
    added: true,
    doc: 'Send each file of this plain folder as a message; its content is the body.',
    notes: 'With `loop` new files are waited for. See docs/folders.md.',
  },
  {
    name: 'folder-headers',
    kind: 'table',
    value: 'KEY=VALUE…',
    group: 'source',
    reload: 'source',
    added: true,
    doc: 'Give the messages of `incoming-folder` these headers.',
    notes:
      '`%{file}` in a value is the name of the file, `%{base}` and `%{ext}` its parts before and after the last dot, `%{size}` its bytes, `%{modified}` its time. ' +
      'In a KEY=VALUE list `%{` is `%25{`. Headers in NAME.json win. With several inputs it stands in the block of its input.',
  },
  {
    name: 'outgoing-folder',
    kind: 'table',
    keys: OUTGOING_KEYS,
    value: 'KEY=VALUE…',
    group: 'sink',
    reload: 'sink',
    added: true,
    doc: 'Write the body of each message into a file of this plain folder.',
    notes: 'See docs/folders.md.',
  },
];
