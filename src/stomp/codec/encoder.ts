import { escapeName, escapeValue, unescapable } from './escape.js';
import { EMPTY_BODY, type FrameHeader, type StompVersion } from './frame.js';

/**
 * Headers that belong to one delivery or one connection. On a SEND brokers refuse them, or store them and hand them back beside
 * their own (a stale `ack`, `subscription` or `receipt`), so a session writes a SEND without them.
 */
export const NOT_SENT: ReadonlySet<string> = new Set([
  'message-id',
  'subscription',
  'ack',
  'redelivered',
  'receipt',
  'content-length',
  'heart-beat',
  'transaction',
]);
const NOT_WRITTEN: ReadonlySet<string> = new Set(['content-length']);

/**
 * Command and headers as they go on the wire, the empty line included, as characters still to be written in UTF-8.
 * `bodyLength`: bytes of the body for `content-length`; undefined: that header is left out. A `content-length` in `header` is
 * not written: it would be believed. `extra`: lines to add, each with its LF, escaped by the caller. `skip`: names to leave out,
 * `content-length` among them. Errors: MESSAGE_BAD_HEADER.
 */
export function encodeHead(
  command: string,
  header: Readonly<FrameHeader>,
  bodyLength: number | undefined,
  version: StompVersion,
  extra = '',
  skip: ReadonlySet<string> = NOT_WRITTEN,
): string {
  let head = `${command}\n`;
  if (command === 'CONNECT' || command === 'CONNECTED') {
    for (const name in header) {
      const value = header[name] ?? '';
      unescapable(name, value);
      head += `${name}:${value}\n`;
    }
  } else {
    const memory = MEMORIES[version];
    let at = 0;
    for (const name in header) {
      if (skip.has(name)) continue;
      head += memory.line(at++, name, header[name] ?? '');
    }
  }
  return bodyLength === undefined ? `${head}${extra}\n` : `${head}${extra}content-length:${bodyLength}\n\n`;
}

/** Header lines of the last heads, by position: most come again in the next one, and need not be looked at for escapes. */
class LineMemory {
  readonly #version: StompVersion;
  readonly #names: string[] = [];
  readonly #values: string[] = [];
  readonly #lines: string[] = [];

  constructor(version: StompVersion) {
    this.#version = version;
  }

  line(at: number, name: string, value: string): string {
    const known = this.#lines[at];
    if (known !== undefined && name === this.#names[at] && value === this.#values[at]) return known;
    const line = `${escapeName(name, this.#version)}:${escapeValue(name, value, this.#version)}\n`;
    if (at < REMEMBERED && line.length < MEMORABLE) {
      this.#names[at] = name;
      this.#values[at] = value;
      this.#lines[at] = line;
    }
    return line;
  }
}

const REMEMBERED = 32;
const MEMORABLE = 256;
const MEMORIES: Readonly<Record<StompVersion, LineMemory>> = {
  '1.0': new LineMemory('1.0'),
  '1.1': new LineMemory('1.1'),
  '1.2': new LineMemory('1.2'),
};

/** Whether a frame with this body needs `content-length`: without it, the body would end at its first NUL. */
export function needsContentLength(body: Buffer): boolean {
  return body.length > 0 && body.includes(0);
}

/**
 * One whole frame, its closing NUL included. `contentLength`: whether to write that header; it is written in any case when the
 * body has a NUL. Errors: MESSAGE_BAD_HEADER.
 */
export function encodeFrame(
  command: string,
  header: Readonly<FrameHeader>,
  body: Buffer = EMPTY_BODY,
  version: StompVersion = '1.2',
  contentLength: boolean = body.length > 0,
): Buffer {
  const head = encodeHead(
    command,
    header,
    contentLength || needsContentLength(body) ? body.length : undefined,
    version,
  );
  const headLength = Buffer.byteLength(head);
  const frame = Buffer.allocUnsafe(headLength + body.length + 1);
  frame.write(head, 0, 'utf8');
  body.copy(frame, headLength);
  frame[frame.length - 1] = 0;
  return frame;
}
