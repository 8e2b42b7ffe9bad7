import { type Header, newHeader } from '../message/message.js';
import type { Frame } from '../stomp/codec/frame.js';
import { Refusal } from './broker-refusal.js';
import { type Credit, PREFETCH_HEADERS, type PrefetchHeader, UNLIMITED } from './credit.js';
import type { Incoming, Store } from './store.js';

/**
 * What differs between brokers and matters to a client, as observed on RabbitMQ 3.10 and ActiveMQ 5.17
 * (`docs/in-process-broker.md` has the table). Imitation ends there: nothing else of those brokers is here.
 */
export interface Dialect {
  readonly name: 'own' | 'RabbitMQ' | 'ActiveMQ' | 'Artemis' | 'Apollo';
  readonly prefetchHeaders: readonly PrefetchHeader[];
  /** for a SUBSCRIBE that asks for nothing */
  readonly defaultCredit: Credit;
  /** whether ERROR names the receipt that it stands for */
  readonly errorHasReceiptId: boolean;
  /** whether the socket is closed after an ERROR, as the standard demands */
  readonly errorCloses: boolean;
  /** whether CONNECTED says `version:1.0` too, which STOMP 1.0 does not know */
  readonly alwaysSaysVersion: boolean;
  /** whether MESSAGE says `redelivered:false` too */
  readonly alwaysSaysRedelivered: boolean;
  /** whether MESSAGE has `content-length` only when SEND had it */
  readonly keepsContentLength: boolean;
  /** whether unacknowledged messages go back at UNSUBSCRIBE; if not, they can still be acknowledged */
  readonly unsubscribeGivesBack: boolean;
  /** what NACK does: `requeue` unless it says `requeue:false`, or to the queue of this name */
  readonly nack: 'requeue' | { readonly deadLetter: string };
  /** whether a `host` that it was not told of is refused; `virtualHosts` of the options makes every dialect do so */
  readonly refusesUnknownHosts: boolean;
  /** whether SUBSCRIBE with `browser:true` shows what waits and takes nothing, up to a MESSAGE with `browser:end` */
  readonly browses: boolean;
  /** whether `/temp-queue/NAME` in the `reply-to` of a SEND makes a queue of this session, and a subscription to it */
  readonly makesReplyQueues: boolean;
  /** Throws a Refusal for destinations and ids of SEND, SUBSCRIBE and UNSUBSCRIBE that this broker does not allow. */
  check(frame: Frame, store: Pick<Store, 'queues'>): void;
  /** the ERROR for a login that is refused */
  refusedLogin(user: string): Refusal;
  /** what a SEND leaves in the store; throws a Refusal for headers that this broker does not allow */
  incoming(destination: string, frame: Frame): Incoming;
}

/** RabbitMQ, "Temp Queue Destinations": what a client calls a queue of its session, and what others call it. */
export const TEMP_QUEUE = '/temp-queue/';
const REPLY_QUEUE = '/reply-queue/';

/** What a `reply-to` says of a queue of the store. */
export function replyDestination(queue: string): string {
  return queue.replace('/queue/', REPLY_QUEUE);
}

function queueOfReply(destination: string): string | undefined {
  return destination.startsWith(REPLY_QUEUE) ? `/queue/${destination.slice(REPLY_QUEUE.length)}` : undefined;
}

/** Of a SEND, what concerns only its way to the broker. */
const OF_THE_WAY = new Set([
  'destination',
  'content-length',
  'receipt',
  'transaction',
  'message-id',
  'subscription',
  'ack',
  'redelivered',
]);
/** What RabbitMQ adds to each MESSAGE; a SEND's own value follows it. */
const MADE_BY_RABBITMQ = new Set(['receipt', 'ack', 'subscription', 'redelivered']);

const OWN: Dialect = {
  name: 'own',
  prefetchHeaders: PREFETCH_HEADERS,
  defaultCredit: UNLIMITED,
  errorHasReceiptId: true,
  errorCloses: true,
  alwaysSaysVersion: false,
  alwaysSaysRedelivered: false,
  keepsContentLength: false,
  unsubscribeGivesBack: true,
  nack: { deadLetter: '/queue/DLQ' },
  refusesUnknownHosts: false,
  browses: false,
  makesReplyQueues: false,
  check: () => undefined,
  refusedLogin: (user) => new Refusal('Login refused', `Wrong name or password for ${JSON.stringify(user)}`),
  incoming: (destination, frame) => ({ destination, header: without(frame.header, OF_THE_WAY), body: frame.body }),
};

