export type LogFields = Readonly<Record<string, unknown>>;

/** From the most talkative to the most quiet. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/**
 * What the program says while it runs. Every line has an event name (kebab-case, stable, listed in `docs/logs.md`), a
 * sentence for a person, and fields. Secrets and bodies are never handed to it.
 */
export interface Logger {
  trace(event: string, text: string, fields?: LogFields): void;
  debug(event: string, text: string, fields?: LogFields): void;
  info(event: string, text: string, fields?: LogFields): void;
  warn(event: string, text: string, fields?: LogFields): void;
  error(event: string, text: string, fields?: LogFields): void;
}
