import { reasonOf } from '../base/errors.js';
import type { Sink } from '../flow/sink.js';
import { Message, newHeader } from '../message/message.js';
import type { LogRecord } from './board.js';

interface TapOptions {
  readonly data: Readonly<Record<string, string>>;
  readonly openTap?: ((path: string, type: string) => Promise<Sink>) | undefined;
}

type Copy = [path: string, type: string, header: Record<string, string>, body: string, text: boolean];

function messageOf([, , header, body, text]: Copy): Message {
  return new Message(newHeader(header), Buffer.from(body, text ? 'utf8' : 'latin1'), text);
}

/** The queues that a callback gives copies of messages to. Opened when first used, kept until the end. */
export class Taps {
  readonly #sinks = new Map<string, Promise<Sink>>();

  /** Sends copies; resolves when all are safe, or to the reason why one is not. `flush` hurries them. */
  async add(copies: readonly LogRecord[], options: TapOptions): Promise<string | undefined> {
    try {
      const parsed = copies.map(({ text }) => JSON.parse(text) as Copy);
      const sinks = await Promise.all(parsed.map(([path, type]) => this.#open(path, type, options)));
      await Promise.all(parsed.map((copy, index) => sinks[index]?.send(messageOf(copy))));
      return undefined;
    } catch (error) {
      return `a copy was not added to its tap queue: ${reasonOf(error)}`;
    }
  }

  async flush(): Promise<void> {
    const opened = await Promise.allSettled(this.#sinks.values());
    await Promise.allSettled(
      opened.map((result) => (result.status === 'fulfilled' ? result.value.flush() : undefined)),
    );
  }

  async close(failed: (reason: string) => void): Promise<void> {
    for (const opening of this.#sinks.values()) {
      try {
        await (await opening).close();
      } catch (error) {
        failed(`a tap queue did not close: ${reasonOf(error)}`);
      }
    }
    this.#sinks.clear();
  }

  #open(path: string, type: string, { data, openTap }: TapOptions): Promise<Sink> {
    if (!Object.values(data).includes(path)) throw new Error(`${path} is not named in callback-data`);
    if (openTap === undefined) throw new Error('no tap queues can be opened here');
    let opening = this.#sinks.get(path);
    if (opening === undefined) {
      opening = openTap(path, type);
      this.#sinks.set(path, opening);
      // a queue that could not be opened is tried again for the next message
      opening.catch(() => this.#sinks.delete(path));
    }
    return opening;
  }
}
