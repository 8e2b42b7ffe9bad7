import type { Thrown } from './protocol.js';

/** The engine cannot be used any more: its memory is full, or an exception tore through WebAssembly. */
export class EngineLost extends Error {
  readonly why: 'memory' | 'timeout' | 'crash';
  /** a message did not fit in, and none of its code ran: with a fresh engine it may */
  readonly arriving: boolean;

  constructor(why: 'memory' | 'timeout' | 'crash', detail: string, arriving = false) {
    super(detail);
    this.why = why;
    this.arriving = arriving;
  }
}

/** What an engine gets of the worker it runs in. */
export interface EngineHost {
  readonly memoryBytes: number;
  /** `callback-data` */
  readonly data: Readonly<Record<string, string>>;
  /** asked now and then by engines that can ask: true stops the code that runs */
  interrupted(): boolean;
  /**
   * What the code prints, logs, taps. `print`: UTF-8; `log`: fields level, text; `tap`: fields path, type, flags, header
   * list, body. Throws when the call gave out too much: hand that on to the code. Ask `room` before making large `bytes`.
   */
  output(kind: OutputKind, bytes: Uint8Array): void;
  /** Throws as `output` would when `bytes` more are given out. */
  room(bytes: number): void;
}

export type OutputKind = 'print' | 'log' | 'tap';

/** What a batch says while it is worked on. */
export interface Progress {
  /** the code is about to see message `position` of the batch: the time limit starts */
  begin(position: number): void;
  /**
   * Its outcome, laid out as `OUTCOME` says: whole, once, in order. False: what came out so far is enough for now, `check`
   * is to return 'complete' without beginning another message (the rest comes in a later batch).
   */
  settle(outcome: Uint8Array): boolean;
}

/** Runs the user's code, in the worker; knows nothing of threads. */
export interface Engine {
  /** undefined when the code and its hooks are in place */
  adopt(): Thrown | undefined;
  call(hook: 'start' | 'idle' | 'stop'): Thrown | undefined;
  /**
   * Calls `check` for the messages of a batch, in order; throws EngineLost. needs-body: the message after the last
   * settled one asked for a body left at home.
   */
  check(batch: Uint8Array, count: number, progress: Progress): 'complete' | 'needs-body';
}

/**
 * First byte of an outcome; fields follow. A batch has three fields a message: flags (a byte of FLAG), header (a list: name,
 * value, name, value …), body (UTF-8 when it is text). The JavaScript engine takes headers as JSON text, see `batch.ts`.
 */
export const OUTCOME = {
  /** no field: unchanged */
  same: '=',
  /** another header, the rest as it was: a list */
  header: 'h',
  /** the same, the header as JSON text, which is the whole rest: no field */
  headerJson: 'j',
  /** another message: flags, header, body */
  message: 'm',
  /** one of the above, for an output: its name, then, behind that field, the outcome itself */
  to: 'o',
  /** dropped: reason */
  drop: 'd',
  /** a bad result: reason */
  bad: 'r',
  /** an exception: name, message, stack */
  threw: 't',
  /** no field: the time was over */
  interrupted: 'i',
} as const;

/** Bits of the flags of a message, in batches, outcomes and taps. */
export const FLAG = {
  text: 1,
  /** in a batch: the body was left at home; in an outcome: it is the one that came in. The field is empty. */
  noBody: 2,
  /** the header is JSON text */
  json: 4,
} as const;
