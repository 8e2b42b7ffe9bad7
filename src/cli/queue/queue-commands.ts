/** An option of a sub-command of `stompctl queue`. */
export interface QueueOption {
  readonly name: string;
  /** the placeholder of its value; absent: it takes none */
  readonly value?: string;
  readonly choices?: readonly string[];
  /** may be given several times */
  readonly repeats?: boolean;
  readonly doc: string;
}

export interface QueueCommandDefinition {
  readonly name: string;
  readonly summary: string;
  /** as in `--help`: `PATH [FILE]` */
  readonly operands: string;
  /** how many operands there must and may be */
  readonly least: number;
  readonly most: number;
  readonly options: readonly QueueOption[];
}

const TYPE: QueueOption = {
  name: 'type',
  value: 'TYPE',
  choices: ['DQS', 'DQN'],
  doc: 'the type of the queue; otherwise its folder tells, and a new one is DQS',
};
const TO: QueueOption = { name: 'to', value: 'PATH', doc: 'the queue they go to; it is made when missing' };
const THROUGH: QueueOption = {
  name: 'through',
  value: 'CONFIG',
  doc: 'send them the way of this configuration instead: through its rules and callback, to its destination',
};
const TO_TYPE: QueueOption = {
  name: 'to-type',
  value: 'TYPE',
  choices: ['DQS', 'DQN'],
  doc: 'the type of that queue; otherwise its folder tells, and a new one is of the same type',
};
const UMASK: QueueOption = {
  name: 'umask',
  value: 'MODE',
  doc: 'the permissions that new files and folders do not get; decimal unless it starts with 0',
};
const COMPRESSION: QueueOption = {
  name: 'compression',
  value: 'HOW',
  choices: ['zlib', 'zlib!'],
  doc: 'compress bodies over 255 bytes when that makes them smaller, or (zlib!) all of them; type DQS',
};
const MATCH: QueueOption = {
  name: 'match',
  value: 'HEADER=REGEX',
  repeats: true,
  doc: 'only messages with this header, where the expression is found in its value; all of them when repeated',
};
const COUNT: QueueOption = { name: 'count', value: 'N', doc: 'at most so many, the oldest first' };
const HEADER: QueueOption = { name: 'header', value: 'NAME=VALUE', repeats: true, doc: 'a header of the message' };
const SKIP: QueueOption = {
  name: 'skip',
  value: 'N',
  doc: 'pass over the first N lines, as one that was stopped says',
};
const ALL: QueueOption = { name: 'all', doc: 'every element, instead of names' };

/** Every sub-command of `stompctl queue`, in the order in which help lists them. */
export const QUEUE_COMMANDS = {
  add: {
    name: 'add',
    summary: 'Add a message with this file, or standard input, as its body; print its name.',
    operands: 'PATH [FILE]',
    least: 1,
    most: 2,
    options: [
      HEADER,
      { name: 'text', doc: 'the body is text (UTF-8); otherwise content-type tells, or the bytes themselves' },
      { name: 'binary', doc: 'the body is bytes' },
      { name: 'json-lines', doc: 'add many messages instead, one JSON object a line, as export writes them' },
      { ...SKIP, doc: `${SKIP.doc}; with --json-lines` },
      COMPRESSION,
      TYPE,
      UMASK,
    ],
  },
  list: {
    name: 'list',
    summary: 'List the messages, oldest first: name, age, size, lock, destination.',
    operands: 'PATH',
    least: 1,
    most: 1,
    options: [{ name: 'json', doc: 'one JSON object a line' }, MATCH, COUNT, TYPE],
  },
  show: {
    name: 'show',
    summary: 'Show header and body of messages; of the oldest one without a name.',
    operands: 'PATH [NAME...]',
    least: 1,
    most: Number.POSITIVE_INFINITY,
    options: [
      { name: 'header-only', doc: 'only the header' },
      { name: 'body-only', doc: 'only the body, byte for byte' },
      { name: 'raw', doc: 'the element as it is on disk, byte for byte; type DQS' },
      TYPE,
    ],
  },
  count: {
    name: 'count',
    summary: 'Print how many messages there are, locked ones included.',
    operands: 'PATH',
    least: 1,
    most: 1,
    options: [MATCH, TYPE],
  },
  remove: {
    name: 'remove',
    summary: 'Remove messages for good.',
    operands: 'PATH [NAME...]',
    least: 1,
    most: Number.POSITIVE_INFINITY,
    options: [ALL, MATCH, COUNT, TYPE],
  },
  unlock: {
    name: 'unlock',
    summary: 'Take locks away that nobody will: their owners must not be at work any more.',
    operands: 'PATH [NAME...]',
    least: 1,
    most: Number.POSITIVE_INFINITY,
    options: [ALL, TYPE],
  },
  purge: {
    name: 'purge',
    summary: 'Clear away what crashes left: old temporary files and locks, empty folders.',
    operands: 'PATH',
    least: 1,
    most: 1,
    options: [
      { name: 'maxtemp', value: 'SECONDS', doc: 'remove temporary files older than this; 0: none (default: 300)' },
      { name: 'maxlock', value: 'SECONDS', doc: 'remove locks older than this; 0: none (default: 600)' },
      TYPE,
    ],
  },
  retry: {
    name: 'retry',
    summary:
      'Put messages of a failure queue back to where they came from, without the headers that say why they are there.',
    operands: 'FAILURES',
    least: 1,
    most: 1,
    options: [TO, THROUGH, MATCH, COUNT, TYPE, TO_TYPE],
  },
  move: {
    name: 'move',
    summary: 'Move messages to another queue.',
    operands: 'PATH',
    least: 1,
    most: 1,
    options: [TO, MATCH, COUNT, TYPE, TO_TYPE],
  },
  export: {
    name: 'export',
    summary: 'Write messages as JSON lines to a file (compressed when it ends in .gz) or standard output.',
    operands: 'PATH [FILE]',
    least: 1,
    most: 2,
    options: [MATCH, COUNT, { name: 'force', doc: 'overwrite the file' }, TYPE],
  },
  import: {
    name: 'import',
    summary: 'Add the messages of a file of JSON lines (compressed when it ends in .gz) or of standard input.',
    operands: 'PATH [FILE]',
    least: 1,
    most: 2,
    options: [HEADER, SKIP, COMPRESSION, TYPE, UMASK],
  },
} as const satisfies Record<string, QueueCommandDefinition>;

export type QueueCommandName = keyof typeof QUEUE_COMMANDS;

export function isQueueCommandName(name: string): name is QueueCommandName {
  return Object.hasOwn(QUEUE_COMMANDS, name);
}
