import { unreachable } from '../base/errors.js';
import type { Settings } from '../config/settings.js';
import type { Sink } from '../flow/sink.js';
import type { TunableSource } from '../flow/source.js';
import type { Requester } from '../sinks/broker/broker-requester.js';
import type { BrokerSourceOptions } from '../sources/broker/broker-source.js';
import { amqp1BrokerRequester, amqp1Sink, amqp1Source, amqpBrokerRequester, amqpSink, amqpSource } from './amqp-end.js';
import {
  type BrokerEndContext,
  type BrokerSinkSettings,
  type BrokerSourceSettings,
  brokerRequester,
  brokerSink,
  brokerSource,
  type MadeEnd,
} from './broker-end.js';
import { foundRequester, foundSink, foundSource } from './found-amqp.js';

/** A source that receives from one broker at a time, over the protocol of its URI; `told` is who hears what it tells besides messages. */
export function oneBrokerSource(
  source: BrokerSourceSettings,
  settings: Settings,
  context: BrokerEndContext,
  told: Pick<BrokerSourceOptions, 'events' | 'deadLetters' | 'onDuplicate' | 'onLook'>,
): MadeEnd<TunableSource> {
  const { protocol } = source.broker;
  switch (protocol) {
    case 'stomp':
      return brokerSource(source, settings, context, told);
    case 'amqp':
      return foundSource(source, settings, context, told);
    case 'amqp091':
      return amqpSource(source, settings, context, told);
    case 'amqp1':
      return amqp1Source(source, settings, context, told);
    default:
      return unreachable(protocol);
  }
}

/** A sink that sends to one broker at a time, over the protocol of its URI. */
export function oneBrokerSink(sink: BrokerSinkSettings, settings: Settings, context: BrokerEndContext): MadeEnd<Sink> {
  const { protocol } = sink.broker;
  switch (protocol) {
    case 'stomp':
      return brokerSink(sink, settings, context);
    case 'amqp':
      return foundSink(sink, settings, context);
    case 'amqp091':
      return amqpSink(sink, settings, context);
    case 'amqp1':
      return amqp1Sink(sink, settings, context);
    default:
      return unreachable(protocol);
  }
}

/** Sends requests to one broker, over the protocol of its URI, and waits for their replies. */
export function oneBrokerRequester(sink: BrokerSinkSettings, settings: Settings, context: BrokerEndContext): Requester {
  const { protocol } = sink.broker;
  switch (protocol) {
    case 'stomp':
      return brokerRequester(sink, settings, context);
    case 'amqp':
      return foundRequester(sink, settings, context);
    case 'amqp091':
      return amqpBrokerRequester(sink, settings, context);
    case 'amqp1':
      return amqp1BrokerRequester(sink, settings, context);
    default:
      return unreachable(protocol);
  }
}
