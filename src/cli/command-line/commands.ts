import type { CommandDefinition } from './option-command.js';

const CHECK_FLAGS = [
  { name: 'raw', doc: 'print the parsed tree as JSON, before any validation' },
  { name: 'json', doc: 'print the result as JSON' },
  { name: 'connect', doc: 'log in to each broker, check the queues and the callback; move nothing' },
  { name: 'all', doc: 'list the options that have their defaults too' },
];

const TEST_FLAGS = [
  {
    name: 'record',
    value: 'QUEUE',
    doc: 'write cases from the messages of this queue into FILE, or to standard output, with what becomes of them now',
  },
];

const STATUS_FLAGS = [{ name: 'json', doc: 'print one JSON object a line, for each instance' }];

/** Every command, in the order in which help lists them. */
export const COMMANDS = {
  run: { name: 'run', summary: 'Move messages (the default command).' },
  check: {
    name: 'check',
    summary: 'Parse and validate configuration files, and say what they will do.',
    operands: 'FILE',
    flags: CHECK_FLAGS,
    helps: ['config-general', 'help'],
  },
  test: {
    name: 'test',
    summary: 'Run the cases of files against a callback or rewrite rules.',
    operands: 'FILE',
    flags: TEST_FLAGS,
    helps: ['config', 'config-general', 'callback-code', 'callback-path', 'callback-data', 'callback-language', 'help'],
  },
  status: {
    name: 'status',
    summary: 'Tell whether an instance runs and moves, and why not.',
    operands: 'CONFIG',
    flags: STATUS_FLAGS,
    helps: ['pidfile', 'config', 'timeout-status', 'help'],
  },
  quit: {
    name: 'quit',
    summary: 'Tell the instance of a pidfile to quit, and wait for it.',
    helps: ['pidfile', 'config', 'timeout-linger', 'timeout-flush', 'help'],
  },
  reload: {
    name: 'reload',
    summary: 'Have an instance read its configuration again, and say what came of it.',
    operands: 'CONFIG',
    helps: ['pidfile', 'config', 'timeout-linger', 'timeout-flush', 'help'],
  },
  demo: {
    name: 'demo',
    summary: 'Show a sender and a receiver at work, with a broker of their own.',
    helps: ['help'],
  },
  queue: { name: 'queue', summary: 'Work on a queue from the shell.' },
  completion: {
    name: 'completion',
    summary: 'Print the completion script of bash, zsh or fish.',
    operands: 'SHELL',
    helps: ['help'],
  },
} as const satisfies Record<string, CommandDefinition>;

export type CommandName = keyof typeof COMMANDS;

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}
