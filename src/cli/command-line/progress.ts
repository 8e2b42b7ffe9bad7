import type { WriteStream } from 'node:tty';

export interface ProgressOptions {
  readonly total: number;
  /** how many are done now */
  readonly done: () => number;
  readonly label: string;
  /** what is counted: `msg` when not given */
  readonly unit?: string;
  readonly stream: NodeJS.WriteStream;
}

export interface Progress {
  stop(): void;
}

const REDRAW_MS = 100;

/**
 * A progress bar with rate and time left, on a terminal only: elsewhere nothing is written. Loaded on use. The bar shows
 * what `done` says and ends where it is when stopped.
 */
export async function startProgress(options: ProgressOptions): Promise<Progress> {
  const { total, done, label, unit = 'msg', stream } = options;
  if (!stream.isTTY || total === 0) return { stop: () => undefined };
  const { default: cliProgress } = await import('cli-progress');
  const bar = new cliProgress.SingleBar({
    // fits 80 columns with numbers of seven digits
    format: `${label} [{bar}] {percentage}% {value}/{total} {rate} ${unit}/s {left} s left`,
    barsize: 20,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    hideCursor: true,
    clearOnComplete: false,
    stream: stream as WriteStream,
  });
  const startedMs = performance.now();
  const figures = () => {
    const rate = done() / Math.max((performance.now() - startedMs) / 1000, 0.001);
    return { rate: Math.round(rate), left: rate === 0 ? '?' : Math.ceil((total - done()) / rate) };
  };
  bar.start(total, 0, figures());
  const redraw = setInterval(() => bar.update(done(), figures()), REDRAW_MS);
  redraw.unref();
  return {
    stop() {
      clearInterval(redraw);
      bar.update(done(), figures());
      bar.stop();
    },
  };
}
