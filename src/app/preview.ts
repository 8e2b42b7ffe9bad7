import type { Clock } from '../base/clock.js';
import { StompctlError, unreachable } from '../base/errors.js';
import type { Environment } from '../config/formats/environment.js';
import {
  type IncomingFolderSettings,
  type InputSettings,
  inputsOf,
  type OutputSettings,
  type QueueSettings,
  type Settings,
  type SinkSettings,
  type SourceSettings,
  type SubscriptionSettings,
} from '../config/settings.js';
import type { QueueType } from '../dirq/queue-options.js';
import type { Delivery } from '../flow/delivery.js';
import type { Outcome, Processor } from '../flow/processor.js';
import type { TunableSource } from '../flow/source.js';
import type { Message } from '../message/message.js';
import { PathTemplate } from '../message/path-template.js';
import type { Logger } from '../observe/logger.js';
import { NullSink } from '../sinks/queue/null-sink.js';
import { type PreviewedElement, QueuePreview } from '../sources/queue/queue-preview.js';
import { folderSource } from './folder-ends.js';
import { memberSource } from './member-ends.js';
import { oneBrokerSource } from './one-broker.js';
import { openProcessor } from './open-processor.js';
import { outputFault } from './output-fault.js';
import { elementOptions } from './queue-ends.js';

export interface PreviewContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly env: Environment;
  /** what a callback prints; a promise that it gives is waited for */
  readonly print: (printed: string | Uint8Array) => unknown;
  /** ends it */
  readonly interrupt: AbortSignal;
}

/** A message, and what a run would make of it. */
export interface PreviewedMessage {
  /** what the source calls it */
  readonly name: string;
  /** undefined: it could not be read */
  readonly message: Message | undefined;
  readonly outcome: Outcome;
}

type BrokerSourceSettings = Extract<SourceSettings, { kind: 'broker' }>;

/** a broker that is silent for that long has no more */
const QUIET_MS = 2000;

/**
 * What a run with these settings would do to each message, while nothing moves: no sink is opened, nothing is settled, locked or
 * written, also not by `tap`. A queue is read once, whatever `loop` says; of a broker what it hands over until it is silent,
 * and no more than the window, since nothing is acknowledged. Throws as a run that cannot start or loses its source.
 */
export async function* preview(
  settings: Settings,
  context: PreviewContext,
): AsyncGenerator<PreviewedMessage, void, undefined> {
  if (settings.count === 0) return;
  const processor = await openProcessor(settings, { ...context, openTap: async () => new NullSink() });
  let left = settings.count ?? Number.POSITIVE_INFINITY;
  try {
    for await (const { name, content } of allContents(settings, context)) {
      if (context.interrupt.aborted) return;
      if (content instanceof StompctlError) {
        yield { name, message: undefined, outcome: { kind: 'reject', error: content } };
        continue;
      }
      yield { name, message: content, outcome: sendable(settings, await outcomeOf(processor, content)) };
      left -= 1;
      if (left === 0) return;
    }
    await processor?.idle();
  } finally {
    await processor?.close();
  }
}

/** How many messages a broker hands over at most when none is acknowledged; undefined: no limit. */
export function previewLimit(settings: Settings): number | undefined {
  return inputsOf(settings).some(({ kind }) => kind === 'broker') ? settings.window : undefined;
}

async function outcomeOf(processor: Processor | undefined, message: Message): Promise<Outcome> {
  if (processor === undefined) return { kind: 'pass', message };
  const [outcome] = await processor.process([message]);
  return outcome ?? { kind: 'pass', message };
}

/** What a sink refuses that is not asked here: an output that there is not, no destination, a header that names no queue. */
function sendable({ sink }: Settings, outcome: Outcome): Outcome {
  if (outcome.kind !== 'pass') return outcome;
  const { message, to } = outcome;
  const fault = to === undefined ? undefined : outputFault(to, sink);
  const error = fault ?? asked(sink, to).flatMap((output) => refusal(output, message) ?? [])[0];
  return error === undefined ? outcome : { kind: 'reject', error };
}

/** The outputs that get the message when all are up. */
function asked(sink: SinkSettings, to: string | undefined): readonly OutputSettings[] {
  if (sink.kind !== 'several') return [sink];
  const outputs = sink.outputs.filter(({ name }) => to === undefined || name === to).map((output) => output.sink);
  return sink.deliver === 'every' ? outputs : outputs.slice(0, 1);
}

function refusal(sink: OutputSettings, { header }: Message): StompctlError | undefined {
  switch (sink.kind) {
    case 'queue':
      try {
        PathTemplate.parse(sink.queue.path)?.pathFor(header);
        return undefined;
      } catch (error) {
        if (error instanceof StompctlError) return error;
        throw error;
      }
    case 'broker': {
      const reason = 'the message has no header "destination"; a rewrite rule or a callback can set it';
      return header.destination ? undefined : new StompctlError('MESSAGE_NO_DESTINATION', 'send', 'message', reason);
    }
    case 'command':
    case 'folder':
      return undefined;
    default:
      return unreachable(sink);
  }
}

