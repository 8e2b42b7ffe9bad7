import { reasonOf, StompctlError } from '../../base/errors.js';
import type { Message } from '../../message/message.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import { HeaderMatch } from './header-match.js';
import { headerText } from './header-text.js';
import { OpenQueue } from './open-queue.js';
import type { QueueContext } from './queue-context.js';

interface Line {
  readonly name: string;
  readonly size: number;
  readonly addedMs: number;
  readonly lockedMs: number | undefined;
  readonly destination: string | undefined;
  /** why the message cannot be read */
  readonly error: string | undefined;
}

const HEADING = `${'NAME'.padEnd(23)} ${'AGE'.padStart(7)} ${'SIZE'.padStart(10)} ${'LOCKED'.padStart(7)}  DESTINATION\n`;

/** `stompctl queue list`: a line a message, oldest first, while they are read. */
export async function list({ args, output }: QueueContext): Promise<number> {
  const match = new HeaderMatch(args.values('match'));
  const most = args.number('count') ?? Number.POSITIVE_INFINITY;
  const queue = new OpenQueue(args.path, args.type(), false);
  const json = args.has('json');
  if (!json) await output.write(HEADING);
  let listed = 0;
  for await (const name of queue.names()) {
    if (listed >= most) break;
    const line = inspect(queue, name, match);
    if (line === undefined) continue;
    listed += 1;
    const wait = output.write(json ? jsonLine(line) : plainLine(line));
    if (wait !== undefined) await wait;
  }
  return EXIT_CODES.ok;
}

/** Undefined: not wanted, or gone meanwhile. */
function inspect(queue: OpenQueue, name: string, match: HeaderMatch): Line | undefined {
  const { elements } = queue.kind;
  const info = queue.attempt('list', name, () => elements.inspect(name));
  if (info === undefined) return undefined;
  const lockedMs = queue.attempt('list', name, () => elements.lockInfo(name))?.modifiedMs;
  let message: Message | undefined;
  let error: string | undefined;
  try {
    message = queue.message(name);
    if (message === undefined) return undefined;
  } catch (thrown) {
    if (!(thrown instanceof StompctlError)) throw thrown;
    error = reasonOf(thrown);
  }
  if (!match.isEmpty && (message === undefined || !match.matches(message))) return undefined;
  // as its name says: seconds in eight digits, microseconds in five
  const addedMs = Number.parseInt(name.slice(9, 17), 16) * 1000 + Number.parseInt(name.slice(17, 22), 16) / 1000;
  return { name, size: info.size, addedMs, lockedMs, destination: message?.header.destination, error };
}

function jsonLine({ name, size, addedMs, lockedMs, destination, error }: Line): string {
  const line = {
    name,
    size,
    added: new Date(addedMs).toISOString(),
    locked: lockedMs === undefined ? null : new Date(lockedMs).toISOString(),
    destination: destination ?? null,
    ...(error === undefined ? {} : { error }),
  };
  return `${JSON.stringify(line)}\n`;
}

function plainLine({ name, size, addedMs, lockedMs, destination, error }: Line): string {
  const locked = lockedMs === undefined ? '-' : ageText(lockedMs);
  const what = error === undefined ? headerText(destination ?? '-') : `(${headerText(error)})`;
  return `${name} ${ageText(addedMs).padStart(7)} ${String(size).padStart(10)} ${locked.padStart(7)}  ${what}\n`;
}

/** `12s`, `3m05s`, `2h10m`, `5d3h`: never more than seven characters in a lifetime. */
export function ageText(sinceMs: number): string {
  const seconds = Math.max(0, Math.floor((Date.now() - sinceMs) / 1000));
  const two = (number: number): string => String(number).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${two(Math.floor(seconds / 60) % 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${Math.floor(seconds / 3600) % 24}h`;
}
