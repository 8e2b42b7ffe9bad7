import type { LogLevel } from '../observe/logger.js';
import type { BrokerType } from '../stomp/client-dialects.js';
import { sideProtocol } from './amqp-rules.js';
import { uriScheme } from './broker-uri.js';
import { ignoredFailoverOptions } from './broker-uris.js';
import { commandSettings, commandWarnings, incomingCommand } from './command-settings.js';
import { folderWarnings, incomingFolder, outgoingFolder } from './folder-settings.js';
import { placeOf } from './formats/config-node.js';
import { parseListenAddress } from './listen-address.js';
import { AMQPCLT_ONLY, insteadOf } from './options/broker-rows.js';
import type { Table } from './options/option-reader.js';
import type { OptionValues } from './options/option-values.js';
import { lossOf, queueFormat } from './queue-format.js';
import type {
  BrokerSettings,
  CallbackSettings,
  CredentialSettings,
  Deliver,
  InputSettings,
  OutputSettings,
  ProcessSettings,
  QueueSettings,
  RewriteSettings,
  Settings,
  SinkSettings,
  SourceSettings,
  SubscriptionSettings,
} from './settings.js';
import { inputsOf, outputsOf } from './settings.js';
import { versionsOf } from './stomp-versions.js';

/** Reconnection attempts of a run that has an end. */
const BOUNDED_ATTEMPTS = 10;
/** The most messages asked for when `count` says how many are wanted. */
const MOST_COUNTED_PREFETCH = 100;

/** Makes the settings of values that follow every rule. `callbackFile` is the content of `callback-path`. */
export function buildSettings(values: OptionValues, callbackFile?: string): Settings {
  const fromBroker = values.hasAnywhere('incoming-broker-uri');
  const loop = values.flag('loop');
  const overUdp = uriScheme(values.text('outgoing-broker-uri') ?? '') === 'udp';
  const reliable = values.flag('reliable') && !overUdp;
  return {
    source: source(values, reliable),
    sink: sink(values),
    ...buildChecks(values, callbackFile),
    failureQueue: optionalQueue(values, 'failure-queue'),
    tapQueue: optionalQueue(values, 'tap-queue'),
    loop,
    remove: values.flag('remove'),
    reliable,
    lazy: values.flag('lazy'),
    heartBeat: values.flag('heart-beat') && !overUdp,
    window: values.definite('window'),
    windowBytes: values.definite('window-bytes'),
    maxMessageSize: values.definite('max-message-size'),
    maxAttempts: values.definite('max-attempts'),
    maxParked: values.definite('max-parked'),
    sync: sync(values, reliable),
    // no time at all is no message: what is open is closed again
    count: values.number('duration') === 0 ? 0 : values.number('count'),
    durationMs: milliseconds(values.number('duration') || undefined),
    maxRate: values.number('max-rate'),
    maxRateBytes: values.number('max-rate-bytes'),
    statistics: values.flag('statistics'),
    ...buildProcess(values),
    reconnect: {
      delayMs: definiteMs(values, 'reconnect-delay'),
      maxDelayMs: definiteMs(values, 'reconnect-max-delay'),
      attempts: values.number('reconnect-attempts') ?? (loop || fromBroker ? undefined : BOUNDED_ATTEMPTS),
    },
    timeouts: {
      brokerMs: definiteMs(values, 'timeout-broker'),
      clientMs: definiteMs(values, 'timeout-client'),
      connectMs: definiteMs(values, 'timeout-connect'),
      disconnectMs: definiteMs(values, 'timeout-disconnect'),
      flushMs: definiteMs(values, 'timeout-flush'),
      inactivityMs: milliseconds(values.number('timeout-inactivity')),
      lingerMs: definiteMs(values, 'timeout-linger'),
      serverMs: definiteMs(values, 'timeout-server'),
      statusMs: milliseconds(values.number('timeout-status')),
    },
  };
}

