import { StompctlError } from '../../base/errors.js';
import { largestFile } from '../../message/json.js';
import type { Message } from '../../message/message.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import { headerText, terminalText } from './header-text.js';
import { checkNames, LARGEST_MESSAGE, OpenQueue } from './open-queue.js';
import type { Output } from './output.js';
import type { QueueContext } from './queue-context.js';

/** `stompctl queue show`: header, a blank line, body. Nothing is locked: what another process holds can be looked at. */
export async function show({ args, output }: QueueContext): Promise<number> {
  args.atMostOne('raw', 'header-only', 'body-only');
  const given = args.operands;
  checkNames(given);
  const queue = new OpenQueue(args.path, args.type(), false);
  if (args.has('raw') && queue.type === 'DQN') {
    const reason = 'an element of type DQN is a folder of files: look into it';
    throw new StompctlError('USAGE', 'option', '--raw', reason);
  }
  const names = given.length > 0 ? given : [await oldest(queue)];
  for (const [index, name] of names.entries()) {
    if (args.has('raw')) await output.write(found(queue, name, raw(queue, name)));
    else {
      const message = found(queue, name, queue.message(name));
      if (names.length > 1 && !args.has('body-only')) await output.write(`${index === 0 ? '' : '\n'}# ${name}\n`);
      await write(message, args.has('header-only'), args.has('body-only'), output);
    }
  }
  return EXIT_CODES.ok;
}

async function write(message: Message, headerOnly: boolean, bodyOnly: boolean, output: Output): Promise<void> {
  const { header, body, text } = message;
  if (!bodyOnly) {
    for (const [name, value] of Object.entries(header)) {
      await output.write(`${headerText(name)}: ${headerText(value)}\n`);
    }
    if (headerOnly) return;
    await output.write('\n');
  }
  if (!output.isTerminal) {
    await output.write(body);
    return;
  }
  const shown = text
    ? terminalText(body.toString('utf8'))
    : `(${body.length} bytes that are not text: see them with --body-only | od -c)`;
  await output.write(shown === '' || shown.endsWith('\n') ? shown : `${shown}\n`);
}

function raw(queue: OpenQueue, name: string): Buffer | undefined {
  return queue.look(name, () => queue.kind.elements.readRaw(name, largestFile(LARGEST_MESSAGE)));
}

function found<Result>(queue: OpenQueue, name: string, result: Result | undefined): Result {
  if (result !== undefined) return result;
  throw missing(queue, name);
}

/** The error for a name that is not there. */
export function missing(queue: OpenQueue, name: string): StompctlError {
  const reason = `there is no such element in ${queue.path} (any more): see "stompctl queue list"`;
  return new StompctlError('ELEMENT_MISSING', 'element', name, reason);
}

async function oldest(queue: OpenQueue): Promise<string> {
  for await (const name of queue.names()) return name;
  throw new StompctlError('ELEMENT_MISSING', 'show', queue.path, 'the queue is empty');
}
