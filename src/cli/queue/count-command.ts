import { StompctlError } from '../../base/errors.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import { HeaderMatch } from './header-match.js';
import { OpenQueue } from './open-queue.js';
import type { QueueContext } from './queue-context.js';

/** `stompctl queue count`: a number. What cannot be read is no match. */
export async function count({ args, output }: QueueContext): Promise<number> {
  const match = new HeaderMatch(args.values('match'));
  const queue = new OpenQueue(args.path, args.type(), false);
  let total = 0;
  if (match.isEmpty) total = await queue.count();
  else for await (const name of queue.names()) if (isMatch(queue, name, match)) total += 1;
  await output.write(`${total}\n`);
  return EXIT_CODES.ok;
}

function isMatch(queue: OpenQueue, name: string, match: HeaderMatch): boolean {
  try {
    const message = queue.message(name);
    return message !== undefined && match.matches(message);
  } catch (error) {
    if (error instanceof StompctlError && error.action === 'reject') return false;
    throw error;
  }
}
