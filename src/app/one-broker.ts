import type { Settings } from '../config/settings.js';
import type { Sink } from '../flow/sink.js';
import type { TunableSource } from '../flow/source.js';
import type { BrokerRequester } from '../sinks/broker/broker-requester.js';
import type { BrokerSourceOptions } from '../sources/broker/broker-source.js';
import { amqpBrokerRequester, amqpSink, amqpSource } from './amqp-end.js';
import {
  type BrokerEndContext,
  type BrokerSinkSettings,
  type BrokerSourceSettings,
  brokerRequester,
  brokerSink,
  brokerSource,
  type MadeEnd,
} from './broker-end.js';

/** A source that receives from one broker at a time, over the protocol of its URI; `told` is who hears what it tells besides messages. */
export function oneBrokerSource(
  source: BrokerSourceSettings,
  settings: Settings,
  context: BrokerEndContext,
  told: Pick<BrokerSourceOptions, 'events' | 'deadLetters' | 'onDuplicate' | 'onLook'>,
): MadeEnd<TunableSource> {
  const make = source.broker.protocol === 'amqp091' ? amqpSource : brokerSource;
  return make(source, settings, context, told);
}

/** A sink that sends to one broker at a time, over the protocol of its URI. */
export function oneBrokerSink(sink: BrokerSinkSettings, settings: Settings, context: BrokerEndContext): MadeEnd<Sink> {
  const make = sink.broker.protocol === 'amqp091' ? amqpSink : brokerSink;
  return make(sink, settings, context);
}

/** Sends requests to one broker, over the protocol of its URI, and waits for their replies. */
export function oneBrokerRequester(
  sink: BrokerSinkSettings,
  settings: Settings,
  context: BrokerEndContext,
): BrokerRequester {
  const make = sink.broker.protocol === 'amqp091' ? amqpBrokerRequester : brokerRequester;
  return make(sink, settings, context);
}
