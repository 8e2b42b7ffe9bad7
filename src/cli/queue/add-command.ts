import { isUtf8 } from 'node:buffer';
import { StompctlError } from '../../base/errors.js';
import { NormalQueue } from '../../dirq/normal-queue.js';
import { SimpleQueue } from '../../dirq/simple-queue.js';
import { isTextContentType } from '../../message/content-type.js';
import { Message } from '../../message/message.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import { readHeaders } from './header-text.js';
import { importLines } from './import-command.js';
import { openInput, readAll } from './input.js';
import { LARGEST_MESSAGE } from './open-queue.js';
import type { QueueArguments } from './queue-arguments.js';
import type { QueueContext } from './queue-context.js';
import { addedTo } from './queue-writer.js';

const CONTROL = /[^\P{Cc}\t\n\r]/u;
/** bytes at the beginning of a body that tell whether it looks like text */
const LOOKED_AT = 1 << 20;

/** `stompctl queue add`: one message, safe on the disk when its name is printed. */
export async function add(context: QueueContext): Promise<number> {
  const { args, output, input } = context;
  args.atMostOne('text', 'binary', 'json-lines');
  if (args.has('json-lines')) return importLines(context);
  if (args.has('skip')) throw new StompctlError('USAGE', 'option', '--skip', 'is for lines: it needs --json-lines');
  const header = readHeaders(args.values('header'));
  const options = { ...addedTo(args), sync: true };
  const [file] = args.operands;
  const body = await readAll(openInput(file, input, false), file ?? 'standard input', {
    maxMessageSize: LARGEST_MESSAGE,
  });
  const message = new Message(header, body, isText(args, header['content-type'], body));
  const queue = options.type === 'DQN' ? new NormalQueue(options) : new SimpleQueue(options);
  await output.write(`${await queue.addMessage(message)}\n`);
  return EXIT_CODES.ok;
}

function isText(args: QueueArguments, contentType: string | undefined, body: Buffer): boolean {
  if (args.has('binary')) return false;
  if (args.has('text')) {
    if (isUtf8(body)) return true;
    throw new StompctlError('USAGE', 'option', '--text', 'the body is not UTF-8: use --binary');
  }
  return looksLikeText(contentType, body);
}

/** Is a body text that nobody says anything of? */
export function looksLikeText(contentType: string | undefined, body: Buffer): boolean {
  if (!isUtf8(body)) return false;
  if (contentType !== undefined) return isTextContentType(contentType);
  return !CONTROL.test(body.subarray(0, LOOKED_AT).toString('utf8'));
}
