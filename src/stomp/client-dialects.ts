import type { StompVersion } from './codec/frame.js';

export type BrokerType = 'ActiveMQ' | 'Apollo' | 'Artemis' | 'RabbitMQ' | 'UNKNOWN';

/** What is particular about one kind of broker. A new broker is one row of `DIALECTS`. */
export interface Dialect {
  readonly type: BrokerType;
  /** told by the `server` header of CONNECTED */
  readonly server: RegExp | undefined;
  /** told by the `session` header, for brokers that give no `server` (STOMP 1.0) */
  readonly session: RegExp | undefined;
  /** the header of SUBSCRIBE that limits what may be unacknowledged, and what it counts */
  readonly prefetch: { readonly header: string; readonly unit: 'messages' | 'bytes' } | undefined;
  /** `client-individual` is understood on STOMP 1.0 sessions too, where `client` would be cumulative */
  readonly individualOn10: boolean;
  /** `message-id` of a message is the same when it is delivered again, also to another session */
  readonly stableIds: boolean;
  /** a SEND with `content-length` is kept as bytes, one without as text: text messages go without it */
  readonly textWithoutLength: boolean;
  /** the header of SUBSCRIBE that names a durable subscription which UNSUBSCRIBE ends only once nobody receives from it */
  readonly durableName: string | undefined;
  /** the escapes of headers, where they are not those of the negotiated version (RabbitMQ uses those of 1.2 on 1.0 and 1.1 too) */
  readonly escapes: StompVersion | undefined;
  /**
   * a SEND that says `persistent:false` makes a queue that goes away with the session (RabbitMQ), and any other value than `true` and
   * `false` is an ERROR: what is not to be persistent says nothing
   */
  readonly persistentOnlyTrue: boolean;
  /** the header of SEND by which it drops what it has already: `_AMQ_DUPL_ID` (Artemis, "Duplicate Message Detection") */
  readonly duplicateId: string | undefined;
  /** its store keeps headers in UTF-16 units, each encoded by itself: characters beyond U+FFFF come back altered after a restart */
  readonly headersOfUnits: boolean;
  /**
   * where the reply to a request comes: to `/temp-queue/NAME`, which a SEND that names it in `reply-to` makes (RabbitMQ, "Temp Queue
   * Destinations"), or which a SUBSCRIBE makes (ActiveMQ); or to a queue with a name of its own
   */
  readonly replies: 'made-by-send' | 'made-by-subscribe' | 'named';
  /**
   * a SUBSCRIBE with `browser:true` shows a queue and takes nothing, and ends with a MESSAGE that says `browser:end` (ActiveMQ, from
   * STOMP 1.1 on). Artemis knows no such header
   */
  readonly browses: boolean;
  /** destinations that it makes no queue for: when none is there, or bound, it confirms a SEND and drops it (RabbitMQ) */
  readonly dropsUnrouted: RegExp | undefined;
  /**
   * destinations whose queue is made by the first SEND, as `durable`, `exclusive` and `auto-delete` among its headers say (RabbitMQ)
   */
  readonly shapedBySend: RegExp | undefined;
}

const UNKNOWN: Dialect = {
  type: 'UNKNOWN',
  server: undefined,
  session: undefined,
  prefetch: undefined,
  individualOn10: false,
  stableIds: false,
  textWithoutLength: false,
  durableName: undefined,
  escapes: undefined,
  persistentOnlyTrue: false,
  duplicateId: undefined,
  headersOfUnits: false,
  replies: 'named',
  browses: false,
  dropsUnrouted: undefined,
  shapedBySend: undefined,
};