const RABBITMQ: Dialect = {
  ...OWN,
  name: 'RabbitMQ',
  prefetchHeaders: ['prefetch-count'],
  errorHasReceiptId: false,
  errorCloses: false,
  alwaysSaysVersion: true,
  alwaysSaysRedelivered: true,
  unsubscribeGivesBack: false,
  nack: 'requeue',
  refusesUnknownHosts: true,
  makesReplyQueues: true,
  check: checkForRabbitmq,
  refusedLogin: (user) => new Refusal('Bad CONNECT', `Access refused for user '${user}'\n`),
  incoming(destination, frame) {
    if (frame.header['message-id'] !== undefined) {
      throw new Refusal('Message-id not allowed', "'message-id' is not allowed on 'SEND'\n");
    }
    const exchange = /^\/exchange\/([^/]*)/.exec(destination)?.[1];
    if (exchange !== undefined) {
      const detail = `NOT_FOUND - no exchange '${exchange}' in vhost '/'\n`;
      throw new Refusal('not_found', detail, { close: true });
    }
    const repeated: [string, string][] = [];
    for (const name in frame.header) {
      if (MADE_BY_RABBITMQ.has(name)) repeated.push([name, frame.header[name] ?? '']);
    }
    const queue = queueOfReply(destination);
    const kept = { header: without(frame.header, OF_THE_WAY), repeated, body: frame.body };
    return queue === undefined ? { destination, ...kept } : { destination: queue, ...kept, makesNoQueue: true };
  },
};

function checkForRabbitmq({ command, header }: Frame, store: Pick<Store, 'queues'>): void {
  const { destination = '', id = '' } = header;
  if (command !== 'SEND' && id.startsWith(TEMP_QUEUE)) {
    throw new Refusal('Invalid id', `${command} 'id' may not start with ${TEMP_QUEUE}\n`);
  }
  if (destination.startsWith(TEMP_QUEUE)) {
    throw new Refusal('Invalid destination', `'${destination}' is not a valid destination for '${command}'\n`);
  }
  const queue = queueOfReply(destination);
  if (command !== 'SUBSCRIBE' || queue === undefined) return;
  const name = queue.slice('/queue/'.length);
  if (!store.queues().has(queue)) {
    throw new Refusal('not_found', `NOT_FOUND - no queue '${name}' in vhost '/'\n`, { close: true });
  }
  const detail = `RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '${name}' in vhost '/'\n`;
  throw new Refusal('resource_locked', detail, { close: true });
}

/** ActiveMQ overwrites the headers that it makes itself; `ack` it makes only when there is something to acknowledge. */
const OVERWRITTEN_BY_ACTIVEMQ = new Set(['destination', 'message-id', 'subscription', 'transaction', 'redelivered']);
/** the longest header line that it takes */
const ACTIVEMQ_LINE = 10 * 1024;

const ACTIVEMQ: Dialect = {
  ...OWN,
  name: 'ActiveMQ',
  prefetchHeaders: ['activemq.prefetchSize'],
  defaultCredit: { messages: 1000, bytes: Number.POSITIVE_INFINITY },
  errorCloses: false,
  alwaysSaysVersion: true,
  keepsContentLength: true,
  nack: { deadLetter: 'ActiveMQ.DLQ' },
  browses: true,
  refusedLogin: (user) =>
    new Refusal(
      `User name [${user}] or password is invalid.`,
      `java.lang.SecurityException: User name [${user}] or password is invalid.\r\n\tat org.apache.activemq.security`,
    ),
  incoming(destination, frame) {
    for (const [name, value] of Object.entries(frame.header)) {
      if (name.length + value.length > ACTIVEMQ_LINE) {
        throw new Refusal('The maximum header length was exceeded', '', { close: true });
      }
    }
    return { destination, header: without(frame.header, OVERWRITTEN_BY_ACTIVEMQ), body: frame.body };
  },
};

const ARTEMIS: Dialect = {
  ...OWN,
  name: 'Artemis',
  prefetchHeaders: ['consumer-window-size'],
  defaultCredit: { messages: Number.POSITIVE_INFINITY, bytes: 10 * 1024 },
};

const APOLLO: Dialect = { ...OWN, name: 'Apollo', prefetchHeaders: ['credit'] };

/** The dialect that goes with a `server` header: `RabbitMQ/3.10.8`, `ActiveMQ/5.17.2`, `ActiveMQ-Artemis/2.20.0`, … */
export function dialectOf(server: string): Dialect {
  const product = server.split('/', 1)[0]?.toLowerCase();
  switch (product) {
    case 'rabbitmq':
      return RABBITMQ;
    case 'activemq':
      return ACTIVEMQ;
    case 'activemq-artemis':
      return ARTEMIS;
    case 'apache-apollo':
      return APOLLO;
    default:
      return OWN;
  }
}

function without(header: Readonly<Header>, names: ReadonlySet<string>): Header {
  const kept = newHeader();
  for (const name in header) {
    if (!names.has(name)) kept[name] = header[name] ?? '';
  }
  return kept;
}
