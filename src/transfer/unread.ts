import type { StompctlError } from '../base/errors.js';
import type { Delivery } from '../flow/delivery.js';
import type { Sink } from '../flow/sink.js';
import type { StoredElement } from '../flow/stored-element.js';
import { Message } from '../message/message.js';
import { asStompctlError } from './supervisor.js';

/** Sends what a processor made of a delivery, or, without one, what the source handed over, read or not. Rejects as the sink. */
export function sendDelivery(
  sink: Sink,
  delivery: Delivery,
  processed: Message | undefined,
  to?: string,
): Promise<void> {
  const stored = processed === undefined ? delivery.stored : undefined;
  return stored === undefined ? sink.send(processed ?? delivery.message, delivery.id, to) : moveElement(sink, stored);
}

/** Moves it where the sink can, and otherwise reads and sends it. Rejects as `StoredElement.message` and the sink. */
export function moveElement(sink: Sink, element: StoredElement): Promise<void> {
  if (sink.moves === true && sink.move !== undefined) return sink.move(element);
  try {
    return sink.send(element.message);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Those that have a message; a processor inserted while a batch was on its way looks into what nobody else would have. */
export function readable(
  deliveries: readonly Delivery[],
  failed: (delivery: Delivery, error: StompctlError) => void,
): Delivery[] {
  return deliveries.filter((delivery) => {
    try {
      return delivery.message instanceof Message;
    } catch (error) {
      failed(delivery, asStompctlError(error, delivery.name));
      return false;
    }
  });
}
