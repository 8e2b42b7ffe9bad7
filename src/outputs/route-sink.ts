import type { Message } from '../message/message.js';
import { unknownOutput } from './output-parts.js';
import { OutputSet } from './output-set.js';

/** Sends each message to the output that it is for; one that is for none by name goes to the first. */
export class RouteSink extends OutputSet {
  /** One of them: a message for another one waits for that. */
  protected override opened(openings: readonly Promise<void>[]): Promise<void> {
    return Promise.race(openings);
  }

  override async send(message: Message, id?: string, to?: string): Promise<void> {
    const output = to === undefined ? this.outputs[0] : this.outputs.find(({ parts }) => parts.name === to);
    // a reload has taken it away meanwhile
    if (output === undefined)
      throw unknownOutput(
        to ?? '',
        this.outputs.map(({ parts }) => parts.name),
      );
    await this.sendTo(output, message, id);
  }
}
