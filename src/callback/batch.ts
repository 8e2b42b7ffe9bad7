import type { Message } from '../message/message.js';
import { type CheckRequest, FLAG } from './protocol.js';

const MOST_MESSAGES = 250;

export interface BatchOptions {
  readonly bodies: boolean;
  readonly byteStrings: boolean;
  /** bytes that may cross at once; a larger message crosses alone */
  readonly mostBytes: number;
}

/** Packs as many of `messages` from `first` on as may cross together, at least one. */
export function packBatch(messages: readonly Message[], first: number, options: BatchOptions): CheckRequest {
  const lines = [''];
  const bodies: string[] = [];
  const binary: Buffer[] = [];
  let flags = '';
  let bytes = 0;
  let binaryBytes = 0;
  const end = Math.min(messages.length, first + MOST_MESSAGES);
  for (let at = first; at < end; at += 1) {
    const message = messages[at] as Message;
    const line = JSON.stringify(message.header);
    bytes += line.length + (options.bodies ? message.body.length : 0);
    if (at > first && bytes > options.mostBytes) break;
    lines.push(line);
    if (message.body.length === 0) {
      flags += message.text ? FLAG.noText : FLAG.noBytes;
      bodies.push('');
      continue;
    }
    flags += message.text ? FLAG.text : FLAG.bytes;
    if (!options.bodies) continue;
    if (message.text) bodies.push(`s${JSON.stringify(message.body.toString('utf8'))}`);
    else if (options.byteStrings) bodies.push(`s${JSON.stringify(message.body.toString('latin1'))}`);
    else {
      bodies.push(`b${binaryBytes},${message.body.length}`);
      binary.push(message.body);
      binaryBytes += message.body.length;
    }
  }
  lines[0] = flags;
  return {
    kind: 'check',
    count: flags.length,
    head: lines.join('\n'),
    bodies: options.bodies ? bodies.join('\n') : undefined,
    binary: binary.length === 0 ? undefined : Buffer.concat(binary),
  };
}
