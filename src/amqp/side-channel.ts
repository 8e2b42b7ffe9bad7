import type { Channel, ChannelModel } from 'amqplib';
import { SerialQueue } from '../base/serial-queue.js';

/**
 * The channel on which queues and exchanges are declared, opened when it is first needed. A broker that refuses something closes the
 * channel of it: this one, then, and not the one that messages go over. The next question opens another.
 */
export class SideChannel {
  readonly #model: ChannelModel;
  readonly #order = new SerialQueue();
  #channel: Channel | undefined;

  constructor(model: ChannelModel) {
    this.#model = model;
  }

  /** One question at a time: a refusal is then of this one. Rejects as the library does. */
  ask<T>(question: (channel: Channel) => Promise<T>): Promise<T> {
    return this.#order.run(async () => question(this.#channel ?? (await this.#open())));
  }

  async #open(): Promise<Channel> {
    const channel = await this.#model.createChannel();
    this.#channel = channel;
    channel.on('error', () => undefined);
    channel.on('close', () => {
      this.#channel = undefined;
    });
    return channel;
  }
}
