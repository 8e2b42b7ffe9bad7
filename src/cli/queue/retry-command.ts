import { existsSync } from 'node:fs';
import { StompctlError } from '../../base/errors.js';
import { Message, newHeader } from '../../message/message.js';
import { FAILURE_HEADER_PREFIX, FAILURE_HEADERS } from '../../sinks/queue/dead-letter-sink.js';
import type { QueueSink } from '../../sinks/queue/queue-sink.js';
import { messages } from './complaints.js';
import { HeaderMatch } from './header-match.js';
import { carryOver, pathOf } from './move-command.js';
import { OpenQueue } from './open-queue.js';
import type { QueueContext } from './queue-context.js';
import { openSink, typeForWriting } from './queue-writer.js';
import type { RetryPath } from './retry-path.js';
import { sweep, sweptExitCode } from './sweep.js';

/**
 * `stompctl queue retry`: from a failure queue back, without the headers that a failure queue adds: to where each message came
 * from, to a queue (`--to`), or the way that a configuration has for them (`--through`). It is safe there before it leaves the
 * failure queue.
 */
export async function retry(context: QueueContext): Promise<number> {
  const { args } = context;
  const [to, through] = [args.value('to'), args.value('through')];
  if (to !== undefined && through !== undefined) {
    throw new StompctlError('USAGE', 'option', '--through', 'excludes --to: it goes where the configuration says');
  }
  if (to !== undefined) {
    return carryOver(context, { label: 'put back', change: withoutFailureHeaders, raw: false, countsRefused: true });
  }
  if (args.type('to-type') !== undefined) throw new StompctlError('USAGE', 'option', '--to-type', 'needs --to');
  const match = new HeaderMatch(args.values('match'));
  const queue = new OpenQueue(args.path, args.type(), true);
  return carryAll(context, queue, match, through === undefined ? new Origins(queue) : await context.openPath(through));
}

async function carryAll(
  { args, output, ...context }: QueueContext,
  queue: OpenQueue,
  match: HeaderMatch,
  path: RetryPath,
): Promise<number> {
  const went = new Map<string, number>();
  const carry = async (message: Message) => {
    const where = await path.carry(withoutFailureHeaders(message), originOf(message));
    went.set(where, (went.get(where) ?? 0) + 1);
  };
  const most = args.number('count') ?? Number.POSITIVE_INFINITY;
  try {
    const swept = await sweep(
      { queue, match, most, countsRefused: true, label: 'tried', carry },
      { args, output, ...context },
    );
    for (const [where, count] of went) await output.write(`${messages(count)} ${where}\n`);
    if (went.size === 0) await output.write('no message was put back\n');
    if (swept.stopped !== undefined) await output.write('stopped by a signal\n');
    return sweptExitCode(swept);
  } finally {
    await path.close();
  }
}

/** Errors: MESSAGE_TOO_LARGE for a message whose body was not kept: it would go on as an empty one. */
export function withoutFailureHeaders({ header, body, text }: Message): Message {
  const missing = header[`${FAILURE_HEADER_PREFIX}body-bytes`];
  if (missing !== undefined) {
    const reason = `its body of ${missing} bytes was over max-message-size, and is not here; raise the limit, and have it sent again`;
    throw new StompctlError('MESSAGE_TOO_LARGE', 'retry', 'message', reason);
  }
  const kept = newHeader(header);
  for (const name of FAILURE_HEADERS) delete kept[FAILURE_HEADER_PREFIX + name];
  return new Message(kept, body, text);
}

/** Puts each message back into the queue that it says it came from. */
class Origins implements RetryPath {
  readonly #from: OpenQueue;
  readonly #sinks = new Map<string, Promise<QueueSink>>();

  constructor(from: OpenQueue) {
    this.#from = from;
  }

  async carry(message: Message, origin: string | undefined): Promise<string> {
    const path = this.#folderOf(origin);
    const sink = this.#sinks.get(path) ?? openSink({ path, type: typeForWriting(path, undefined, this.#from.type) });
    this.#sinks.set(path, sink);
    await (await sink).send(message);
    return `put back to ${path}`;
  }

  async close(): Promise<void> {
    for (const sink of this.#sinks.values()) {
      const open = await sink.catch(() => undefined);
      await open?.close();
    }
  }

  /** Nothing is made: a folder that is not there is not where it came from. */
  #folderOf(source: string | undefined): string {
    if (source === undefined) throw stays('it does not say where it came from (x-stompctl-source)');
    if (/^(raw|schema) queue /.test(source))
      throw stays('it came from a queue that holds no messages (format=raw, or a schema)');
    const path = /^queue (.+) \S+$/s.exec(source)?.[1];
    if (path === undefined) throw stays(`it came from ${source}, which is no queue`);
    if (!existsSync(path)) throw stays(`it came from the queue ${path}, which is not there`);
    if (pathOf(path) === pathOf(this.#from.path)) throw stays('it came from this very queue');
    return path;
  }
}

function originOf({ header }: Message): string | undefined {
  return header[`${FAILURE_HEADER_PREFIX}source`];
}

function stays(why: string): StompctlError {
  const next = 'name the queue it is to go to (--to QUEUE), or the configuration that knows the way (--through CONFIG)';
  return new StompctlError('MESSAGE_REFUSED', 'retry', 'message', `${why}: ${next}`);
}
