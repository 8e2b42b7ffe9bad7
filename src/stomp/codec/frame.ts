export type StompVersion = '1.0' | '1.1' | '1.2';

/** Header names to values, always without a prototype: `constructor` and `__proto__` are names like any other. */
export type FrameHeader = Record<string, string>;

/** One STOMP frame. Header values are unescaped; `body` has exactly the body's bytes, without the closing NUL. */
export interface Frame {
  readonly command: string;
  readonly header: FrameHeader;
  readonly body: Buffer;
  /** bytes of a body that was over the limit, and skipped while it was read: `body` is then empty */
  readonly skippedBytes?: number;
  /**
   * The header with one character a byte, when it is not valid UTF-8 (`header` then has U+FFFD where the bytes were): what the peer
   * must get back as it was, such as the id of an ACK, is taken from here.
   */
  readonly binaryHeader?: FrameHeader;
}

export const EMPTY_BODY = Buffer.alloc(0);

/**
 * An empty header, or a copy of `from`. `Object.create(null)` would make a hash table, which is filled and read at half the
 * speed: an ordinary object that loses its prototype stays one.
 */
export function newFrameHeader(from?: Readonly<FrameHeader>): FrameHeader {
  return Object.setPrototypeOf(from === undefined ? {} : { ...from }, null) as FrameHeader;
}

/** What a peer may send at most. Each excess is a FRAME_TOO_LARGE. */
export interface FrameLimits {
  /** bytes of command and headers together, as on the wire, the empty line included */
  readonly headerBytes: number;
  /** header lines of one frame, repeated ones included */
  readonly headerCount: number;
  /** bytes of one body */
  readonly bodyBytes: number;
  /** bytes of one body that is skipped because it has more than `bodyBytes` (`FrameDecoder`: `skipOversized`) */
  readonly skippedBytes: number;
}

export const DEFAULT_LIMITS: FrameLimits = {
  headerBytes: 1024 * 1024,
  headerCount: 4096,
  bodyBytes: 64 * 1024 * 1024,
  skippedBytes: 16 * 1024 * 1024 * 1024,
};
