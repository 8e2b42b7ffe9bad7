import { OtherAmqp } from '../amqp/codec/first-answer.js';
import type { StompctlError } from '../base/errors.js';
import type { Settings } from '../config/settings.js';
import type { Sink } from '../flow/sink.js';
import type { Demand, SourceLimits, SourceResult, TunableSource } from '../flow/source.js';
import type { Message } from '../message/message.js';
import type { BrokerRequester, Requester } from '../sinks/broker/broker-requester.js';
import type { SessionOptions } from '../stomp/session-options.js';
import {
  amqp1BrokerRequester,
  amqp1Sink,
  amqp1Source,
  amqpBrokerRequester,
  amqpSink,
  amqpSource,
  type Sessions,
} from './amqp-end.js';
import {
  type BrokerEndContext,
  type BrokerSinkSettings,
  type BrokerSourceSettings,
  type MadeEnd,
  sessionsOf,
} from './broker-end.js';

/** A source that receives over the AMQP that the broker speaks; arguments as those of `amqpSource`. */
export function foundSource(
  source: BrokerSourceSettings,
  settings: Settings,
  context: BrokerEndContext,
  told: Parameters<typeof amqpSource>[3],
): MadeEnd<TunableSource> {
  const { sessions, found } = oneEndpoint(sessionsOf(source.broker, settings, context));
  const { end: amqp091, ...rest } = amqpSource(source, settings, context, told, sessions);
  const { end: amqp1 } = amqp1Source(source, settings, context, told, sessions);
  return { ...rest, end: new FoundSource({ amqp091, amqp1 }, found) };
}

/** The same for a sink. */
export function foundSink(sink: BrokerSinkSettings, settings: Settings, context: BrokerEndContext): MadeEnd<Sink> {
  const { sessions, found } = oneEndpoint(sessionsOf(sink.broker, settings, context));
  const { end: amqp091, ...rest } = amqpSink(sink, settings, context, sessions);
  const { end: amqp1 } = amqp1Sink(sink, settings, context, sessions);
  return { ...rest, end: new FoundSink({ amqp091, amqp1 }, found) };
}

/** The same for requests. */
export function foundRequester(sink: BrokerSinkSettings, settings: Settings, context: BrokerEndContext): Requester {
  const { sessions, found } = oneEndpoint(sessionsOf(sink.broker, settings, context));
  const amqp091 = amqpBrokerRequester(sink, settings, context, sessions);
  const amqp1 = amqp1BrokerRequester(sink, settings, context, sessions);
  return new FoundRequester({ amqp091, amqp1 }, found);
}

type Spoken = 'amqp091' | 'amqp1';
/** Both ways to speak; only one of them is open at a time. */
type Ways<End> = Readonly<Record<Spoken, End>>;

/** Opens the end of the way spoken last, or of the other one: of a list of brokers, the one that has answered is spoken to so, not the next one. */
type Found = <End>(ways: Ways<End>, latest: Spoken, open: (end: End) => Promise<void>) => Promise<Spoken>;

function oneEndpoint(sessions: Sessions): { readonly sessions: Sessions; readonly found: Found } {
  let last: SessionOptions | undefined;
  let again = false;
  const connect = async (signal?: AbortSignal): Promise<SessionOptions> => {
    const options = again && last !== undefined ? last : await sessions.connect(signal);
    again = false;
    last = options;
    return options;
  };
  const found: Found = async (ways, latest, open) => {
    try {
      await open(ways[latest]);
      return latest;
    } catch (error) {
      if (!(error instanceof OtherAmqp)) throw error;
      again = true;
      await open(ways[error.speaks]);
      return error.speaks;
    }
  };
  return { sessions: { ...sessions, connect }, found };
}

/** An end that speaks the AMQP that its broker answers with. */
abstract class FoundEnd<End extends Pick<Sink, 'name' | 'close'>> {
  readonly name: string;
  readonly #ways: Ways<End>;
  readonly #found: Found;
  /** which AMQP was spoken last: it is tried first */
  #spoken: Spoken = 'amqp091';

  constructor(ways: Ways<End>, found: Found) {
    this.name = ways.amqp091.name;
    this.#ways = ways;
    this.#found = found;
  }

  /** Both: one may be opening. */
  async close(): Promise<void> {
    await Promise.all(this.both.map((end) => end.close()));
  }

  protected async find(open: (end: End) => Promise<void>): Promise<void> {
    this.#spoken = await this.#found(this.#ways, this.#spoken, open);
  }

  protected get end(): End {
    return this.#ways[this.#spoken];
  }

  protected get both(): End[] {
    return Object.values(this.#ways);
  }
}

class FoundSource extends FoundEnd<TunableSource> implements TunableSource {
  open(): Promise<void> {
    return this.find((end) => end.open());
  }

  tune(limits: SourceLimits): void {
    for (const end of this.both) end.tune(limits);
  }

  next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    return this.end.next(demand, interrupt);
  }

  settle(): Promise<void> {
    return this.end.settle();
  }

  abandon(): void {
    for (const end of this.both) end.abandon?.();
  }
}

class FoundSink extends FoundEnd<Sink> implements Sink {
  open(lost?: (error: StompctlError) => void): Promise<void> {
    return this.find((end) => end.open(lost));
  }

  send(message: Message, id?: string): Promise<void> {
    return this.end.send(message, id);
  }

  flush(): Promise<void> {
    return this.end.flush();
  }
}

class FoundRequester extends FoundEnd<BrokerRequester> implements Requester {
  open(): Promise<void> {
    return this.find((end) => end.open());
  }

  request(message: Message, timeoutMs: number, signal: AbortSignal): Promise<Message> {
    return this.end.request(message, timeoutMs, signal);
  }
}
