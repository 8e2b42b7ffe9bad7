import { basename, dirname, isAbsolute, join, parse } from 'node:path';
import { reasonOf } from '../../base/errors.js';
import { brokerUris, checkBrokerUris } from '../../config/broker-uris.js';

/** The answers so far, by the name of their question; empty: none wanted. */
export type Answers = ReadonlyMap<string, string>;

/** One question of `stompctl init`: the option of this name answers it too, unless it asks for a secret. */
export interface Question {
  readonly name: string;
  /** what it asks for, as a terminal shows it and `--help` tells it */
  readonly doc: string;
  /** the placeholder of the option's value; undefined: a secret, which no command line may hold */
  readonly value?: string;
  /** only an option: a terminal does not ask for it */
  readonly unasked?: boolean;
  /** does it matter, after what was answered? */
  wanted(answers: Answers): boolean;
  /** what an empty answer means; undefined: there must be one */
  fallback(answers: Answers): string | undefined;
  /** why an answer is none; undefined: it is one */
  refusal(answer: string): string | undefined | Promise<string | undefined>;
}

export const DIRECTIONS = ['sender', 'receiver', 'shovel', 'cron'] as const;
export type Direction = (typeof DIRECTIONS)[number];

const TLS = /^(?:failover:\(?)?(?:stomp\+)?(?:ssl|tls|wss):/i;

const isDirection = (text: string): text is Direction => DIRECTIONS.some((each) => each === text);

export function directionOf(answers: Answers): Direction {
  const given = answers.get('direction') ?? '';
  return isDirection(given) ? given : 'sender';
}

const hasQueue = (answers: Answers) => directionOf(answers) !== 'shovel';

/** What stands in a configuration must be one line. */
function lineRefusal(answer: string): string | undefined {
  return /\p{Cc}/u.test(answer) ? 'has a control character in it' : undefined;
}

function pathRefusal(answer: string): string | undefined {
  if (answer === '' || isAbsolute(answer)) return lineRefusal(answer);
  return 'must be an absolute path: it is read from wherever the service starts';
}

async function uriRefusal(answer: string): Promise<string | undefined> {
  try {
    checkBrokerUris(answer);
    if (!answer.startsWith('file:')) await brokerUris(answer);
    return lineRefusal(answer);
  } catch (error) {
    return reasonOf(error);
  }
}

function secretRefusal(answer: string): string | undefined {
  // STOMP 1.2, "Value Encoding": CONNECT is not escaped
  return /[\r\n\0]/.test(answer) ? 'has a line end or NUL in it, which CONNECT cannot carry' : undefined;
}

/** The questions about one broker; `to-` are those about the second one of a shovel. */
function brokerQuestions(prefix: '' | 'to-', which: string): Question[] {
  const wanted = (answers: Answers) => prefix === '' || directionOf(answers) === 'shovel';
  const logsIn = (answers: Answers) => wanted(answers) && (answers.get(`${prefix}user`) ?? '') !== '';
  return [
    {
      name: `${prefix}uri`,
      doc: `URI of the ${which}, such as stomp://HOST:61613 or ssl://HOST:61614`,
      value: 'URI',
      wanted,
      fallback: () => undefined,
      refusal: uriRefusal,
    },
    {
      name: `${prefix}user`,
      doc: `user at the ${which}; none: no login`,
      value: 'NAME',
      wanted,
      fallback: () => '',
      refusal: lineRefusal,
    },
    {
      name: `${prefix}pass-file`,
      doc: `file that holds the password for the ${which} already; without it the password is asked for, or read from standard input`,
      value: 'FILE',
      unasked: true,
      wanted: logsIn,
      fallback: () => '',
      refusal: pathRefusal,
    },
    {
      name: `${prefix}password`,
      doc: `password at the ${which} (not shown)`,
      wanted: (answers) => logsIn(answers) && (answers.get(`${prefix}pass-file`) ?? '') === '',
      fallback: () => undefined,
      refusal: secretRefusal,
    },
    {
      name: `${prefix}ca`,
      doc: `file with the CA of the ${which}; none: those that the system trusts`,
      value: 'FILE',
      wanted: (answers) => wanted(answers) && TLS.test(answers.get(`${prefix}uri`) ?? ''),
      fallback: () => '',
      refusal: pathRefusal,
    },
  ];
}

/** Every question, in the order in which they are asked. `file` is the configuration to be, undefined while nobody asks. */
export function questions(file: (answers: Answers) => string): Question[] {
  return [
    {
      name: 'direction',
      doc: 'sender (queue to broker), receiver (broker to queue), shovel (broker to broker) or cron (queue to broker, once)',
      value: 'WHICH',
      wanted: () => true,
      fallback: () => 'sender',
      refusal: (answer) => (isDirection(answer) ? undefined : `must be one of ${DIRECTIONS.join(', ')}`),
    },
    ...brokerQuestions('', 'broker'),
    ...brokerQuestions('to-', 'broker that a shovel sends to'),
    {
      name: 'queue',
      doc: 'folder of the queue',
      value: 'PATH',
      wanted: hasQueue,
      fallback: (answers) => defaultQueue(file(answers)),
      refusal: (answer) => (answer === '' ? 'name a folder' : pathRefusal(answer)),
    },
    {
      name: 'destination',
      doc: 'destination at the broker, such as /queue/NAME (sender and cron: where every message goes; none: each has its own)',
      value: 'NAME',
      wanted: () => true,
      fallback: (answers) => (['sender', 'cron'].includes(directionOf(answers)) ? '' : undefined),
      refusal: lineRefusal,
    },
  ];
}

/** Where the units look, so that nothing is left to be moved. */
export const SYSTEM_FOLDER = '/etc/stompctl';

/** `/etc/stompctl/sender.conf`: `sender`. */
export function instanceName(file: string): string {
  return parse(file).name;
}

/** Beside a configuration of the system lie its queues under /var/spool; beside any other, under it. */
export function defaultQueue(file: string): string {
  const name = instanceName(file);
  return dirname(file) === SYSTEM_FOLDER ? join('/var/spool/stompctl', name) : join(dirname(file), `${name}-queue`);
}

export function defaultPidfile(file: string): string {
  const name = `${instanceName(file)}.pid`;
  return dirname(file) === SYSTEM_FOLDER ? join('/run/stompctl', name) : join(dirname(file), name);
}

/** Where the password goes. */
export function secretFile(file: string, prefix: '' | 'to-'): string {
  const ending = prefix === '' ? '.pass' : '-to.pass';
  return join(dirname(file), `${parse(basename(file)).name}${ending}`);
}
