import { fstatSync } from 'node:fs';
import type { Clock } from '../base/clock.js';
import { printable, printableLines } from '../base/printable.js';
import { FdStream, type LineStream } from './fd-stream.js';
import { logfmtLine, logfmtPairs } from './logfmt.js';
import type { LogFields } from './logger.js';
import { SyslogStream } from './syslog-stream.js';

export type LogFormat = 'json' | 'pretty' | 'logfmt' | 'syslog';

const STDERR = 2;

/** sd-daemon(3): what a line begins with for the journal to know how important it is. */
const JOURNAL_PRIORITIES: Readonly<Record<string, string>> = { error: '<3>', warn: '<4>', info: '<6>' };
const JOURNAL_DEBUG = '<7>';

/**
 * systemd.exec(5), JOURNAL_STREAM: device and inode of what standard output or error is connected to, when that is the journal.
 * It is inherited by programs whose output goes elsewhere, so the two are compared.
 */
export function isJournal(journalStream: string | undefined, fd: number = STDERR): boolean {
  if (journalStream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return journalStream === `${dev}:${ino}`;
  } catch {
    // a closed standard error is no journal
    return false;
  }
}

export interface OutputOptions {
  /** instead of standard error, or of syslog */
  readonly stream?: LineStream | undefined;
  readonly clock: Clock;
  /** each line begins with its priority, as the journal wants it */
  readonly journal: boolean;
}

/** Where JSON lines go in, and come out in this form. */
export async function openOutput(format: LogFormat, { stream, clock, journal }: OutputOptions): Promise<LineStream> {
  const prefix = (level: unknown) => (journal ? (JOURNAL_PRIORITIES[String(level)] ?? JOURNAL_DEBUG) : '');
  const drop = (dropped: number) => `${prefix('warn')}${dropLine(dropped)}`;
  const output = stream ?? new FdStream(STDERR, clock, drop);
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

function prettyText({ level: _, time: __, pid: ___, name: ____, event, msg, repeated, ...fields }: LogFields): string {
  const stands = repeated === undefined ? '' : ` (${repeated} times)`;
  return printable(`${event}: ${msg}${stands}${WITH_FIELDS.has(event) ? ` ${logfmtPairs(fields)}` : ''}`);
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
