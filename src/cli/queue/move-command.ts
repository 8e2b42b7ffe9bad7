import { realpathSync } from 'node:fs';
import { errnoOf, StompctlError } from '../../base/errors.js';
import type { Message } from '../../message/message.js';
import { messages } from './complaints.js';
import { HeaderMatch } from './header-match.js';
import { OpenQueue } from './open-queue.js';
import type { QueueContext } from './queue-context.js';
import { openSink, typeForWriting } from './queue-writer.js';
import { type SweepOptions, stoppedText, sweep, sweptExitCode } from './sweep.js';

/** `stompctl queue move`: every message, and between queues of type DQS also what cannot be decoded, byte for byte. */
export function move(context: QueueContext): Promise<number> {
  return carryOver(context, { label: 'moved', change: (message) => message, raw: true, countsRefused: false });
}

interface CarryOver extends Required<Pick<SweepOptions, 'label' | 'countsRefused'>> {
  readonly change: (message: Message) => Message;
  /** also what cannot be decoded */
  readonly raw: boolean;
}

/** Carries what is meant over to the queue of `--to`, changed by `change`. */
export async function carryOver(context: QueueContext, how: CarryOver): Promise<number> {
  const { label, change, raw, countsRefused } = how;
  const { args, output } = context;
  const to = args.value('to');
  if (to === undefined) throw new StompctlError('USAGE', 'option', '--to', 'is missing: name the queue they go to');
  const match = new HeaderMatch(args.values('match'));
  const most = args.number('count') ?? Number.POSITIVE_INFINITY;
  const queue = new OpenQueue(args.path, args.type(), true);
  if (pathOf(to) === pathOf(queue.path)) throw new StompctlError('USAGE', 'option', '--to', `${to} is the same queue`);
  const type = typeForWriting(to, args.type('to-type'), queue.type);
  const sink = await openSink({ path: to, type });
  const options: SweepOptions = {
    queue,
    match,
    most,
    countsRefused,
    label,
    carry: async (message) => sink.send(change(message)),
    // what cannot be read cannot match
    ...(raw && match.isEmpty && type === 'DQS' ? { carryRaw: (bytes: Buffer) => sink.sendRaw(bytes) } : {}),
  };
  try {
    const swept = await sweep(options, context);
    const { carried, stopped } = swept;
    await output.write(`${label} ${messages(carried)} to ${to}${stoppedText(stopped)}\n`);
    return sweptExitCode(swept);
  } finally {
    await sink.close();
  }
}

/** Without symbolic links, as far as it is there. */
export function pathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return path;
  }
}
