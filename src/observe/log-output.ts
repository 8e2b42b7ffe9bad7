import type { Clock } from '../base/clock.js';
import { clearLiveLine } from '../base/live-line.js';
import { printable, printableLines } from '../base/printable.js';
import { FdStream, type LineStream } from './fd-stream.js';
import { goesToJournal, journalPriority } from './journal-stream.js';
import { logfmtLine, logfmtPairs } from './logfmt.js';
import type { LogFields } from './logger.js';
import { SyslogStream } from './syslog-stream.js';

export type LogFormat = 'json' | 'pretty' | 'logfmt' | 'syslog';

const STDERR = 2;

export interface OutputOptions {
  /** instead of standard error, or of syslog */
  readonly stream?: LineStream | undefined;
  readonly clock: Clock;
  /** does each line begin with its priority, as the journal wants it? Default: where standard error goes there */
  readonly journal?: boolean | undefined;
}

/** Where JSON lines go in, and come out in this form. */
export async function openOutput(format: LogFormat, options: OutputOptions): Promise<LineStream> {
  const { stream, clock } = options;
  const { journal = stream === undefined && goesToJournal(STDERR, process.env.JOURNAL_STREAM) } = options;
  const prefix = (level: unknown) => (journal ? journalPriority(level) : '');
  const drop = (dropped: number) => `${prefix('warn')}${dropLine(dropped)}`;
  const output = stream ?? new FdStream(STDERR, clock, drop, clearLiveLine);
  if (format === 'syslog') {
    return stream ?? new SyslogStream({ clock, onTrouble: (text) => output.write(`stompctl: ${text}\n`) });
  }
  const formed = await formOf(format);
  const formLine = (line: string) => (journal ? `${prefix(parsed(line).level)}${formed(line)}` : formed(line));
  return { write: (line) => output.write(formLine(line)), flush: () => output.flush() };
}

/** Makes of a JSON line, with its line end, a line of this form. */
async function formOf(format: Exclude<LogFormat, 'syslog'>): Promise<(line: string) => string> {
  switch (format) {
    // JSON escapes only some of what a terminal obeys; inside its strings, the only place for the rest, `\u009b` says the same
    case 'json':
      return printableLines;
    case 'logfmt':
      return (line) => `${logfmtLine(parsed(line))}\n`;
    case 'pretty':
      return prettyForm();
  }
}

function parsed(line: string): LogFields {
  return JSON.parse(line) as LogFields;
}

async function prettyForm(): Promise<(line: string) => string> {
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
  return (line) => prettify(line) ?? line;
}

/** What somebody asked for: the parts of a frame, the counters of USR1. */
const WITH_FIELDS: ReadonlySet<unknown> = new Set(['frame', 'state']);

function prettyText({
  level: _,
  time: __,
  pid: ___,
  name: ____,
  event,
  msg,
  repeated,
  transfer,
  ...fields
}: LogFields): string {
  const whose = transfer === undefined ? '' : `[${transfer}] `;
  const stands = repeated === undefined ? '' : ` (${repeated} times)`;
  return printable(`${whose}${event}: ${msg}${stands}${WITH_FIELDS.has(event) ? ` ${logfmtPairs(fields)}` : ''}`);
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
