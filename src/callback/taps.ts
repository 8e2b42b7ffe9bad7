import { isUtf8 } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { reasonOf } from '../base/errors.js';
import { SerialQueue } from '../base/serial-queue.js';
import type { Sink } from '../flow/sink.js';
import { Message } from '../message/message.js';
import type { LogRecord } from './border/board.js';
import { FLAG } from './border/engine-contract.js';
import { FieldReader } from './border/fields.js';
import { BadResult, kept, readCrossedHeader, readText } from './crossed.js';

interface TapOptions {
  readonly data: Readonly<Record<string, string>>;
  readonly openTap?: ((path: string, type: string) => Promise<Sink>) | undefined;
}

/** A message for a tap queue. */
interface Copy {
  readonly path: string;
  readonly type: string;
  readonly message: Message;
}

const LONGEST_PATH = 4096;
const TYPES = ['DQS', 'DQN'];

/** Five fields: path, type, flags, header, body; throws when they are not what they should be. */
function readCopy({ bytes }: LogRecord): Copy {
  const fields = new FieldReader(bytes);
  const path = readText(fields.next(), LONGEST_PATH);
  const type = readText(fields.next(), LONGEST_PATH);
  const [flags = 0] = fields.next();
  const header = readCrossedHeader(fields.next(), (flags & FLAG.json) !== 0);
  const body = kept(fields.next());
  fields.end();
  const text = (flags & FLAG.text) !== 0;
  if (!TYPES.includes(type)) throw new BadResult(`the type of a tap is ${TYPES.join(' or ')}, not ${cutName(type)}`);
  if (text && !isUtf8(body)) throw new BadResult('the body of a text message is not UTF-8');
  return { path, type, message: new Message(header, body, text) };
}

function cutName(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}…` : name;
}

/** of copies, read and handed to their queues in one turn of the event loop; a larger one has a turn for itself */
const TURN_BYTES = 1024 * 1024;

/** The queues that a callback gives copies of messages to. Opened when first used, kept until the end. */
export class Taps {
  readonly #sinks = new Map<string, Promise<Sink>>();
  readonly #handing = new SerialQueue();
  /** handed over since the event loop turned */
  #handedBytes = 0;

  /** Sends copies; resolves when all are safe, or to the reason why one is not. `flush` hurries them. */
  async add(copies: readonly LogRecord[], options: TapOptions): Promise<string | undefined> {
    try {
      const sends = await this.#handing.run(() => this.#hand(copies, options));
      await Promise.all(sends);
      return undefined;
    } catch (error) {
      return `a copy was not added to its tap queue: ${reasonOf(error)}`;
    }
  }

  /** Reads all before it sends any. One call may give out 64 MiB: the event loop turns meanwhile. */
  async #hand(copies: readonly LogRecord[], options: TapOptions): Promise<readonly Promise<void>[]> {
    const read: Copy[] = [];
    for (const copy of copies) {
      await this.#turn(copy.bytes.length);
      read.push(readCopy(copy));
    }
    const sinks = await Promise.all(read.map(({ path, type }) => this.#open(path, type, options)));
    const sends: Promise<void>[] = [];
    for (const [index, { message }] of read.entries()) {
      await this.#turn(message.size);
      const send = sinks[index]?.send(message) ?? Promise.resolve();
      // told by `add`, when the others are on their way
      send.catch(() => undefined);
      sends.push(send);
    }
    return sends;
  }

  /** Waits for the next turn of the event loop when enough was done in this one. */
  async #turn(bytes: number): Promise<void> {
    if (this.#handedBytes > 0 && this.#handedBytes + bytes > TURN_BYTES) {
      await nextTurn();
      this.#handedBytes = 0;
    }
    this.#handedBytes += bytes;
  }

  async flush(): Promise<void> {
    await this.#handing.done();
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
    if (!Object.values(data).includes(path)) throw new BadResult(`${cutName(path)} is not named in callback-data`);
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