function source(values: OptionValues, reliable: boolean): SourceSettings {
  if (values.inputs.length === 0) return input(values, reliable);
  const each = values.eachInput();
  const inputs = values.inputs.flatMap(({ name }, index) => {
    const own = each[index];
    return own === undefined ? [] : [{ name, source: input(own, reliable) }];
  });
  return { kind: 'merged', inputs };
}

function input(values: OptionValues, reliable: boolean): InputSettings {
  const folder = values.table('incoming-folder');
  if (folder !== undefined) {
    return { kind: 'folder', folder: incomingFolder(folder, values.table('folder-headers') ?? {}) };
  }
  const command = values.table('incoming-command');
  if (command !== undefined) return { kind: 'command', command: incomingCommand(command) };
  if (!values.has('incoming-broker-uri')) {
    return { kind: 'queue', queue: queue(values.table('incoming-queue') ?? {}, values.table('queue-headers')) };
  }
  return {
    kind: 'broker',
    broker: broker(values, 'incoming'),
    subscriptions: subscriptions(values),
    prefetch: prefetch(values, reliable),
  };
}

function sink(values: OptionValues): SinkSettings {
  if (values.outputs.length === 0) return output(values);
  const each = values.eachOutput();
  const outputs = values.outputs.flatMap(({ name }, index) => {
    const own = each[index];
    return own === undefined ? [] : [{ name, sink: output(own) }];
  });
  return { kind: 'several', deliver: values.text('deliver') as Deliver, outputs };
}

function output(values: OptionValues): OutputSettings {
  const folder = values.table('outgoing-folder');
  if (folder !== undefined) return { kind: 'folder', folder: outgoingFolder(folder) };
  const command = values.table('outgoing-command');
  if (command !== undefined) {
    return { kind: 'command', command: commandSettings(command, () => broker(values, 'incoming')) };
  }
  if (values.has('outgoing-broker-uri')) return { kind: 'broker', broker: broker(values, 'outgoing') };
  return { kind: 'queue', queue: queue(values.table('outgoing-queue') ?? {}) };
}

/** The part about checking messages. */
export function buildChecks(values: OptionValues, callbackFile?: string): Pick<Settings, 'rewrite' | 'callback'> {
  return { rewrite: rewrite(values), callback: callback(values, callbackFile) };
}

/** What is more than nothing stays so: 0 ms would mean "off" to some, and "at once" to others. */
function inMs(seconds: number): number {
  return seconds > 0 ? Math.max(1, Math.round(seconds * 1000)) : 0;
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : inMs(seconds);
}

function definiteMs(values: OptionValues, name: string): number {
  return inMs(values.definite(name));
}

/** The part that belongs to the process. */
export function buildProcess(values: OptionValues): ProcessSettings {
  return {
    pidfile: values.text('pidfile'),
    onOverlap: values.text('on-overlap') === 'quiet' ? 'quiet' : 'fail',
    daemon: values.flag('daemon'),
    debug: values.definite('debug'),
    logLevel: logLevel(values),
    logFormat: values.text('log-format') as Settings['logFormat'],
    metricsListen: metricsListen(values),
    metricsRemote: values.flag('metrics-remote'),
    metricsTextfile: values.text('metrics-textfile'),
  };
}

function sync(values: OptionValues, reliable: boolean): Settings['sync'] {
  if (!values.has('sync') && !reliable) return 'none';
  return values.text('sync') as Settings['sync'];
}

function logLevel(values: OptionValues): LogLevel {
  const debug = values.definite('debug');
  if (values.has('log-level') || debug === 0) return values.text('log-level') as LogLevel;
  return debug === 1 ? 'debug' : 'trace';
}

function metricsListen(values: OptionValues): Settings['metricsListen'] {
  const text = values.text('metrics-listen');
  const address = text === undefined ? undefined : parseListenAddress(text, values.flag('metrics-remote'));
  // a rule has refused what is none
  return typeof address === 'string' ? undefined : address;
}

/** As stompclt: a run that counts does not take more from the broker than it needs. */
function prefetch(values: OptionValues, reliable: boolean): number | undefined {
  const count = values.number('count');
  const given = values.number('prefetch');
  if (given !== undefined || count === undefined || count === 0 || !reliable) return given;
  return Math.min(count, MOST_COUNTED_PREFETCH);
}

