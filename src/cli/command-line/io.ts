import type { Readable } from 'node:stream';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import type { Signals } from '../../daemon/signals.js';

/** A stream that text is written to; what is optional only a real stream has. */
export interface TextOutput {
  write(text: string | Uint8Array): unknown;
  /** false: its reader is gone */
  readonly writable?: boolean;
  /** of a terminal, as of now */
  readonly columns?: number;
  readonly rows?: number;
  once?(event: 'drain' | 'error', run: () => void): unknown;
  off?(event: 'drain' | 'error', run: () => void): unknown;
}

/** What a command has of the process it runs in. */
export interface CommandIo {
  readonly out: TextOutput;
  readonly err: TextOutput;
  /** columns of the terminal; undefined when standard output is none */
  readonly columns?: number | undefined;
  /** standard input; the process's own when not given */
  readonly input?: () => Readable;
  readonly signals: Signals;
}

/** Writes `text` and waits until a slow reader has taken most of it; resolves false when the reader is gone. */
export async function drained(out: TextOutput, text: string | Uint8Array): Promise<boolean> {
  if (isGone(out)) return false;
  if (out.write(text) === false && out.once !== undefined && !isGone(out)) {
    await new Promise<void>((resolve) => {
      const done = () => {
        out.off?.('drain', done);
        out.off?.('error', done);
        resolve();
      };
      out.once?.('drain', done);
      out.once?.('error', done);
    });
  }
  return !isGone(out);
}

function isGone({ writable }: TextOutput): boolean {
  return writable === false;
}

/** OUTPUT_FAILED for what a write to standard output failed of. */
export function outputError(error: Error): StompctlError {
  const reason = errnoOf(error) === 'EPIPE' ? 'its reader has gone' : reasonOf(error);
  return new StompctlError('OUTPUT_FAILED', 'write', 'standard output', reason, error);
}

/**
 * Did output get lost, other than by a reader that went away (which is its right), or a `terminal` that was closed? `error` is that of the
 * stream.
 */
export function lostOutput(error: Error | undefined, terminal = false): StompctlError | undefined {
  if (error === undefined || errnoOf(error) === (terminal ? 'EIO' : 'EPIPE')) return undefined;
  return outputError(error);
}
