import type { RecordKind } from './board.js';

/** What the worker is given once, as `workerData`. */
export interface Boot {
  readonly shared: SharedArrayBuffer;
  readonly program: Program;
  readonly data: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  /** the engine, compiled */
  readonly module: WebAssembly.Module;
}

/** Code ready for an engine. */
export type Program =
  | { readonly language: 'javascript'; readonly script: string; readonly module: boolean }
  | {
      readonly language: 'perl';
      readonly code: string;
      readonly fromPath: boolean;
      /** line of `file` on which the code begins, counted from 1 */
      readonly firstLine: number;
      readonly file: string;
    };

/** One batch: three fields a message, see `thread/engine.ts`. */
export interface CheckRequest {
  readonly kind: 'check';
  readonly count: number;
  readonly batch: Uint8Array;
}

export type Request = CheckRequest | { readonly kind: 'idle' } | { readonly kind: 'stop' };

export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly stage: 'load' | 'code' | 'start'; readonly thrown: Thrown }
  /** the log, full, or a record too long for it */
  | { readonly kind: 'log'; readonly generation: number; readonly contents: Uint8Array }
  | { readonly kind: 'record'; readonly of: RecordKind; readonly bytes: Uint8Array }
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

/** The name of what is thrown when code cannot be read because it wants what callbacks have not. */
export const UNSUPPORTED = 'Unsupported';
