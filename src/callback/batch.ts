import type { Message } from '../message/message.js';
import type { CheckRequest } from './protocol.js';
import { FLAG } from './thread/engine.js';
import { packFields } from './thread/fields.js';

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
 */
export function packBatch(messages: readonly Message[], first: number, options: BatchOptions): CheckRequest {
  const fields: (Buffer | string)[] = [];
  let count = 0;
  let bytes = 0;
  for (const message of messages.slice(first, first + MOST_MESSAGES)) {
    const header = options.headers === 'json' ? JSON.stringify(message.header) : listOf(message);
    const { length } = message.body;
    if (options.bodies && length > options.largestBody) break;
    bytes += header.length + (options.bodies ? length : 0);
    if (count > 0 && bytes > options.mostBytes) break;
    const home = !options.bodies && length > 0;
    fields.push(FLAG_FIELDS[(message.text ? FLAG.text : 0) | (home ? FLAG.noBody : 0)] ?? NOTHING);
    fields.push(header, home ? NOTHING : message.body);
    count += 1;
  }
  return { kind: 'check', count, batch: packFields(fields) };
}

function listOf({ header }: Message): Buffer {
  return packFields(Object.entries(header).flat());
}

const NOTHING = Buffer.alloc(0);
const FLAG_FIELDS = [0, 1, 2, 3].map((flags) => Buffer.of(flags));