/** Of several inputs one after the other. */
async function* allContents(settings: Settings, context: PreviewContext): AsyncGenerator<PreviewedElement> {
  for (const source of inputsOf(settings)) yield* contents(source, settings, context);
}

function contents(source: InputSettings, settings: Settings, context: PreviewContext): AsyncIterable<PreviewedElement> {
  const { maxMessageSize } = settings;
  switch (source.kind) {
    case 'queue':
      if (source.queue.type === 'NULL') return nothing();
      return new QueuePreview(
        previewedQueue(source.queue, source.queue.type),
        maxMessageSize,
        source.queue.headers,
      ).elements();
    case 'folder':
      return filesOf(settings, source.folder, context);
    case 'command':
      throw new StompctlError(
        'USAGE',
        'preview',
        '--dry-run',
        'runs no incoming-command: what it writes could not be read again',
      );
    case 'broker':
      return received(settings, source, context);
    default:
      return unreachable(source);
  }
}

function previewedQueue(queue: QueueSettings, type: QueueType) {
  const { path, umask, granularity, rndhex } = queue;
  return { path, type, umask, granularity, rndhex, ...elementOptions(queue) };
}

async function* nothing(): AsyncGenerator<PreviewedElement, void, undefined> {}

/** Reads each file that a run would take now, and leaves it where it is. */
async function* filesOf(
  settings: Settings,
  folder: IncomingFolderSettings,
  { clock, logger, interrupt }: PreviewContext,
): AsyncGenerator<PreviewedElement, void, undefined> {
  const rejected: PreviewedElement[] = [];
  const events = {
    ...UNHEARD,
    rejected: (name: string, error: StompctlError) => rejected.push({ name, content: error }),
  };
  const left = { ...folder, afterwards: { kind: 'leave' } as const };
  const source = folderSource(left, { ...settings, loop: false }, { clock, logger }, events, undefined);
  await source.open();
  try {
    while (!interrupt.aborted) {
      const result = await source.next({ deliveries: 1, bytes: settings.windowBytes }, interrupt);
      yield* rejected.splice(0);
      if (result.kind !== 'batch') return;
      for (const delivery of result.deliveries) {
        yield { name: delivery.name, content: delivery.message };
        delivery.release();
      }
    }
  } finally {
    await source.close();
  }
}

/** Subscribes so that everything stays unacknowledged, and goes back to the broker at the end of the session. */
async function* received(
  settings: Settings,
  source: BrokerSourceSettings,
  context: PreviewContext,
): AsyncGenerator<PreviewedElement, void, undefined> {
  const { count = settings.window, timeouts } = settings;
  const { clock, interrupt } = context;
  const window = Math.min(count, settings.window);
  const shown = { ...source, subscriptions: source.subscriptions.map(harmless) };
  const unacknowledged = { ...settings, reliable: true, window, maxParked: 0 };
  const broker = unheardSource(shown, unacknowledged, context);
  const held: Delivery[] = [];
  let bytes = settings.windowBytes;
  const stop = () => void broker.close();
  interrupt.addEventListener('abort', stop, { once: true });
  try {
    await broker.open();
    let lastMs = clock.monotonicMs();
    while (held.length < window && bytes > 0 && !interrupt.aborted) {
      const result = await broker.next({ deliveries: window - held.length, bytes }, interrupt);
      switch (result.kind) {
        case 'batch':
          held.push(...result.deliveries);
          for (const { name, message, size } of result.deliveries) {
            bytes -= size;
            yield { name, content: message };
          }
          lastMs = clock.monotonicMs();
          break;
        case 'idle':
          if (clock.monotonicMs() - lastMs >= (timeouts.inactivityMs ?? QUIET_MS)) return;
          break;
        case 'end':
          return;
        default:
          unreachable(result);
      }
    }
  } catch (error) {
    if (!interrupt.aborted) throw error;
  } finally {
    interrupt.removeEventListener('abort', stop);
    for (const delivery of held) delivery.release();
    await broker.close();
  }
}

/** Of several brokers one that is away is left out, since a preview does not wait. */
function unheardSource(source: BrokerSourceSettings, settings: Settings, context: PreviewContext): TunableSource {
  if (source.broker.members === 'one') return oneBrokerSource(source, settings, context, { events: UNHEARD }).end;
  const policy = { delayMs: 0, maxDelayMs: 0, attempts: 1, bounded: true };
  const nothing = () => undefined;
  const told = { events: UNHEARD, onParked: nothing };
  return memberSource(source, settings, context, told, { policy, onReopened: nothing }).end;
}

const UNHEARD = { rejected: () => undefined, settledInVain: () => undefined, parked: () => undefined };

/** `ack:auto` would lose what is shown, and UNSUBSCRIBE ends a durable subscription for good. */
function harmless({ header }: SubscriptionSettings): SubscriptionSettings {
  const { ack: _, ...kept } = header;
  return { header: kept, unsubscribe: undefined };
}
