import { format } from 'node:util';
import { type Clock, systemClock } from '../base/clock.js';
import { printable } from '../base/printable.js';
import { FloodGuard } from './flood-guard.js';
import type { RunLogger } from './pino-logger.js';

const METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;
const MOST_CHARACTERS = 500;

/**
 * Takes over what libraries print by themselves, past the log: a broker can make that of AMQP 1.0 print a line for each frame. It comes as
 * the event `library`, at the level debug, ten lines in ten seconds and then how many more there were. `flush` gives the console back.
 */
export function withConsole(logger: RunLogger, clock: Clock = systemClock): RunLogger {
  const guard = new FloodGuard({ clock });
  const print = (...said: readonly unknown[]): void => {
    guard.pass('library', (lines) => {
      const text = printable(format(...said).slice(0, MOST_CHARACTERS));
      logger.debug('library', text, lines === 1 ? {} : { lines });
    });
  };
  // biome-ignore lint/suspicious/noConsole: what is taken over
  const own = METHODS.map((name) => [name, console[name]] as const);
  for (const name of METHODS) console[name] = print;
  return {
    ...logger,
    flush() {
      guard.flush();
      for (const [name, method] of own) console[name] = method;
      return logger.flush();
    },
  };
}
