import type { Message } from '../message/message.js';
import { FLAG } from './border/engine-contract.js';
import { packFields } from './border/fields.js';
import type { CheckRequest } from './border/protocol.js';

const MOST_MESSAGES = 250;

export interface BatchOptions {
  readonly bodies: boolean;
  /** how the engine reads headers: JSON text, or a list of fields */
  readonly headers: 'json' | 'list';
  /** bytes that may cross at once; a larger message crosses alone */
  readonly mostBytes: number;
  /** a body larger than this never crosses */
  readonly largestBody: number;
}

/**
 * Packs as many of `messages` from `first` on as may cross together; none when the first one is too large ever to cross.
 * For `list` as `thread/engine.ts` says; for `json` two fields: lines of text (the flags, a digit a message; then its header
 * as JSON, a line each), and the list of the bodies, empty when all were left at home.
 */
export function packBatch(messages: readonly Message[], first: number, options: BatchOptions): CheckRequest {
  const { bodies, mostBytes, largestBody } = options;
  const json = options.headers === 'json';
  const headers: (Buffer | string)[] = [];
  let flags = '';
  let bytes = 0;
  for (const message of messages.slice(first, first + MOST_MESSAGES)) {
    const { length } = message.body;
    if (bodies && length > largestBody) break;
    const header = json ? JSON.stringify(message.header) : listOf(message);
    bytes += header.length + (bodies ? length : 0);
    if (headers.length > 0 && bytes > mostBytes) break;
    headers.push(header);
    flags += String((message.text ? FLAG.text : 0) | (!bodies && length > 0 ? FLAG.noBody : 0));
  }
  const count = headers.length;
  const carried = bodies ? messages.slice(first, first + count).map(({ body }) => body) : [];
  const batch = json
    ? packFields([[flags, ...headers].join('\n'), packFields(carried)])
    : packFields(headers.flatMap((header, at) => [Buffer.of(Number(flags[at])), header, carried[at] ?? NOTHING]));
  return { kind: 'check', count, batch };
}

function listOf({ header }: Message): Buffer {
  return packFields(Object.entries(header).flat());
}

const NOTHING = Buffer.alloc(0);
