import { pino, stdTimeFunctions } from 'pino';
import { type Clock, systemClock } from '../base/clock.js';
import type { LogEvent } from './events.js';
import type { LineStream } from './fd-stream.js';
import { FloodGuard } from './flood-guard.js';
import { type LogFormat, openOutput } from './log-output.js';
import type { LogFields, Logger, LogLevel } from './logger.js';
import { maskText, safeField, shortText } from './mask.js';

export interface LoggerOptions {
  /** what is below it is not logged */
  readonly level: LogLevel;
  /** undefined: pretty when standard error is a terminal, else JSON */
  readonly format?: LogFormat | undefined;
  /** instead of standard error */
  readonly stream?: LineStream;
  readonly clock?: Clock;
  /** lines of one event and text that pass in ten seconds before the rest is collapsed, and ten times as many of one
   * event; default 10 */
  readonly burst?: number;
  /** does standard error go to the journal? Default: as JOURNAL_STREAM says */
  readonly journal?: boolean | undefined;
}

/** The logger of a run. */
export interface RunLogger extends Logger {
  /**
   * Lets out what the flood guard holds (before this returns) and waits until everything is written, a second at most.
   * Call it, and await it if you can, before the process ends.
   */
  flush(): Promise<void>;
  /** Another level and form from now on. What was written goes out in the old one. */
  configure(options: Pick<LoggerOptions, 'level' | 'format'>): Promise<void>;
  /** The same log, each line with the name of this transfer in it: for a process that runs several. */
  ofTransfer(name: string): Logger;
  /** Logs `debug` too, or, the next time, only what was asked for again; and says so, whatever the level. */
  toggleDebug(): void;
}

const RANKS: Readonly<Record<LogLevel, number>> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50 };
const EVENT_FACTOR = 10;
/**
 * characters of a line's text. Above all that is a user's own, which is cut where it is made (a line of a callback: 10,000); the rest says no more
 * with more, and the flood guard keeps hundreds.
 */
const MOST_TEXT = 16_384;
/** What somebody wants to see each of: never collapsed, as lines below info are not. */
const ASKED_FOR: ReadonlySet<string> = new Set(['frame']);

/**
 * Makes the logger: JSON lines, each with `level time pid name event msg` and its fields; pretty for people; or syslog.
 * Secrets are masked and floods collapsed here, whatever the callers hand in. Resolves when lines can be written.
 */
export async function createLogger(options: LoggerOptions): Promise<RunLogger> {
  const clock = options.clock ?? systemClock;
  let format = formatOf(options);
  const outputOptions = { stream: options.stream, clock, journal: options.journal };
  let stream = await openOutput(format, outputOptions);
  let { level: asked } = options;
  let toggled = false;
  const current = (): LogLevel => (toggled && RANKS[asked] > RANKS.debug ? 'debug' : asked);
  const sink = pino(
    {
      // what is below the threshold does not come here
      level: 'trace',
      base: { pid: process.pid, name: 'stompctl' },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (lines: string) => stream.write(lines) },
  );
  const { burst = 10 } = options;
  const byText = new FloodGuard({ clock, burst });
  // texts with names in them all differ
  const byEvent = new FloodGuard({ clock, burst: burst * EVENT_FACTOR });

  const line = (level: LogLevel, event: string, given: string, fields?: LogFields, transfer?: string) => {
    const text = given.length <= MOST_TEXT ? given : shortText(given, MOST_TEXT);
    const named = transfer === undefined ? {} : { transfer };
    const write = (stands: number) => {
      const repeated = stands === 1 ? {} : { repeated: stands };
      sink[level]({ event, ...named, ...safeFields(fields), ...repeated }, maskText(text));
    };
    // a flood of one transfer hides nothing of another
    const key = `${transfer ?? ''} ${level} ${event}`;
    if (RANKS[level] < RANKS.info || ASKED_FOR.has(event)) write(1);
    else byText.pass(`${key} ${text}`, (stands) => byEvent.pass(key, write, stands));
  };
  const levels = (transfer?: string): Logger => {
    const at = (level: LogLevel) => (event: LogEvent, text: string, fields?: LogFields) => {
      if (RANKS[level] >= RANKS[current()]) line(level, event, text, fields, transfer);
    };
    return { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  };
  const release = () => {
    byText.flush();
    byEvent.flush();
  };
  return {
    ...levels(),
    ofTransfer: levels,
    flush() {
      release();
      return stream.flush();
    },
    async configure(changed) {
      asked = changed.level;
      const wanted = formatOf(changed);
      if (wanted === format) return;
      const fresh = await openOutput(wanted, outputOptions);
      release();
      const old = stream;
      format = wanted;
      stream = fresh;
      await old.flush();
      old.close?.();
    },
    toggleDebug() {
      toggled = !toggled;
      line('info', 'log-level', `USR2: the log level is ${current()}`, { to: current() });
    },
  };
}

/** Names that a line has already; a field of the same name gets an underscore. */
const TAKEN = new Set(['level', 'time', 'pid', 'name', 'event', 'msg', 'repeated', 'transfer']);

function safeFields(fields: LogFields | undefined): Record<string, unknown> {
  if (fields === undefined) return {};
  const safe = safeField(fields) as Record<string, unknown>;
  for (const name of Object.keys(safe)) {
    if (!TAKEN.has(name)) continue;
    safe[`${name}_`] = safe[name];
    delete safe[name];
  }
  return safe;
}

function formatOf({ format }: Pick<LoggerOptions, 'format'>): LogFormat {
  return format ?? (process.stderr.isTTY ? 'pretty' : 'json');
}
