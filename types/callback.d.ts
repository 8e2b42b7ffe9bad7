/**
 * What JavaScript callbacks of stompctl see. In a callback file: `/// <reference types="stompctl/callback" />`, or
 * `@type {import('stompctl/callback').Check}` on the function. `TextEncoder` and `TextDecoder` (UTF-8 only) are there too:
 * every editor knows them.
 */

/** Header names to values. Numbers, booleans and bigints may be assigned: they become text. */
export type Header = Record<string, string>;

/** A string when the message is text, else bytes. Either may be assigned to either: a string becomes UTF-8. */
export type Body = string | Uint8Array;

export interface Message {
  header: Header;
  body: Body;
  /** whether the body is text */
  text: boolean;
  headerField(name: string): string | undefined;
  headerField(name: string, value: string): this;
  /** 1, the body (characters of a text, else bytes), and each header's name and value plus 2 */
  size(): number;
  copy(): Message;
  /** the JSON text that a queue element holds */
  stringify(): string;
  /** the same as `stringify` */
  serialize(): string;
}

/** The message to pass on (the same, or another), or why it is dropped. */
export type Check = (msg: Message) => Message | string;
export type Start = (data: Readonly<Record<string, string>>) => void;
export type Idle = () => void;
export type Stop = () => void;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

declare global {
  /** Writes to standard output, as it is: no line end is added. */
  function print(...parts: unknown[]): void;
  function log(level: LogLevel, text: string): void;
  /** Adds a copy of a message to the queue at `path`, which must be a value of `callback-data`. */
  function tap(path: string, message: Message, type?: 'DQS' | 'DQN'): void;
  /** What `callback-data` says. */
  const data: Readonly<Record<string, string>>;
  const Message: new (init?: { header?: Header; body?: Body; text?: boolean }) => Message;
  /** Inside code that is the body of `check` only. */
  let msg: Message;
  let hdr: Header;
  let bdy: Body;
}
