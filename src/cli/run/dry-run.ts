import { type PreviewedMessage, preview, previewLimit } from '../../app/preview.js';
import { systemClock } from '../../base/clock.js';
import { StompctlError, unreachable } from '../../base/errors.js';
import { describeHeader, differenceOf, visible } from '../../callback/cases/message-difference.js';
import type { CommandLineOptions } from '../../config/read-given.js';
import type { Settings } from '../../config/settings.js';
import { createLogger } from '../../observe/pino-logger.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import { drained } from '../command-line/io.js';
import type { RunContext } from './run-command.js';

/** Why an option makes no sense beside `--dry-run`. In a file each of them is ignored: it is there for the real run. */
const REFUSED: Readonly<Record<string, string>> = {
  daemon: 'a daemon has nowhere to show the messages',
  loop: 'it looks at what is there once',
  pidfile: 'it does not count as a running instance',
  statistics: 'nothing is moved that could be counted',
};

/** Throws USAGE when the command line asks for what a dry run cannot do. */
export function refuseBesideDryRun(command: string, options: CommandLineOptions): void {
  if (command !== 'run') {
    const given = command === 'status' || command === 'quit' ? `--${command}` : command;
    throw new StompctlError('USAGE', 'option', '--dry-run', `shows what a run would do: leave out ${given}`);
  }
  for (const [name, reason] of Object.entries(REFUSED)) {
    const value = options.get(name)?.at(-1);
    if (value === undefined || value === 'false') continue;
    throw new StompctlError('USAGE', 'option', `--${name}`, `makes no sense with --dry-run: ${reason}`);
  }
}

type Fate = 'unchanged' | 'rewritten' | 'dropped' | 'rejected';

/**
 * Shows on standard output what a run would make of each message, and moves nothing. Resolves to the exit code: 1 when a
 * message would be rejected.
 */
export async function dryRun(settings: Settings, { io, env, warnings }: RunContext): Promise<number> {
  const format = settings.logFormat === 'syslog' ? undefined : settings.logFormat;
  const logger = await createLogger({ level: settings.logLevel, format });
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  io.signals.onStop(stop);
  const timer = settings.durationMs === undefined ? undefined : systemClock.after(settings.durationMs, stop);
  const tally: Record<Fate, number> = { unchanged: 0, rewritten: 0, dropped: 0, rejected: 0 };
  try {
    for (const text of warnings) logger.warn('configuration', text);
    const print = (printed: string | Uint8Array) => drained(io.out, printed);
    const context = { clock: systemClock, logger, env, print, interrupt: interrupt.signal };
    for await (const previewed of preview(settings, context)) {
      const { fate, lines } = shown(previewed);
      tally[fate] += 1;
      if (!(await drained(io.out, `${lines.join('\n')}\n`))) break;
    }
    io.out.write(`${summary(settings, tally)}\n`);
  } finally {
    timer?.cancel();
    await logger.flush();
  }
  return tally.rejected > 0 ? EXIT_CODES.someMessagesLeft : EXIT_CODES.ok;
}

function shown({ name, message, outcome }: PreviewedMessage): { fate: Fate; lines: string[] } {
  const title = `== ${visible(name)}:`;
  const header = message === undefined ? [] : describeHeader(message);
  switch (outcome.kind) {
    case 'drop':
      return { fate: 'dropped', lines: [`${title} dropped: ${visible(outcome.reason)}`, ...header] };
    case 'reject':
      return { fate: 'rejected', lines: [`${title} rejected: ${visible(outcome.error.message)}`, ...header] };
    case 'pass': {
      const to = outcome.to === undefined ? '' : `, to ${visible(outcome.to)}`;
      const difference = message === undefined ? [] : differenceOf(message, outcome.message);
      if (difference.length === 0) return { fate: 'unchanged', lines: [`${title} unchanged${to}`, ...header] };
      return { fate: 'rewritten', lines: [`${title} rewritten${to}`, ...difference] };
    }
    default:
      return unreachable(outcome);
  }
}

function summary(settings: Settings, tally: Readonly<Record<Fate, number>>): string {
  const total = Object.values(tally).reduce((sum, count) => sum + count, 0);
  const parts = Object.entries(tally).map(([fate, count]) => `${count} ${fate}`);
  const text = `${total} ${total === 1 ? 'message' : 'messages'}: ${parts.join(', ')}; nothing was moved`;
  if (previewLimit(settings) !== total) return text;
  return `${text} (a broker hands over no more than the window unacknowledged: raise it to see more)`;
}
