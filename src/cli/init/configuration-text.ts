import { unreachable } from '../../base/errors.js';
import { type Answers, type Direction, defaultPidfile, defaultQueue, directionOf, secretFile } from './questions.js';

type Field = readonly [name: string, value: string];

/** One option of a configuration, and what is said about it. */
interface Part {
  readonly comment?: string;
  readonly option: string;
  readonly value: string | readonly Field[] | Auth;
}

/** A broker's option: its URI, and the credentials. */
interface Auth {
  readonly uri: string;
  readonly auth: readonly (readonly Field[])[];
}

/** Is it Apache-style or YAML? By its ending, as when it is read. */
export type InitFormat = 'apache' | 'yaml';

/** The configuration that the answers make, with comments. */
export function configurationText(file: string, format: InitFormat, answers: Answers): string {
  const direction = directionOf(answers);
  const head = `# stompctl: ${TITLES[direction]}. Made by "stompctl init"; every option: man stompctl.\n`;
  const parts = partsOf(file, direction, answers);
  return `${head}\n${parts.map((part) => partText(part, format)).join('\n')}`;
}

const TITLES: Readonly<Record<Direction, string>> = {
  sender: 'from a queue on disk to a broker, for ever',
  receiver: 'from a broker to a queue on disk, for ever',
  shovel: 'from one broker to another, for ever',
  cron: 'one pass over a queue on disk, to a broker',
};

function partsOf(file: string, direction: Direction, answers: Answers): Part[] {
  const queue = answers.get('queue') ?? '';
  const broker = (role: 'incoming' | 'outgoing', prefix: '' | 'to-', comment?: string): Part => ({
    ...(comment !== undefined && { comment }),
    option: `${role}-broker`,
    value: brokerValue(file, prefix, answers),
  });
  const destination = answers.get('destination') ?? '';
  const subscribe: Part = {
    comment: 'What is received; repeat it for more.',
    option: 'subscribe',
    value: [['destination', destination]],
  };
  const failures: Part = {
    comment: 'Messages that can never be delivered are kept here, with the reason.',
    option: 'failure-queue',
    value: [['path', `${queue === '' ? defaultQueue(file) : queue}-failures`]],
  };
  const pidfile: Part = {
    comment: 'For "stompctl status", and so that only one runs.',
    option: 'pidfile',
    value: defaultPidfile(file),
  };
  switch (direction) {
    case 'sender':
    case 'cron':
      return [
        { comment: 'Programs put messages here.', option: 'incoming-queue', value: [['path', queue]] },
        broker('outgoing', ''),
        ...destinationParts(destination),
        failures,
        ...(direction === 'cron' ? CRON : SENDER),
        pidfile,
      ];
    case 'receiver':
      return [
        broker('incoming', ''),
        subscribe,
        { comment: 'Programs take messages from here.', option: 'outgoing-queue', value: [['path', queue]] },
        failures,
        pidfile,
      ];
    case 'shovel':
      return [
        broker('incoming', ''),
        subscribe,
        broker('outgoing', 'to-', 'Each message is acknowledged once this one has confirmed it.'),
        failures,
        pidfile,
      ];
    default:
      return unreachable(direction);
  }
}

const SENDER: readonly Part[] = [
  { comment: 'At the end of the queue, wait for more.', option: 'loop', value: 'true' },
  { comment: 'What the broker has confirmed is removed.', option: 'remove', value: 'true' },
];

const CRON: readonly Part[] = [
  { comment: 'At the end of the queue, exit.', option: 'loop', value: 'false' },
  { comment: 'What the broker has confirmed is removed.', option: 'remove', value: 'true' },
  { comment: 'No connection when there is nothing to send.', option: 'lazy', value: 'true' },
  { comment: 'Cron mails what is written: warnings and errors alone.', option: 'log-level', value: 'warn' },
  { option: 'reconnect-attempts', value: '3' },
];

function destinationParts(destination: string): Part[] {
  if (destination === '') return [];
  const code = `hdr.destination = ${JSON.stringify(destination)};`;
  return [
    { comment: 'Where every message goes.', option: 'callback-language', value: 'javascript' },
    { option: 'callback-code', value: code },
  ];
}

function brokerValue(file: string, prefix: '' | 'to-', answers: Answers): Auth {
  const given = (name: string) => answers.get(`${prefix}${name}`) ?? '';
  const auth: Field[][] = [];
  if (given('user') !== '') {
    const passFile = given('pass-file') || secretFile(file, prefix);
    auth.push([
      ['scheme', 'plain'],
      ['name', given('user')],
      ['pass-file', passFile],
    ]);
  }
  if (given('ca') !== '') {
    auth.push([
      ['scheme', 'x509'],
      ['ca', given('ca')],
    ]);
  }
  return { uri: given('uri'), auth };
}

function partText({ comment, option, value }: Part, format: InitFormat): string {
  const said = comment === undefined ? '' : `# ${comment}\n`;
  return `${said}${format === 'yaml' ? yamlText(option, value) : apacheText(option, value)}`;
}

function yamlText(option: string, value: Part['value']): string {
  // in code nothing is a variable
  if (option === 'callback-code') return `${option}: ${JSON.stringify(value)}\n`;
  if (typeof value === 'string') return `${option}: ${yamlScalar(value)}\n`;
  if (isTable(value)) return `${option}:\n${yamlFields(value, '  ', '  ')}`;
  const auth = value.auth.map((fields) => yamlFields(fields, '    - ', '      ')).join('');
  const list = auth === '' ? '' : `  # passwords are read again at each connection\n  auth:\n${auth}`;
  return `${option}:\n  uri: ${yamlScalar(value.uri)}\n${list}`;
}

function yamlFields(fields: readonly Field[], first: string, indent: string): string {
  return fields
    .map(([name, value], index) => `${index === 0 ? first : indent}${name}: ${yamlScalar(value)}\n`)
    .join('');
}

/** In double quotes unless it can be nothing but a text, a number or a boolean; `${NAME}` would be a variable. */
function yamlScalar(value: string): string {
  const literal = value.replaceAll('${', () => '$${');
  return /^[\w./][\w./:,()+@-]*$/.test(literal) && !/:$/.test(literal) ? literal : JSON.stringify(literal);
}

function apacheText(option: string, value: Part['value']): string {
  if (typeof value === 'string') return `${option} = ${apacheScalar(value)}\n`;
  if (isTable(value)) return `<${option}>\n${apacheFields(value)}</${option}>\n`;
  const auth = value.auth.map((fields) => `<auth>\n${apacheFields(fields)}</auth>\n`).join('');
  const said = auth === '' ? '' : '# passwords are read again at each connection\n';
  return `<${option}>\nuri = ${apacheScalar(value.uri)}\n${said}${auth}</${option}>\n`;
}

function apacheFields(fields: readonly Field[]): string {
  return fields.map(([name, value]) => `${name} = ${apacheScalar(value)}\n`).join('');
}

/** As Config::General reads it back: these four lose their backslash, a pair of quotes around the whole goes; `<<` would begin a text of several lines. */
function apacheScalar(value: string): string {
  const escaped = value.replace(/[\\$"#]/g, '\\$&');
  return /^\s|\s$|^$|^<</.test(value) ? `"${escaped}"` : escaped;
}

function isTable(value: readonly Field[] | Auth): value is readonly Field[] {
  return Array.isArray(value);
}