function optionalQueue(values: OptionValues, name: string): QueueSettings | undefined {
  const table = values.table(name);
  return table === undefined ? undefined : queue(table);
}

function queue(table: Table, headers?: Table): QueueSettings {
  const number = (key: string): number | undefined => (table[key] === undefined ? undefined : Number(table[key]));
  return {
    path: String(table.path ?? ''),
    type: (table.type ?? 'DQS') as QueueSettings['type'],
    umask: number('umask'),
    granularity: number('granularity') ?? 60,
    rndhex: number('rndhex'),
    maxLock: number('maxlock') ?? 600,
    maxTemp: number('maxtemp') ?? 300,
    maxElts: number('maxelts') ?? 16_000,
    maxOpen: number('max-open') ?? 100,
    compression: table.compression as QueueSettings['compression'],
    ...queueFormat(table, headers),
    limits: queueLimits(number('max-elements'), number('max-bytes'), table['min-free']),
    deduplicate: deduplicate(number('deduplicate'), table['deduplicate-by']),
  };
}

function deduplicate(size: number | undefined, by: Table[string] | undefined): QueueSettings['deduplicate'] {
  return size === undefined ? undefined : { size, by: by === undefined ? undefined : String(by) };
}

function queueLimits(
  maxElements: number | undefined,
  maxBytes: number | undefined,
  free: Table[string] | undefined,
): QueueSettings['limits'] {
  if (maxElements === undefined && maxBytes === undefined && free === undefined) return undefined;
  if (free === undefined) return { maxElements, maxBytes };
  const minFree = typeof free === 'number' ? { bytes: free } : { share: Number.parseFloat(free) / 100 };
  return { maxElements, maxBytes, minFree };
}

function texts(table: Table | undefined): Record<string, string> {
  const header = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(table ?? {})) header[name] = String(value);
  return header;
}

function broker(values: OptionValues, side: 'incoming' | 'outgoing'): BrokerSettings {
  const prefix = `${side}-broker`;
  const { version: _, 'accept-version': __, ...connect } = texts(values.table(`${prefix}-connect`));
  return {
    uri: values.text(`${prefix}-uri`) ?? '',
    protocol: sideProtocol(values, side),
    type: values.text(`${prefix}-type`) as BrokerType | undefined,
    auth: values.tables(`${prefix}-auth`).map(credential),
    version: versionsOf(values.table(`${prefix}-connect`) ?? {}) ?? [],
    connect: texts(connect),
    sockopts: texts(values.table(`${prefix}-sockopts`)),
    stompDebug: values.words(`${prefix}-stomp-debug`),
    members: values.text(`${prefix}-members`) === 'all' ? 'all' : 'one',
    resolveMs: definiteMs(values, 'resolve-interval'),
    persistent: side === 'outgoing' && values.text('outgoing-broker-persistent') === 'keep' ? 'keep' : 'true',
    contentLength: contentLengthOf(side === 'outgoing' ? values.text('outgoing-broker-content-length') : undefined),
  };
}

function credential(table: Table): CredentialSettings {
  const { scheme, ...fields } = texts(table);
  return { scheme: scheme as CredentialSettings['scheme'], fields: texts(fields) };
}

function subscriptions(values: OptionValues): SubscriptionSettings[] {
  const unsubscribes = values.tables('unsubscribe');
  return values.tables('subscribe').map((table, index) => ({
    header: texts(table),
    unsubscribe: unsubscribes[index] === undefined ? undefined : texts(unsubscribes[index]),
  }));
}

function rewrite(values: OptionValues): RewriteSettings | undefined {
  const list = values.rules('rewrite');
  return list === undefined ? undefined : { rules: list.rules, timeoutMs: definiteMs(values, 'callback-timeout') };
}

