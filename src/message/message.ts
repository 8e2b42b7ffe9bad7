/** Header names to values. Always without a prototype, so that `constructor` or `__proto__` are names like any other. */
export type Header = Record<string, string>;

/**
 * An empty header, or a copy of `from`. `Object.create(null)` would make a hash table, which is filled and read at half the
 * speed: an ordinary object that loses its prototype stays one.
 */
export function newHeader(from?: Readonly<Header>): Header {
  return Object.setPrototypeOf(from === undefined ? {} : { ...from }, null) as Header;
}

const EMPTY = Buffer.alloc(0);

/**
 * A message: header, body, and whether the body is text. The body is always bytes; of a text message they are its
 * characters in UTF-8. A message is not changed once made: who wants another header makes another message.
 */
export class Message {
  readonly header: Readonly<Header>;
  readonly body: Buffer;
  readonly text: boolean;

  constructor(header: Readonly<Header> = newHeader(), body: Buffer = EMPTY, text = false) {
    this.header = header;
    this.body = body;
    this.text = text;
  }

  /** Bytes of the body plus UTF-16 units of the header: what `window-bytes` counts. */
  get size(): number {
    let size = this.body.length;
    for (const name in this.header) size += name.length + (this.header[name] ?? '').length + 2;
    return size;
  }
}
