import { isUtf8 } from 'node:buffer';
import { StompctlError } from '../../base/errors.js';
import { undecodable } from '../../message/decode-error.js';
import { type Header, Message, newHeader } from '../../message/message.js';
import { decodeTable, encodeTable, LONE_SURROGATE } from './element-table.js';

import { headerName, type MessageField, type MessageFields } from './schema.js';

/** the most that headers may take: no broker takes as much */
const LARGEST_HEADER = 16 * 1024 * 1024;
/**
 * The message in the files of an element; `read` gives one of them, undefined when it is not there, and throws a DecodeError when it has more than
 * so many bytes. Throws a DecodeError.
 */
export function messageOf(
  fields: MessageFields,
  maxMessageSize: number,
  read: (file: string, limit: number) => Buffer | undefined,
): Message {
  const header = newHeader();
  const alone: [string, string][] = [];
  let body: { readonly bytes: Buffer; readonly text: boolean } | undefined;
  for (const { file, optional, holds } of fields) {
    const bytes = read(file, holds.kind === 'body' ? maxMessageSize : LARGEST_HEADER);
    if (bytes === undefined) {
      if (!optional) throw undecodable(`it has no ${file} file`);
    } else if (holds.kind === 'headers') Object.assign(header, decodeTable(bytes));
    else if (holds.kind === 'body') {
      if (body !== undefined) throw undecodable('it has both a text and a binary file');
      if (holds.text && !isUtf8(bytes)) throw undecodable(`its ${file} is not valid UTF-8`);
      body = { bytes, text: holds.text };
    } else {
      if (!isUtf8(bytes)) throw undecodable(`its ${file} is not valid UTF-8`);
      alone.push([holds.name, bytes.toString('utf8')]);
    }
  }
  for (const [name, value] of alone) header[name] = value;
  return new Message(header, body?.bytes, body?.text ?? false);
}

/**
 * The files of an element that holds the message. Throws MESSAGE_BAD_HEADER when a header is missing that has a file, or is not valid Unicode;
 * MESSAGE_REFUSED for a body of bytes where only characters have a file.
 */
export function filesOf(fields: MessageFields, message: Message): Map<string, Buffer> {
  const contents = new Map<string, Buffer>();
  const bodies = fields.filter(({ holds }) => holds.kind === 'body');
  const body = bodyField(bodies, message);
  const alone = new Set(fields.flatMap(headerName));
  for (const field of fields) {
    const { file, optional, holds } = field;
    if (holds.kind === 'headers') contents.set(file, encodeTable(without(message.header, alone)));
    else if (holds.kind === 'body') {
      if (field === body) contents.set(file, message.body);
    } else {
      const value = message.header[holds.name];
      if (value !== undefined) contents.set(file, encodeValue(holds.name, value));
      else if (!optional)
        throw badHeader(holds.name, `is missing, and the schema has a file for it: set it, or write ${file}:string?`);
    }
  }
  return contents;
}

function bodyField(bodies: MessageFields, { text, body }: Message): MessageField | undefined {
  const [characters, bytes] = [true, false].map((wanted) =>
    bodies.find(({ holds }) => holds.kind === 'body' && holds.text === wanted),
  );
  if (bytes !== undefined && (characters === undefined || !text || !isUtf8(body))) return bytes;
  if (isUtf8(body)) return characters;
  const reason = 'its body is not valid UTF-8, and the schema of the queue has only a string for it';
  throw new StompctlError('MESSAGE_REFUSED', 'encode', 'message', reason);
}

function without(header: Readonly<Header>, names: ReadonlySet<string>): Readonly<Header> {
  if (names.size === 0) return header;
  const rest = newHeader(header);
  for (const name of names) delete rest[name];
  return rest;
}

function encodeValue(name: string, value: string): Buffer {
  if (LONE_SURROGATE.test(value)) throw badHeader(name, 'holds half a surrogate pair');
  return Buffer.from(value);
}

function badHeader(name: string, reason: string): StompctlError {
  const text = `the header ${JSON.stringify(name.slice(0, 80))} ${reason}`;
  return new StompctlError('MESSAGE_BAD_HEADER', 'encode', 'message', text);
}
