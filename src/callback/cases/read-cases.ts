import { PartReader } from '../../base/parsed-part.js';
import { Message, newHeader } from '../../message/message.js';

/** A message as a case file writes it: `body` for readable ones, `base64` for bytes. */
export interface CaseMessage {
  readonly header?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly base64?: string;
  /** true unless `base64` is given */
  readonly text?: boolean;
}

/** One case of `stompctl test`: a message in, and exactly one of what must become of it. */
export interface Case {
  readonly name: string;
  readonly message: CaseMessage;
  /** the message that must come out, where what is left out is as in `message`; `same`: unchanged */
  readonly expect?: CaseMessage | 'same';
  /** with `expect`: the output that it must be for; otherwise it must be for none by name */
  readonly to?: string;
  /** the reason it must be dropped with; true: any */
  readonly drop?: string | true;
  /** the error code it must be rejected with, or a part of the error's text; true: any */
  readonly reject?: string | true;
}

const read = new PartReader('test');

const CASE_KEYS = ['name', 'message', 'expect', 'to', 'drop', 'reject'];
const MESSAGE_KEYS = ['header', 'body', 'base64', 'text'];

/** Reads the cases of a file, already parsed: a list, or a table with `cases`. Throws PartError. */
export function readCases(value: unknown): Case[] {
  const list = typeof value === 'object' && value !== null && 'cases' in value ? value.cases : value;
  if (!Array.isArray(list)) throw read.invalid('cases', 'must be a list of cases');
  return list.map((item: unknown, index) => readCase(item, index));
}

function readCase(value: unknown, index: number): Case {
  const at = `cases[${index}]`;
  const table = read.table(value, at, CASE_KEYS);
  const ends = ['expect', 'drop', 'reject'].filter((key) => given(table[key]));
  if (ends.length !== 1) throw read.invalid(at, 'needs exactly one of expect, drop, reject');
  const { name, message, expect, to, drop, reject } = table;
  if (given(to) && !given(expect)) throw read.invalid(`${at}.to`, 'needs expect');
  return {
    name: given(name) ? read.text(name, `${at}.name`) : `case ${index + 1}`,
    message: readCaseMessage(message, `${at}.message`),
    ...(given(expect) && { expect: expect === 'same' ? 'same' : readCaseMessage(expect, `${at}.expect`) }),
    ...(given(to) && { to: read.text(to, `${at}.to`) }),
    ...(given(drop) && { drop: reasonOf(drop, `${at}.drop`) }),
    ...(given(reject) && { reject: reasonOf(reject, `${at}.reject`) }),
  };
}

function readCaseMessage(value: unknown, at: string): CaseMessage {
  const { header, body, base64, text } = read.table(value, at, MESSAGE_KEYS);
  if (given(body) && given(base64)) throw read.invalid(at, 'has both body and base64');
  return {
    ...(given(header) && { header: headerOf(header, `${at}.header`) }),
    ...(given(body) && { body: read.text(body, `${at}.body`) }),
    ...(given(base64) && { base64: base64Of(base64, `${at}.base64`) }),
    ...(given(text) && { text: booleanOf(text, `${at}.text`) }),
  };
}

function headerOf(value: unknown, at: string): Record<string, string> {
  return newHeader(
    Object.fromEntries(
      Object.entries(read.table(value, at)).map(([name, item]) => [name, read.text(item, `${at}.${name}`)]),
    ),
  );
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function reasonOf(value: unknown, at: string): string | true {
  if (value === true) return true;
  if (typeof value === 'string' && value !== '') return value;
  throw read.invalid(at, 'must be a text, or true for any');
}

function booleanOf(value: unknown, at: string): boolean {
  if (typeof value === 'boolean') return value;
  throw read.invalid(at, 'must be true or false');
}

/** White space in it is left out: long values stand on several lines. */
function base64Of(value: unknown, at: string): string {
  const packed = read.text(value, at).replace(/\s+/g, '');
  if (packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return packed;
  throw read.invalid(at, 'is not base64');
}

/** The message that a case writes down; what it leaves out is as in `otherwise`, or empty. */
export function messageOf({ header, body, base64, text }: CaseMessage, otherwise?: Message): Message {
  const headers = header ?? otherwise?.header;
  if (base64 !== undefined) return new Message(newHeader(headers), Buffer.from(base64, 'base64'), text ?? false);
  const bytes = body === undefined ? otherwise?.body : Buffer.from(body);
  return new Message(newHeader(headers), bytes, text ?? otherwise?.text ?? true);
}

/** How a case writes a message down, in full. */
export function caseMessageOf({ header, body, text }: Message): CaseMessage {
  const readable = text || body.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127));
  if (!readable) return { header: { ...header }, base64: body.toString('base64') };
  return { header: { ...header }, body: body.toString('utf8'), text };
}
