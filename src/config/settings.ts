import type { CommandWord } from '../base/command-words.js';
import type { MessageFields } from '../dirq/fields/schema.js';
import type { QueueLimits } from '../dirq/queue-gauge.js';
import type { ElementFormat, QueueType, SyncMode } from '../dirq/queue-options.js';
import type { HeaderTemplates } from '../message/header-templates.js';
import type { Compression } from '../message/json.js';
import type { LogFormat } from '../observe/log-output.js';
import type { LogLevel } from '../observe/logger.js';
import type { BrokerType } from '../stomp/client-dialects.js';
import type { StompVersion } from '../stomp/codec/frame.js';
import type { BrokerProtocol } from './broker-uri.js';
import type { ListenAddress } from './listen-address.js';

/** One place that messages come from. */
export type InputSettings =
  | { readonly kind: 'queue'; readonly queue: QueueSettings }
  | { readonly kind: 'folder'; readonly folder: IncomingFolderSettings }
  | { readonly kind: 'command'; readonly command: IncomingCommandSettings }
  | {
      readonly kind: 'broker';
      readonly broker: BrokerSettings;
      readonly subscriptions: readonly SubscriptionSettings[];
      readonly prefetch: number | undefined;
    };

/** Several places, in the order of the file; never empty. */
export interface MergedSettings {
  readonly kind: 'merged';
  readonly inputs: readonly { readonly name: string; readonly source: InputSettings }[];
}

export type SourceSettings = InputSettings | MergedSettings;

/** One place that messages go to. */
export type OutputSettings =
  | { readonly kind: 'queue'; readonly queue: QueueSettings }
  | { readonly kind: 'broker'; readonly broker: BrokerSettings /** of a command */; readonly replies?: true }
  | { readonly kind: 'command'; readonly command: CommandSettings }
  | { readonly kind: 'folder'; readonly folder: OutgoingFolderSettings };

export type Deliver = 'first' | 'every' | 'route';

/** Several places, in the order of the file; never empty. */
export interface SeveralSettings {
  readonly kind: 'several';
  readonly deliver: Deliver;
  readonly outputs: readonly { readonly name: string; readonly sink: OutputSettings }[];
}

export type SinkSettings = OutputSettings | SeveralSettings;

/** Each place that messages come from. */
export function inputsOf({ source }: { readonly source: SourceSettings }): readonly InputSettings[] {
  return source.kind === 'merged' ? source.inputs.map((input) => input.source) : [source];
}

/** Each place that messages go to. */
export function outputsOf({ sink }: { readonly sink: SinkSettings }): readonly OutputSettings[] {
  return sink.kind === 'several' ? sink.outputs.map((output) => output.sink) : [sink];
}

/** What belongs to the process, however many transfers it runs. */
export interface ProcessSettings {
  readonly pidfile: string | undefined;
  /** what a start does while the process of the pidfile runs */
  readonly onOverlap: 'fail' | 'quiet';
  readonly daemon: boolean;
  /** -d: 0 to 3 */
  readonly debug: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat | undefined;
  readonly metricsListen: ListenAddress | undefined;
  /** the address may be one that other hosts can reach */
  readonly metricsRemote: boolean;
  readonly metricsTextfile: string | undefined;
}

/** What a validated configuration says: every option with its type, its unit and its default filled in. */
export interface Settings extends ProcessSettings {
  readonly source: SourceSettings;
  readonly sink: SinkSettings;
  /** applied before the callback */
  readonly rewrite: RewriteSettings | undefined;
  readonly callback: CallbackSettings | undefined;
  readonly failureQueue: QueueSettings | undefined;
  /** a copy of every message that passed the callback */
  readonly tapQueue: QueueSettings | undefined;

  /** queue source: keep going round after the last element */
  readonly loop: boolean;
  /** queue source: remove what was sent; otherwise it is browsed */
  readonly remove: boolean;
  readonly reliable: boolean;
  readonly lazy: boolean;
  readonly heartBeat: boolean;
  /** deliveries */
  readonly window: number;
  /** bytes */
  readonly windowBytes: number;
  /** bytes */
  readonly maxMessageSize: number;
  readonly maxAttempts: number;
  readonly maxParked: number;
  readonly sync: SyncMode;
  /** messages taken from the source; undefined: without end */
  readonly count: number | undefined;
  readonly durationMs: number | undefined;
  /** messages a second taken from the source; undefined: as they come */
  readonly maxRate: number | undefined;
  /** bytes a second */
  readonly maxRateBytes: number | undefined;
  readonly statistics: boolean;
  readonly reconnect: {
    readonly delayMs: number;
    readonly maxDelayMs: number;
    /** undefined: without end */
    readonly attempts: number | undefined;
  };
  readonly timeouts: {
    readonly brokerMs: number;
    readonly clientMs: number;
    readonly connectMs: number;
    readonly disconnectMs: number;
    readonly flushMs: number;
    /** undefined: off */
    readonly inactivityMs: number | undefined;
    readonly lingerMs: number;
    readonly serverMs: number;
    /** undefined: off */
    readonly statusMs: number | undefined;
  };
}

