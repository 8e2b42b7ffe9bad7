import { encodeFrame, encodeHead, needsContentLength } from '../stomp/codec/encoder.js';
import { escapeName, escapeValue } from '../stomp/codec/escape.js';
import { EMPTY_BODY, type Frame, newFrameHeader, type StompVersion } from '../stomp/codec/frame.js';

/** What the broker writes: a frame, and what the client library's frames never have. */
export interface OutgoingFrame extends Frame {
  /** header lines that repeat genuine ones, written after them */
  readonly repeated?: readonly (readonly [name: string, value: string])[];
  /** false: no `content-length` unless the body has a NUL */
  readonly contentLength?: boolean;
}

/** A frame from the few headers that most of the broker's answers have. */
export function answer(command: string, header: Readonly<Record<string, string>>, body: Buffer = EMPTY_BODY): Frame {
  return { command, header: newFrameHeader(header), body };
}

/** The bytes of a frame up to its body; the body and a NUL follow. */
export function encodeOutgoingHead(frame: OutgoingFrame, version: StompVersion): string {
  const { body } = frame;
  const length = frame.contentLength !== false && body.length > 0;
  const bodyLength = length || needsContentLength(body) ? body.length : undefined;
  const written = writableVersion(frame, version);
  const head = encodeHead(frame.command, frame.header, bodyLength, written);
  if (frame.repeated === undefined || frame.repeated.length === 0) return head;
  const lines = frame.repeated.map(([name, value]) => repeatedLine(name, value, written));
  return `${head.slice(0, -1)}${lines.join('')}\n`;
}

/** All bytes of a frame, in one piece. */
export function encodeOutgoing(frame: OutgoingFrame, version: StompVersion): Buffer {
  if (frame.repeated === undefined && frame.contentLength === undefined && version !== '1.0') {
    return encodeFrame(frame.command, frame.header, frame.body, version);
  }
  const head = Buffer.from(encodeOutgoingHead(frame, version));
  return Buffer.concat([head, frame.body, NUL]);
}

export const NUL = Buffer.alloc(1);

/** STOMP 1.0 cannot carry a line end in a header. A message may have one all the same: it is escaped, as RabbitMQ does. */
function writableVersion(frame: OutgoingFrame, version: StompVersion): StompVersion {
  if (version !== '1.0') return version;
  for (const [name, value] of Object.entries(frame.header)) {
    if (/[\n:]/.test(name) || value.includes('\n')) return '1.1';
  }
  return version;
}

function repeatedLine(name: string, value: string, version: StompVersion): string {
  return `${escapeName(name, version)}:${escapeValue(name, value, version)}\n`;
}
