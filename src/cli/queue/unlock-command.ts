import { StompctlError } from '../../base/errors.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import { Complaints, messages } from './complaints.js';
import { checkNames, OpenQueue } from './open-queue.js';
import type { QueueContext } from './queue-context.js';
import { missing } from './show-command.js';

/** `stompctl queue unlock`: by name, or `--all`. Whether the owner of a lock still works is for the user to know. */
export async function unlock({ args, output, complain }: QueueContext): Promise<number> {
  const names = args.operands;
  if (args.has('all') === names.length > 0) {
    throw new StompctlError('USAGE', 'command', 'queue unlock', 'say which messages: by their names, or --all');
  }
  checkNames(names);
  const queue = new OpenQueue(args.path, args.type(), true);
  const complaints = new Complaints(complain);
  let unlocked = 0;
  let worst: number = EXIT_CODES.ok;
  for await (const name of names.length > 0 ? names : queue.names()) {
    const { elements } = queue.kind;
    const locked = queue.attempt('unlock', name, () => elements.lockInfo(name) !== undefined && elements.unlock(name));
    if (locked) unlocked += 1;
    else if (names.length > 0) {
      const there = queue.attempt('unlock', name, () => elements.inspect(name)) !== undefined;
      const problem = there ? notLocked(name) : missing(queue, name);
      complaints.add(problem.message);
      worst = Math.max(worst, problem.exitCode);
    }
  }
  complaints.finish();
  await output.write(`unlocked ${messages(unlocked)}\n`);
  return worst;
}

function notLocked(name: string): StompctlError {
  return new StompctlError('ELEMENT_NOT_LOCKED', 'unlock', name, 'is not locked');
}
