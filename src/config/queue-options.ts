import { LATER } from './later.js';
import type { OptionRow, TableKey } from './option.js';

/** Numbers of a queue are decimal; with a leading zero they are octal, so that `umask=022` means what it says. */
export const QUEUE_KEYS: readonly TableKey[] = [
  { name: 'path', kind: 'text', required: true, doc: 'the folder of the queue' },
  {
    name: 'type',
    kind: 'choice',
    choices: ['DQS', 'DQN', 'NULL'],
    default: 'DQS',
    laterChoices: LATER.queueTypes,
    doc: 'DQS: one file a message',
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
  {
    name: 'maxlock',
    kind: 'integer',
    min: 0,
    max: 0xffff_ffff,
    default: '600',
    doc: 'seconds after which a purge frees a lock',
  },
  {
    name: 'maxtemp',
    kind: 'integer',
    min: 0,
    max: 0xffff_ffff,
    default: '300',
    doc: 'seconds after which a purge removes a temporary file',
  },
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
    kind: 'text',
    later: LATER.queueCompression,
    doc: 'compress bodies when that makes them smaller',
  },
];

export const QUEUE_OPTIONS: readonly OptionRow[] = [
  {
    name: 'incoming-queue',
    kind: 'table',
    keys: QUEUE_KEYS,
    value: 'KEY=VALUE…',
    group: 'source',
    doc: 'Read messages from this directory queue.',
  },
  {
    name: 'loop',
    kind: 'boolean',
    default: 'false',
    group: 'source',
    doc: 'At the end of the incoming queue wait for more, instead of ending.',
    notes: 'Without `remove`, every pass sends every message again.',
  },
  {
    name: 'remove',
    kind: 'boolean',
    default: 'false',
    group: 'source',
    doc: 'Remove a message from the incoming queue once it is safe at its destination; without it, the queue is browsed.',
  },
  {
    name: 'outgoing-queue',
    kind: 'table',
    keys: OUTGOING_QUEUE_KEYS,
    value: 'KEY=VALUE…',
    group: 'sink',
    doc: 'Store messages in this directory queue.',
  },
  {
    name: 'failure-queue',
    kind: 'table',
    keys: OUTGOING_QUEUE_KEYS,
    value: 'KEY=VALUE…',
    group: 'safety',
    added: true,
    defaultNote: 'none: a rejected message stays where it was',
    doc: 'Store rejected messages in this directory queue.',
    notes:
      'A message is rejected when it cannot be decoded, when the callback fails on it, or when it cannot be sent. ' +
      'Without this option it stays in the incoming queue, or unacknowledged at the incoming broker (see `max-parked`).',
  },
  {
    name: 'sync',
    kind: 'choice',
    choices: ['batch', 'message', 'none'],
    value: 'WHEN',
    group: 'safety',
    default: 'batch',
    defaultNote: '`batch` when `reliable`, otherwise `none`',
    added: true,
    doc: 'When queues are written through to the disk: a batch of messages together, each message by itself, or never.',
    notes: 'With `none`, a power loss can lose what the file system had not written yet.',
  },
];
