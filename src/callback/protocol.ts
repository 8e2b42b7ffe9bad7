import type { LogRecord } from './board.js';

/** What the worker is given once, as `workerData`. */
export interface Boot {
  readonly shared: SharedArrayBuffer;
  readonly program: Program;
  readonly data: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly memoryBytes: number;
}

/** Code ready for the sandbox. */
export interface Program {
  readonly script: string;
  readonly module: boolean;
  /** bodies of both kinds cross as strings, a byte a character when they are bytes; Perl's view of them */
  readonly byteStrings: boolean;
}

/** One batch, laid out so that the sandbox only has to split lines. */
export interface CheckRequest {
  readonly kind: 'check';
  readonly count: number;
  /** first line: one flag a message (FLAG); then a line each, its header as JSON */
  readonly head: string;
  /** a line each: the body as a JSON string (`s…`), or where it lies in `binary` (`b` offset `,` length); undefined: left at home */
  readonly bodies: string | undefined;
  readonly binary: Uint8Array | undefined;
}

export type Request = CheckRequest | { readonly kind: 'idle' } | { readonly kind: 'stop' };

/** Flags of a message in `CheckRequest.head`; empty bodies need not cross. */
export const FLAG = { bytes: '0', text: '1', noBytes: '2', noText: '3' } as const;

export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly stage: 'load' | 'code' | 'start'; readonly thrown: Thrown }
  /** the log, full, or a record too long for it */
  | { readonly kind: 'log'; readonly generation: number; readonly contents: Uint8Array }
  | { readonly kind: 'record'; readonly record: LogRecord }
  | { readonly kind: 'done'; readonly result: Done };

export type Done =
  | { readonly how: 'complete' }
  /** the code asked for a body that was left at home: the message in progress starts over, with its body */
  | { readonly how: 'needs-body' }
  /** `idle` or `stop` threw */
  | { readonly how: 'threw'; readonly thrown: Thrown }
  | Lost;

/** The sandbox must not be used again. */
export interface Lost {
  readonly how: 'lost';
  readonly why: 'memory' | 'timeout' | 'crash';
  readonly detail: string;
  /** it happened while the batch was carried in: no message was being checked yet */
  readonly arriving: boolean;
  /** of the message that hung, as the main thread saw it when it decided to end the thread */
  readonly position?: number;
}

/** An exception as the sandbox described it; `stack` names lines of the script. */
export interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/**
 * First character of an outcome, as `sandbox/prelude.ts` writes it:
 * `=` unchanged, `h` another header, `m` another message, `d` dropped, `r` a bad result, `t` thrown, `i` interrupted.
 */
export const OUTCOME = {
  same: '=',
  header: 'h',
  message: 'm',
  drop: 'd',
  bad: 'r',
  threw: 't',
  interrupted: 'i',
} as const;
