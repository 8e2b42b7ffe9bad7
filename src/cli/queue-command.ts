import { didYouMean } from '../base/closest-name.js';
import { errnoOf, StompctlError } from '../base/errors.js';
import { clearLiveLine } from '../base/live-line.js';
import { printable } from '../base/printable.js';
import type { Environment } from '../config/formats/environment.js';
import { EXIT_CODES } from './command-line/exit-codes.js';
import type { CommandIo } from './command-line/io.js';
import { wrapped } from './command-line/wrapped.js';
import { Output } from './queue/output.js';
import { parseQueueArguments, queueCommander } from './queue/queue-arguments.js';
import { isQueueCommandName, QUEUE_COMMANDS, type QueueCommandName } from './queue/queue-commands.js';
import type { QueueContext } from './queue/queue-context.js';

/** `stompctl queue COMMAND …`: works on a queue from the shell. Resolves to the exit code; rejects with StompctlErrors. */
export async function queue(argv: readonly string[], env: Environment, io: CommandIo): Promise<number> {
  const [name = '', ...rest] = argv;
  if (['', '--help', '-help', '-h', 'help'].includes(name)) {
    if (name === '') {
      throw new StompctlError('USAGE', 'command', 'queue', `say what to do: ${Object.keys(QUEUE_COMMANDS).join(', ')}`);
    }
    const [about] = rest;
    if (about !== undefined && isQueueCommandName(about)) return printHelp(about, io);
    io.out.write(queueHelp(io.columns ?? 80));
    return EXIT_CODES.ok;
  }
  if (!isQueueCommandName(name)) {
    const reason = `there is no such command${didYouMean(name, Object.keys(QUEUE_COMMANDS))}; see "stompctl queue --help"`;
    throw new StompctlError('USAGE', 'command', `queue ${name}`, reason);
  }
  const args = parseQueueArguments(QUEUE_COMMANDS[name], rest);
  if (args === undefined) return printHelp(name, io);
  const output = new Output(io.out);
  const context: QueueContext = {
    args,
    output,
    complain: (text) => io.err.write(`${clearLiveLine()}stompctl: ${printable(text)}\n`),
    input: () => io.input?.() ?? process.stdin,
    signals: io.signals,
    openPath: async (config) => (await import('./configured-path.js')).openConfiguredPath(config, env, io),
  };
  try {
    const code = await (await load(name))(context);
    await output.flush();
    return code;
  } catch (error) {
    // what only looks has shown enough to a reader that goes away; an export is not whole
    const closed = error instanceof StompctlError && error.code === 'OUTPUT_FAILED' && errnoOf(error.cause) === 'EPIPE';
    if (closed && name !== 'export') return EXIT_CODES.ok;
    throw error;
  }
}

/** What a sub-command needs is loaded with it. */
async function load(name: QueueCommandName): Promise<(context: QueueContext) => Promise<number>> {
  switch (name) {
    case 'add':
      return (await import('./queue/add-command.js')).add;
    case 'list':
      return (await import('./queue/list-command.js')).list;
    case 'show':
      return (await import('./queue/show-command.js')).show;
    case 'count':
      return (await import('./queue/count-command.js')).count;
    case 'remove':
      return (await import('./queue/remove-command.js')).remove;
    case 'unlock':
      return (await import('./queue/unlock-command.js')).unlock;
    case 'purge':
      return (await import('./queue/purge-command.js')).purge;
    case 'retry':
      return (await import('./queue/retry-command.js')).retry;
    case 'move':
      return (await import('./queue/move-command.js')).move;
    case 'export':
      return (await import('./queue/export-command.js')).exportLines;
    case 'import':
      return (await import('./queue/import-command.js')).importLines;
  }
}

function printHelp(name: QueueCommandName, io: CommandIo): number {
  const command = queueCommander(QUEUE_COMMANDS[name]);
  command.configureOutput({ getOutHelpWidth: () => Math.min(io.columns ?? 80, 120) });
  io.out.write(command.helpInformation());
  return EXIT_CODES.ok;
}

function queueHelp(columns: number): string {
  const commands = Object.values(QUEUE_COMMANDS);
  const left = (each: (typeof commands)[number]): string => `${each.name} ${each.operands}`;
  const width = Math.max(...commands.map((each) => left(each).length));
  const lines = commands.map((each) => {
    const line = `  ${left(each).padEnd(width)}  ${each.summary}`;
    return line.length <= columns ? line : `  ${left(each)}\n${wrapped(each.summary, columns, '      ')}`;
  });
  return `Usage: stompctl queue COMMAND PATH [options]

Work on a directory queue from the shell, whoever made it. Types DQS and DQN;
the folder tells which.

Commands:
${lines.join('\n')}

See "stompctl queue COMMAND --help".
`;
}
