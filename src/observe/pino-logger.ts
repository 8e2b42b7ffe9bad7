import { pino, stdTimeFunctions } from 'pino';
import { type Clock, systemClock } from '../base/clock.js';
import { clearLiveLine } from '../base/live-line.js';
import { printable, printableLines } from '../base/printable.js';
import { FdStream, type LineStream } from './fd-stream.js';
import { FloodGuard } from './flood-guard.js';
import { goesToJournal, journalStream } from './journal-stream.js';
import type { LogFields, Logger, LogLevel } from './logger.js';
import { maskText, safeField } from './mask.js';
import { SyslogStream } from './syslog-stream.js';

export type LogFormat = 'json' | 'pretty' | 'syslog';

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
}

/** The logger of a run. */
export interface RunLogger extends Logger {
  /**
   * Lets out what the flood guard holds (before this returns) and waits until everything is written, a second at most.
   * Call it, and await it if you can, before the process ends.
   */
  flush(): Promise<void>;
}

const RANKS: Readonly<Record<LogLevel, number>> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50 };
const STDERR = 2;
const EVENT_FACTOR = 10;
/** What somebody wants to see each of: never collapsed, as lines below info are not. */
const ASKED_FOR: ReadonlySet<string> = new Set(['frame']);

/**
 * Makes the logger: JSON lines, each with `level time pid name event msg` and its fields; pretty for people; or syslog.
 * Secrets are masked and floods collapsed here, whatever the callers hand in. Resolves when lines can be written.
 */
export async function createLogger(options: LoggerOptions): Promise<RunLogger> {
  const clock = options.clock ?? systemClock;
  const format = options.format ?? (process.stderr.isTTY ? 'pretty' : 'json');
  const stream = await openStream(format, options.stream, clock);
  const sink = pino(
    {
      level: options.level,
      base: { pid: process.pid, name: 'stompctl' },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  const { burst = 10 } = options;
  const byText = new FloodGuard({ clock, burst });
  // texts with names in them all differ
  const byEvent = new FloodGuard({ clock, burst: burst * EVENT_FACTOR });
  const threshold = RANKS[options.level];

  const line = (level: LogLevel, event: string, text: string, fields?: LogFields) => {
    const write = (stands: number) => {
      sink[level]({ event, ...safeFields(fields), ...(stands === 1 ? {} : { repeated: stands }) }, maskText(text));
    };
    if (RANKS[level] < RANKS.info || ASKED_FOR.has(event)) write(1);
    else byText.pass(`${level} ${event} ${text}`, (stands) => byEvent.pass(`${level} ${event}`, write, stands));
  };
  const at = (level: LogLevel) =>
    RANKS[level] < threshold
      ? () => undefined
      : (event: string, text: string, fields?: LogFields) => line(level, event, text, fields);
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    flush() {
      byText.flush();
      byEvent.flush();
      return stream.flush();
    },
  };
}

/** Names that a line has already; a field of the same name gets an underscore. */
const TAKEN = new Set(['level', 'time', 'pid', 'name', 'event', 'msg', 'repeated']);

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

async function openStream(format: LogFormat, given: LineStream | undefined, clock: Clock): Promise<LineStream> {
  const output = given ?? new FdStream(STDERR, clock, (dropped) => dropLine(dropped), clearLiveLine);
  if (format === 'json') {
    const journal = given === undefined && goesToJournal(STDERR, process.env.JOURNAL_STREAM);
    return printableStream(journal ? journalStream(output) : output);
  }
  if (format === 'pretty') return prettyStream(output);
  return given ?? new SyslogStream({ clock, onTrouble: (text) => output.write(`stompctl: ${text}\n`) });
}

/** JSON escapes only some of what a terminal obeys; inside its strings, the only place for the rest, `\u009b` says the same. */
function printableStream(output: LineStream): LineStream {
  return { write: (lines) => output.write(printableLines(lines)), flush: () => output.flush() };
}

async function prettyStream(output: LineStream): Promise<LineStream> {
  const { prettyFactory } = await import('pino-pretty');
  const colorize = process.stderr.isTTY === true && (process.env.NO_COLOR ?? '') === '';
  const prettify = prettyFactory({
    colorize,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,name',
    // the sentence has what people need; the fields are for programs, except where they are what was asked for
    hideObject: true,
    messageFormat: prettyText,
    errorLikeObjectKeys: [],
  });
  return {
    write(lines) {
      output.write(prettify(lines) ?? lines);
    },
    flush: () => output.flush(),
  };
}

/** What somebody asked for: the parts of a frame, the counters of USR1. */
const WITH_FIELDS: ReadonlySet<unknown> = new Set(['frame', 'state']);

function prettyText({ level: _, time: __, pid: ___, name: ____, event, msg, repeated, ...fields }: LogFields): string {
  const stands = repeated === undefined ? '' : ` (${repeated} times)`;
  return printable(`${event}: ${msg}${stands}${WITH_FIELDS.has(event) ? ` ${JSON.stringify(fields)}` : ''}`);
}

function dropLine(dropped: number): string {
  const line = {
    level: 'warn',
    time: new Date().toISOString(),
    pid: process.pid,
    name: 'stompctl',
    event: 'log-lines-dropped',
    msg: `${dropped} log lines were dropped: standard error was not read`,
  };
  return `${JSON.stringify(line)}\n`;
}
