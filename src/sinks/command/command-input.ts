import type { CommandWord } from '../../base/command-words.js';
import { encodeMessage } from '../../message/json.js';
import type { Header, Message } from '../../message/message.js';
import { badHeader } from './command-environment.js';

const LINE_END = Buffer.from('\n');

/** The arguments with headers in the places of their placeholders. Throws MESSAGE_BAD_HEADER for one that is missing or has a NUL. */
export function argumentsFor(words: readonly CommandWord[], header: Readonly<Header>): string[] {
  return words.map((word) =>
    word.map((part) => (typeof part === 'string' ? part : headerValue(part, header))).join(''),
  );
}

function headerValue({ header: name, otherwise }: { header: string; otherwise: string | undefined }, header: Header) {
  const value = header[name] ?? otherwise;
  if (value === undefined)
    throw badHeader(name, `is missing, and an argument is made of it; %{${name}:-} takes nothing then`);
  if (value.includes('\0')) throw badHeader(name, 'has a NUL in it, which no argument can hold');
  return value;
}

/** Messages as JSON, a line each, as `stompctl queue export` writes them. Throws MESSAGE_BAD_HEADER. */
export function jsonLines(messages: readonly Message[]): Buffer {
  return Buffer.concat(messages.flatMap((message) => [encodeMessage(message), LINE_END]));
}
