import type { WriteStream } from 'node:tty';
import { clearLiveLine, setLiveLine } from '../../base/live-line.js';

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
    // a log line takes it away: it comes back though nothing moves
    forceRedraw: true,
    clearOnComplete: false,
    stream: stream as WriteStream,
  });
  const startedMs = performance.now();
  const figures = () => {
    const rate = done() / Math.max((performance.now() - startedMs) / 1000, 0.001);
    return { rate: Math.round(rate), left: rate === 0 ? '?' : Math.ceil((total - done()) / rate) };
  };
  bar.start(total, 0, figures());
  setLiveLine(true);
  const redraw = setInterval(() => bar.update(done(), figures()), REDRAW_MS);
  redraw.unref();
  return {
    stop() {
      clearInterval(redraw);
      bar.update(done(), figures());
      bar.stop();
      setLiveLine(false);
    },
  };
}

const LIVE_MS = 500;

/** One line that is kept up to date, for work whose end is not known; on a terminal only, and gone when stopped. */
export function startLiveLine(stream: NodeJS.WriteStream, text: () => string): Progress {
  if (!stream.isTTY || process.env.TERM === 'dumb') return { stop: () => undefined };
  const draw = () => {
    // one character is left: some terminals begin a new line after the last
    const room = Math.max(1, (stream.columns || 80) - 1);
    const line = text().replace(/\p{Cc}/gu, ' ');
    stream.write(`${clearLiveLine()}${line.length <= room ? line : `${line.slice(0, room - 1)}…`}`);
  };
  setLiveLine(true);
  draw();
  const redraw = setInterval(draw, LIVE_MS);
  redraw.unref();
  return {
    stop() {
      clearInterval(redraw);
      stream.write(clearLiveLine());
      setLiveLine(false);
    },
  };
}
