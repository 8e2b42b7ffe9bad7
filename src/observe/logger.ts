import type { LogEvent } from './events.js';

export type { LogLevel } from './log-level.js';

export type LogFields = Readonly<Record<string, unknown>>;

/**
 * What the program says while it runs. Every line has an event name (kebab-case, stable, one of `events.ts`), a sentence
 * for a person, and fields. Secrets and bodies are never handed to it.
 */
export interface Logger {
  trace(event: LogEvent, text: string, fields?: LogFields): void;
  debug(event: LogEvent, text: string, fields?: LogFields): void;
  info(event: LogEvent, text: string, fields?: LogFields): void;
  warn(event: LogEvent, text: string, fields?: LogFields): void;
  error(event: LogEvent, text: string, fields?: LogFields): void;
}
