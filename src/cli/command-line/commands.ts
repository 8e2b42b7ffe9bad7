import type { CommandDefinition } from './option-command.js';
import {
  PEEK_FLAGS,
  RECEIVE_FLAGS,
  RECEIVING_OPTIONS,
  REQUEST_FLAGS,
  SEND_FLAGS,
  SENDING_OPTIONS,
} from './shell-flags.js';

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

const INIT_FLAGS = [
  { name: 'direction', value: 'WHICH', doc: 'sender, receiver, shovel or cron' },
  { name: 'uri', value: 'URI', doc: 'the broker, such as ssl://HOST:61614' },
  {
    name: 'user',
    value: 'NAME',
    doc: 'user at the broker; the password is asked for, or the first line of standard input',
  },
  { name: 'pass-file', value: 'FILE', doc: 'file that holds the password already' },
  { name: 'ca', value: 'FILE', doc: 'the CA that signed the certificate of the broker' },
  { name: 'to-uri', value: 'URI', doc: 'shovel: the broker that it sends to' },
  { name: 'to-user', value: 'NAME', doc: 'shovel: user there; its password is the next line of standard input' },
  { name: 'to-pass-file', value: 'FILE', doc: 'shovel: file that holds the password there' },
  { name: 'to-ca', value: 'FILE', doc: 'shovel: the CA of that broker' },
  { name: 'queue', value: 'PATH', doc: 'folder of the queue on this machine' },
  {
    name: 'destination',
    value: 'NAME',
    doc: 'destination at the broker: what is received, or where every message is sent',
  },
  { name: 'offline', doc: 'do not log in at the end' },
  { name: 'force', doc: 'replace files that are there' },
];

const MIGRATE_FLAGS = [
  { name: 'output', value: 'FILE', doc: 'write the configuration there (mode 0640), instead of to standard output' },
  { name: 'force', doc: 'replace a file that is there' },
];

const STATUS_FLAGS = [{ name: 'json', doc: 'print one JSON object a line, for each instance' }];

const PROBE_FLAGS = [
  { name: 'max-backlog', value: 'N', doc: 'critical when more messages wait in the incoming queue' },
  { name: 'max-age', value: 'TIME', doc: 'critical when the oldest of them has waited longer: seconds, or as 5m, 2h' },
  { name: 'max-failures', value: 'N', doc: 'critical when more messages are in the failure queue' },
  { name: 'warn', value: 'RANGES', doc: 'warning: NAME=RANGE,…, as backlog=100,age=60,rate=1:' },
  { name: 'crit', value: 'RANGES', doc: 'critical: the same' },
];

const BROKER_FLAGS = [
  { name: 'port', value: 'N', doc: 'port on loopback; 0: any that is free (default: 61613)' },
  { name: 'dialect', value: 'WHICH', doc: 'behave like rabbitmq, activemq or artemis' },
];

const RABBITMQ_FLAGS = [
  { name: 'prune', doc: 'remove what is not written, but for the user that the API is asked as' },
  { name: 'uri', value: 'URI', doc: 'the management API, instead of what FILE says (default: http://localhost:15672)' },
  { name: 'user', value: 'NAME', doc: 'the administrator to ask it as, instead of what FILE says' },
  { name: 'pass-file', value: 'FILE', doc: 'file that holds the password' },
  { name: 'pass-env', value: 'VARIABLE', doc: 'variable of the environment that holds the password' },
  { name: 'ca', value: 'FILE', doc: 'the CA that signed the certificate of the API' },
];

const TOP_FLAGS = [{ name: 'json', doc: 'print one JSON object a line, for each instance, once' }];

/** What the program does, for the first line of help and manual: they begin it with a verb. */
export const BETWEEN = 'messages between directory queues, folders, commands and brokers (STOMP, AMQP 0-9-1, AMQP 1.0)';

const OF_INSTANCE = {
  pidfile: 'Ask the process of this pidfile.',
  config: 'Ask the process whose pidfile this configuration names.',
};

/** Every command, in the order in which help lists them. */
export const COMMANDS = {
  run: {
    name: 'run',
    summary: 'Move messages (the default command).',
    operands: 'DIR',
    says: {
      config:
        'Read this configuration file; options on the command line win over it. Several are run in one process, as those of DIR are.',
    },
  },
  init: {
    name: 'init',
    summary: 'Ask what is needed, write a configuration, check it and log in.',
    operands: 'FILE',
    flags: INIT_FLAGS,
    helps: ['help'],
  },
  migrate: {
    name: 'migrate',
    summary: 'Make YAML of a stompclt configuration, and say what differs.',
    operands: 'FILE',
    flags: MIGRATE_FLAGS,
    helps: ['config-general', 'help'],
  },
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
    says: OF_INSTANCE,
  },
  probe: {
    name: 'probe',
    summary: 'Tell how an instance does, in the form of Nagios plugins.',
    operands: 'CONFIG',
    flags: PROBE_FLAGS,
    helps: ['pidfile', 'config', 'timeout-status', 'help'],
    says: OF_INSTANCE,
  },
  top: {
    name: 'top',
    summary: 'Show every instance of this host, live.',
    operands: 'PLACE',
    flags: TOP_FLAGS,
    helps: ['pidfile', 'help'],
    says: { pidfile: 'Show the process of this pidfile.' },
  },
  quit: {
    name: 'quit',
    summary: 'Tell the instance of a pidfile to quit, and wait for it.',
    operands: 'CONFIG',
    helps: ['pidfile', 'config', 'timeout-linger', 'timeout-flush', 'help'],
    says: {
      ...OF_INSTANCE,
      'timeout-linger': 'Wait this long for the messages in flight to be settled. (default: 1)',
    },
  },
  reload: {
    name: 'reload',
    summary: 'Have an instance read its configuration again.',
    operands: 'CONFIG',
    helps: ['pidfile', 'config', 'timeout-linger', 'timeout-flush', 'help'],
    says: OF_INSTANCE,
  },
  demo: {
    name: 'demo',
    summary: 'Show a sender and a receiver at work, with a broker of their own.',
    helps: ['help'],
  },
  send: {
    name: 'send',
    summary: 'Send a message to a broker, and wait until it is confirmed.',
    operands: 'URI DESTINATION [FILE]',
    flags: SEND_FLAGS,
    helps: SENDING_OPTIONS,
  },
  receive: {
    name: 'receive',
    summary: 'Print the messages of a destination of a broker.',
    operands: 'URI DESTINATION',
    flags: RECEIVE_FLAGS,
    helps: RECEIVING_OPTIONS,
  },
  peek: {
    name: 'peek',
    summary: 'Print the first messages of a queue, and leave them there.',
    operands: 'URI DESTINATION',
    flags: PEEK_FLAGS,
    helps: RECEIVING_OPTIONS,
    says: { count: 'End after this many messages. (default: 10)' },
  },
  request: {
    name: 'request',
    summary: 'Send a request to a broker, and print the reply.',
    operands: 'URI DESTINATION [FILE]',
    flags: REQUEST_FLAGS,
    helps: SENDING_OPTIONS,
  },
  broker: {
    name: 'broker',
    summary: 'Run a broker for tests and demonstrations: on loopback, in memory.',
    flags: BROKER_FLAGS,
    helps: ['help'],
  },
  rabbitmq: {
    name: 'rabbitmq',
    summary: 'Make the accounts of RabbitMQ as a file says.',
    operands: 'sync FILE',
    flags: RABBITMQ_FLAGS,
    helps: ['dry-run', 'help'],
    says: { 'dry-run': 'Show what would be changed, and change nothing.' },
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