function callback(values: OptionValues, callbackFile: string | undefined): CallbackSettings | undefined {
  const path = values.text('callback-path');
  const given = values.given.get('callback-code');
  const code = path === undefined ? values.text('callback-code') : callbackFile;
  if (code === undefined) return undefined;
  const written = given?.textOrigin ?? { file: 'command line', line: 1 };
  return {
    code,
    origin: path === undefined ? { file: written.file, line: Math.max(written.line, 1) } : { file: path, line: 1 },
    fromPath: path !== undefined,
    language: values.text('callback-language') as CallbackSettings['language'],
    data: texts(values.table('callback-data')),
    timeoutMs: definiteMs(values, 'callback-timeout'),
    memoryBytes: values.definite('callback-memory'),
  };
}

/** Do rejected messages stay where they came from, unacknowledged, until too many do? */
function parksRejected(settings: Settings): boolean {
  const fromBroker = inputsOf(settings).some(({ kind }) => kind === 'broker');
  return fromBroker && settings.reliable && settings.failureQueue === undefined;
}

/** Options that do nothing without another one. */
const OF_NO_USE = [
  ['on-overlap', 'pidfile'],
  ['metrics-remote', 'metrics-listen'],
] as const;

/** What deserves a warning at start, though it is allowed. */
export function settingsWarnings(values: OptionValues, settings: Settings): string[] {
  const warnings: string[] = [];
  if (settings.loop && !settings.remove && inputsOf(settings).some(({ kind }) => kind === 'queue')) {
    warnings.push('loop without remove: every message of the incoming queue is sent again on every pass');
  }
  if (parksRejected(settings)) {
    warnings.push(
      `no failure-queue: rejected messages stay at the incoming broker, and the run stops at ${settings.maxParked} of them`,
    );
  }
  for (const { row, value, origin } of values.allGiven()) {
    const ignored = row.name.endsWith('-broker-uri') ? ignoredFailoverOptions(String(value)) : [];
    if (ignored.length > 0) {
      warnings.push(
        `${placeOf(origin)}: ${row.name}: of the failover options these are ignored: ${ignored.join(', ')}`,
      );
    }
  }
  for (const { row, origin } of values.allGiven()) {
    const name = AMQPCLT_ONLY.find((each) => each === row.name);
    if (name !== undefined) {
      warnings.push(`${placeOf(origin)}: ${name} is of amqpclt, and ignored: ${insteadOf(name)}`);
    }
  }
  for (const [name, needed] of OF_NO_USE) {
    const given = values.given.get(name);
    if (given === undefined || values.has(needed)) continue;
    warnings.push(`${placeOf(given.origin)}: ${name} is of no use without ${needed}`);
  }
  const textfile = values.given.get('metrics-textfile');
  if (textfile !== undefined && settings.metricsTextfile?.endsWith('.prom') === false) {
    warnings.push(
      `${placeOf(textfile.origin)}: metrics-textfile: the node exporter reads only files whose names end in .prom`,
    );
  }
  warnings.push(...folderWarnings(values), ...commandWarnings(values));
  const sinks = outputsOf(settings);
  for (const [index, each] of values.eachOutput().entries()) {
    const into = each.given.get('outgoing-queue');
    const to = sinks[index];
    if (into === undefined || to?.kind !== 'queue') continue;
    const loss = lossOf(to.queue);
    if (loss !== undefined) warnings.push(`${placeOf(into.origin)}: outgoing-queue: ${loss}`);
    if (!/%\{(?!header:[^}]+\})/.test(to.queue.path)) continue;
    const text = 'outgoing-queue: "%{" in its path stands as it is; the value of a header is %{header:NAME}';
    warnings.push(`${placeOf(into.origin)}: ${text}`);
  }
  const data = values.given.get('callback-data');
  if (data !== undefined && settings.callback === undefined) {
    warnings.push(`${placeOf(data.origin)}: callback-data is of no use without callback-code or callback-path`);
  }
  return warnings;
}

function contentLengthOf(choice: string | undefined): BrokerSettings['contentLength'] {
  return choice === 'always' || choice === 'never' ? choice : 'auto';
}
