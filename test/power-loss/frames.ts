import type { TraceEvent } from './trace.js';

/** Which messages changed hands over a socket, and at which event. Told by their `x-id`. */
export interface HandOvers {
  /** ACK was written: the broker forgets the message */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** RECEIPT was read: the broker has the message */
  readonly received: ReadonlyMap<string, number>;
}

interface Frame {
  readonly command: string;
  readonly header: ReadonlyMap<string, string>;
  readonly at: number;
}

/** Follows the one connection of a trace. */
export function handOvers(trace: readonly TraceEvent[]): HandOvers {
  const [out, into] = [framesOf(trace, 'out'), framesOf(trace, 'in')];
  const byAck = new Map<string, string>();
  for (const { command, header } of into) {
    if (command === 'MESSAGE') byAck.set(header.get('ack') ?? '', header.get('x-id') ?? '');
  }
  const byReceipt = new Map<string, string>();
  for (const { command, header } of out) {
    if (command === 'SEND') byReceipt.set(header.get('receipt') ?? '', header.get('x-id') ?? '');
  }
  const acknowledged = new Map<string, number>();
  for (const { command, header, at } of out) {
    const id = byAck.get(header.get('id') ?? '');
    if (command === 'ACK' && id !== undefined) acknowledged.set(id, at);
  }
  const received = new Map<string, number>();
  for (const { command, header, at } of into) {
    const id = byReceipt.get(header.get('receipt-id') ?? '');
    if (command === 'RECEIPT' && id !== undefined) received.set(id, at);
  }
  return { acknowledged, received };
}

/** Every frame of one direction, with the event that brought its last byte. */
function framesOf(trace: readonly TraceEvent[], direction: 'in' | 'out'): Frame[] {
  const frames: Frame[] = [];
  let pending = Buffer.alloc(0);
  for (const [at, event] of trace.entries()) {
    if (event.operation !== direction) continue;
    pending = Buffer.concat([pending, Buffer.from(event.bytes, 'base64')]);
    for (;;) {
      const [frame, rest] = takeFrame(pending, at);
      if (frame === undefined) break;
      frames.push(frame);
      pending = Buffer.from(rest);
    }
  }
  return frames;
}

function takeFrame(bytes: Buffer, at: number): [Frame | undefined, Buffer] {
  let start = 0;
  while (bytes[start] === 10) start += 1;
  const blank = bytes.indexOf('\n\n', start);
  if (blank < 0) return [undefined, bytes];
  const [command = '', ...lines] = bytes.toString('utf8', start, blank).split('\n');
  const header = new Map(lines.map((text) => [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)]));
  const length = header.get('content-length');
  const end = length === undefined ? bytes.indexOf(0, blank + 2) : blank + 2 + Number(length);
  if (end < 0 || end >= bytes.length) return [undefined, bytes];
  return [{ command, header, at }, bytes.subarray(end + 1)];
}
