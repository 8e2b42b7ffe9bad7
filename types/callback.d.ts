/**
 * What JavaScript callbacks of stompctl see. In a callback file, `/// <reference types="stompctl/callback" />` in the first
 * line, and then `/** @type {Check} *&#47;` before `check`, since a compiler knows the parameters of a function only when it
 * is told; `Start` and the others likewise. `TextEncoder` and `TextDecoder` (UTF-8 only) are there too:
 * every editor knows them.
 */

/**
 * Header names to values. A value that is read is a string. Numbers, booleans and bigints may be assigned, and become text:
 * no type says both of an index, so it is left open.
 */
// biome-ignore lint/suspicious/noExplicitAny: one type for what is read, another for what is assigned
export type Header = Record<string, any>;

/** A string when the message is text, else bytes. Either may be assigned to either: a string becomes UTF-8. */
export type Body = string | Uint8Array;

export interface Message {
  header: Header;
  body: Body;
  /** whether the body is text */
  text: boolean;
  headerField(name: string): string | undefined;
  headerField(name: string, value: string | number | boolean | bigint): this;
  /** 1, the body (characters of a text, else bytes), and each header's name and value plus 2 */
  size(): number;
  copy(): Message;
  /** the JSON text that a queue element holds */
  stringify(): string;
  /** the same as `stringify` */
  serialize(): string;
}

/** The output that the message is for, with `deliver = route`; without `message` it is the one that `check` was given. */
export interface Route {
  to: string;
  message?: Message;
}

/** The message to pass on (the same, or another), for an output or not, or why it is dropped. */
type CheckFunction = (msg: Message) => Message | Route | string;
type StartFunction = (data: Readonly<Record<string, string>>) => void;
type IdleFunction = () => void;
type StopFunction = () => void;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type { CheckFunction as Check, IdleFunction as Idle, StartFunction as Start, StopFunction as Stop };

declare global {
  /** For `@type {Check}` on `check`, and so on. */
  type Check = CheckFunction;
  type Start = StartFunction;
  type Idle = IdleFunction;
  type Stop = StopFunction;
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