export interface QueueSettings {
  /** empty only when `type` is NULL */
  readonly path: string;
  readonly type: QueueType | 'NULL';
  readonly umask: number | undefined;
  /** seconds */
  readonly granularity: number;
  readonly rndhex: number | undefined;
  /** seconds */
  readonly maxLock: number;
  /** seconds */
  readonly maxTemp: number;
  /** DQN: elements an intermediate folder holds */
  readonly maxElts: number;
  /** of a path with values of headers in it: how many of its queues may be open at once */
  readonly maxOpen: number;
  /** DQS; queues that are written to */
  readonly compression: Compression | undefined;
  /** DQS: what an element holds */
  readonly format: ElementFormat;
  /** raw, queues that are read: a body that is UTF-8 is text */
  readonly rawText: boolean;
  /** DQN: the files of an element; undefined: those of a message */
  readonly fields: MessageFields | undefined;
  /** raw, or with a schema, the queue that is read: headers of its messages */
  readonly headers: HeaderTemplates | undefined;
  /** queues that are written to: what they may grow to */
  readonly limits: QueueLimits | undefined;
  /** DQS; queues that are written to: remember so many messages, by the header or else by what the broker or the producer names them by */
  readonly deduplicate: { readonly size: number; readonly by: string | undefined } | undefined;
}

export interface IncomingFolderSettings {
  readonly path: string;
  readonly pattern: string;
  /** a file that was changed more recently is left alone */
  readonly stableMs: number;
  readonly afterwards: { readonly kind: 'remove' | 'leave' } | { readonly kind: 'move'; readonly to: string };
  /** templates of headers, by name */
  readonly headers: Readonly<Record<string, CommandWord>>;
  readonly sidecar: boolean;
  readonly text: boolean;
  /** seconds */
  readonly maxLock: number;
}

export interface OutgoingFolderSettings {
  readonly path: string;
  /** a template; undefined: names of our own */
  readonly fileName: CommandWord | undefined;
  readonly sidecar: boolean;
  readonly umask: number | undefined;
}

export interface IncomingCommandSettings {
  /** the program and its arguments */
  readonly words: readonly string[];
  /** is it told which of its lines are safe? */
  readonly acks: boolean;
}

export interface CommandSettings {
  /** the program and its arguments */
  readonly words: readonly CommandWord[];
  /** messages a run; undefined: one, and its body alone is the input */
  readonly batch: number | undefined;
  /** all that comes within this time is one run */
  readonly coalesceMs: number | undefined;
  /** runs at a time */
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** where what the command writes goes as a reply; undefined: into the log */
  readonly replies: BrokerSettings | undefined;
}

export interface BrokerSettings {
  /** as given; `broker-uri.ts` parses it at each attempt */
  readonly uri: string;
  readonly protocol: BrokerProtocol;
  /** undefined: recognised from CONNECTED */
  readonly type: BrokerType | undefined;
  /** as given; `credential.ts` resolves files and variables at each attempt */
  readonly auth: readonly CredentialSettings[];
  /** the versions to offer; never empty */
  readonly version: readonly StompVersion[];
  /** extra CONNECT headers; they win over ours. Never `version`, `accept-version` */
  readonly connect: Readonly<Record<string, string>>;
  readonly sockopts: Readonly<Record<string, string>>;
  readonly stompDebug: readonly string[];
  /** of a name with several addresses: any of them, the next one after a failure; or a session with each */
  readonly members: 'one' | 'all';
  /** how often `all` are looked up again */
  readonly resolveMs: number;
  /** outgoing only: add `persistent:true` to a SEND without it, or not */
  readonly persistent: 'true' | 'keep';
  /** outgoing only: `content-length` on text messages; `auto`: as the kind of broker needs it */
  readonly contentLength: 'auto' | 'always' | 'never';
}

export interface CredentialSettings {
  readonly scheme: 'none' | 'plain' | 'x509';
  /** `name pass pass-file pass-env pass-credential cert key ca`, %-decoded */
  readonly fields: Readonly<Record<string, string>>;
}

export interface SubscriptionSettings {
  /** headers of SUBSCRIBE, `destination` among them; `id` and `ack` may be given */
  readonly header: Readonly<Record<string, string>>;
  /** headers of UNSUBSCRIBE at the end; undefined: none is sent */
  readonly unsubscribe: Readonly<Record<string, string>> | undefined;
}

export interface RewriteSettings {
  /** as written; the callback's reader of rules understands them */
  readonly rules: readonly unknown[];
  /** the longest that the patterns may take for one message */
  readonly timeoutMs: number;
}

export interface CallbackSettings {
  readonly code: string;
  /** where the code stands, for error messages: `line` is where its first line is in `file` */
  readonly origin: { readonly file: string; readonly line: number };
  readonly fromPath: boolean;
  readonly language: 'javascript' | 'perl' | undefined;
  readonly data: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly memoryBytes: number;
}