/** Read from the top: `ActiveMQ-Artemis` before `ActiveMQ`. */
export const DIALECTS: readonly Dialect[] = [
  {
    type: 'RabbitMQ',
    server: /^RabbitMQ\b/i,
    session: /^session-[\w-]{22}$/,
    prefetch: { header: 'prefetch-count', unit: 'messages' },
    individualOn10: true,
    stableIds: false,
    textWithoutLength: false,
    durableName: undefined,
    escapes: '1.2',
    persistentOnlyTrue: true,
    duplicateId: undefined,
    headersOfUnits: false,
    replies: 'made-by-send',
    browses: false,
    dropsUnrouted: /^\/(?:amq\/queue|exchange)\//,
    // a plain name too
    shapedBySend: /^(?:\/queue\/|[^/])/,
  },
  {
    type: 'Artemis',
    server: /^(?:apache-)?(?:ActiveMQ-)?Artemis\b/i,
    session: undefined,
    prefetch: { header: 'consumer-window-size', unit: 'bytes' },
    individualOn10: false,
    stableIds: false,
    textWithoutLength: true,
    durableName: undefined,
    escapes: undefined,
    persistentOnlyTrue: false,
    duplicateId: '_AMQ_DUPL_ID',
    headersOfUnits: false,
    replies: 'named',
    browses: false,
    dropsUnrouted: undefined,
    shapedBySend: undefined,
  },
  {
    type: 'ActiveMQ',
    server: /^ActiveMQ\b/i,
    session: /^ID:/,
    prefetch: { header: 'activemq.prefetchSize', unit: 'messages' },
    individualOn10: true,
    stableIds: true,
    textWithoutLength: true,
    durableName: 'activemq.subscriptionName',
    escapes: undefined,
    persistentOnlyTrue: false,
    duplicateId: undefined,
    headersOfUnits: true,
    replies: 'made-by-subscribe',
    browses: true,
    dropsUnrouted: undefined,
    shapedBySend: undefined,
  },
  {
    type: 'Apollo',
    server: /^apache-apollo\b/i,
    session: undefined,
    prefetch: { header: 'credit', unit: 'messages' },
    individualOn10: false,
    stableIds: false,
    textWithoutLength: false,
    durableName: undefined,
    escapes: undefined,
    persistentOnlyTrue: false,
    duplicateId: undefined,
    headersOfUnits: false,
    replies: 'named',
    browses: false,
    dropsUnrouted: undefined,
    shapedBySend: undefined,
  },
  UNKNOWN,
];

/** The row of a broker, from the configured type, or else from what CONNECTED says. */
export function dialectOf(
  type: BrokerType | undefined,
  server: string | undefined,
  session: string | undefined,
): Dialect {
  const row = DIALECTS.find(
    (dialect) =>
      dialect.type === type ||
      (type === undefined &&
        ((server !== undefined && dialect.server?.test(server)) ||
          (server === undefined && session !== undefined && dialect.session?.test(session)))),
  );
  return row ?? UNKNOWN;
}

/** Whether a `persistent` header means that the message need not be kept; whatever does not mean that means `true`. */
export function meansNotPersistent(value: string | undefined): value is string {
  return value !== undefined && /^\s*(?:false|no|off|0)\s*$/i.test(value);
}

/**
 * The `persistent` to write for `value`, undefined: none. ActiveMQ reads anything but `true` as false, RabbitMQ refuses it: `1`, `TRUE`
 * and `yes` are written as what they mean.
 */
export function persistentFor(value: string, dialect: Dialect): string | undefined {
  if (!meansNotPersistent(value)) return 'true';
  return dialect.persistentOnlyTrue ? undefined : 'false';
}

/** What an ERROR in place of CONNECTED says when the login or the virtual host is at fault. */
const LOGIN_REFUSED =
  /bad connect|access refused|virtual host|password|passcode|credential|authenti|authori[sz]|not allowed|invalid login|login|security|forbidden|AMQ229031/i;

/** Whether the `message` header of an ERROR in answer to CONNECT means that these credentials will never be accepted. */
export function saysLoginRefused(message: string): boolean {
  return LOGIN_REFUSED.test(message);
}
