import { escapeName, escapeValue, unescapable } from './escape.js';
import { EMPTY_BODY, type FrameHeader, type StompVersion } from './frame.js';

/**
 * Command and headers as they go on the wire, the empty line included, as characters still to be written in UTF-8.
 * `bodyLength`: bytes of the body for `content-length`; undefined: that header is left out. A `content-length` in `header` is
 * not written: it would be believed. Errors: MESSAGE_BAD_HEADER.
 */
export function encodeHead(
  command: string,
  header: Readonly<FrameHeader>,
  bodyLength: number | undefined,
  version: StompVersion,
): string {
  let head = `${command}\n`;
  if (command === 'CONNECT' || command === 'CONNECTED') {
    for (const name in header) {
      const value = header[name] as string;
      unescapable(name, value);
      head += `${name}:${value}\n`;
    }
  } else {
    for (const name in header) {
      if (name === 'content-length') continue;
      head += `${escapeName(name, version)}:${escapeValue(name, header[name] as string, version)}\n`;
    }
  }
  return bodyLength === undefined ? `${head}\n` : `${head}content-length:${bodyLength}\n\n`;
}

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
