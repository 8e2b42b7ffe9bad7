import type { LogFields, Logger } from '../../src/observe/logger.js';

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly text: string;
  readonly fields: LogFields;
}

/** A logger that keeps its lines. */
export class MemoryLogger implements Logger {
  readonly lines: LogLine[] = [];

  trace = this.#at('trace');
  debug = this.#at('debug');
  info = this.#at('info');
  warn = this.#at('warn');
  error = this.#at('error');

  events(name: string): LogLine[] {
    return this.lines.filter((line) => line.event === name);
  }

  #at(level: string) {
    return (event: string, text: string, fields: LogFields = {}): void => {
      this.lines.push({ level, event, text, fields });
    };
  }
}
