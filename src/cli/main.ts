import { reasonOf, StompctlError } from '../base/errors.js';
import { printableLines } from '../base/printable.js';
import type { Environment } from '../config/formats/environment.js';
import { maskText } from '../observe/mask.js';
import { COMMANDS, type CommandName, isCommandName } from './command-line/commands.js';
import { EXIT_CODES, exitCodeOf } from './command-line/exit-codes.js';
import type { CommandIo } from './command-line/io.js';
import type { ParsedArguments } from './command-line/option-command.js';
import { systemFault } from './command-line/system-fault.js';

const NOTHING_ASKED =
  'say what to move: stompctl --config FILE, or --incoming-queue path=FOLDER and --outgoing-broker-uri URI\n' +
  'stompctl: "stompctl --help" lists options and commands, "stompctl demo" shows it at work';

/** `queue` has commands of its own, with options of their own. */
type OtherCommand = Exclude<CommandName, 'queue'>;

/**
 * The program: `argv` are the arguments after its name. Resolves to the exit code and never rejects: errors are told on
 * `io.err`. What a command does not need is not loaded.
 */
export async function main(argv: readonly string[], env: Environment, io: CommandIo): Promise<number> {
  try {
    return await dispatch(argv, env, io);
  } catch (error) {
    io.err.write(errorText(error));
    return exitCodeOf(error);
  }
}

/** What a person is told of an error that ends the program: no secrets, and nothing that a terminal obeys. */
export function errorText(error: unknown): string {
  const known = error instanceof StompctlError && error.code !== 'INTERNAL';
  const internal = () => `internal error: ${error instanceof Error ? error.stack : reasonOf(error)}`;
  const text = known ? error.message : (systemFault(error)?.text ?? internal());
  return printableLines(`stompctl: ${maskText(text)}\n`);
}

async function dispatch(argv: readonly string[], env: Environment, io: CommandIo): Promise<number> {
  const [first = ''] = argv;
  if (argv.length === 0) throw new StompctlError('USAGE', 'command', '', NOTHING_ASKED);
  if (argv.length === 1 && (first === '--version' || first === '-version')) return printVersion(io);
  if (first === 'help') return dispatch([...argv.slice(1), '--help'], env, io);
  if (first !== '' && !first.startsWith('-') && !isCommandName(first)) {
    const { didYouMean } = await import('../base/closest-name.js');
    if (/[./]/.test(first)) {
      const reason = `there is no such command; a configuration is given as "stompctl --config ${first}"`;
      throw new StompctlError('USAGE', 'command', first, reason);
    }
    const reason = `there is no such command${didYouMean(first, Object.keys(COMMANDS))}; see "stompctl --help"`;
    throw new StompctlError('USAGE', 'command', first, reason);
  }
  const name = isCommandName(first) ? first : 'run';
  if (name !== 'run' && name !== 'demo') io.signals.exitOnStop();
  const args = name === first ? argv.slice(1) : argv;
  if (name === 'queue') return (await import('./queue-command.js')).queue(args, env, io);
  try {
    return await parsedCommand(name, args, env, io);
  } catch (error) {
    // who runs plugins takes 64 for a program that is not there
    if (name !== 'probe') throw error;
    return (await import('./instances/probe-command.js')).probeFailed(error, io);
  }
}

async function parsedCommand(
  name: OtherCommand,
  args: readonly string[],
  env: Environment,
  io: CommandIo,
): Promise<number> {
  const { parseArguments } = await import('./command-line/option-command.js');
  const parsed = parseArguments(COMMANDS[name], args);
  if (await printedHelp(name, parsed, io)) return EXIT_CODES.ok;
  const meant = commandMeant(name, parsed);
  if (parsed.options.has('dry-run') && meant !== 'rabbitmq')
    (await import('./run/dry-run.js')).refuseBesideDryRun(meant, parsed.options);
  return execute(meant, parsed, env, io);
}

async function printVersion(io: CommandIo): Promise<number> {
  const { versionText } = await import('./command-line/version.js');
  io.out.write(await versionText());
  return EXIT_CODES.ok;
}

/** In stompclt's order: help, manual, list, version. */
async function printedHelp(name: CommandName, { options }: ParsedArguments, io: CommandIo): Promise<boolean> {
  if (!['help', 'manual', 'list', 'version'].some((option) => options.has(option))) return false;
  const { helpText, listText, printManual } = await import('./help.js');
  if (options.has('help')) io.out.write(await helpText(name, io.columns));
  else if (options.has('manual')) await printManual(io);
  else if (options.has('list')) io.out.write(listText());
  else await printVersion(io);
  return true;
}

/** `--status` and `--quit` are commands written as options, as in stompclt. */
function commandMeant(name: OtherCommand, { options }: ParsedArguments): OtherCommand {
  const status = options.has('status') || name === 'status';
  const quit = options.has('quit') || name === 'quit';
  if (status && quit) throw new StompctlError('USAGE', 'command', name, '--status and --quit exclude each other');
  if (!status && !quit) return name;
  return status ? 'status' : 'quit';
}

async function execute(name: OtherCommand, parsed: ParsedArguments, env: Environment, io: CommandIo): Promise<number> {
  const input = { commandLine: parsed.options, env };
  if (name !== 'run' && name !== 'demo') io.signals.exitOnStop();
  switch (name) {
    case 'init':
      return (await import('./init-command.js')).init(parsed, env, io);
    case 'migrate':
      return (await import('./migrate-command.js')).migrate(parsed, env, io);
    case 'check':
      return (await import('./check-command.js')).check(parsed, env, io);
    case 'test':
      return (await import('./test-command.js')).test(parsed, env, io);
    case 'status':
      // as an option it is stompclt's: one line, and the codes that scripts know
      if (!parsed.options.has('status')) return (await import('./verdict-command.js')).tellVerdict(parsed, env, io);
      return statusOrQuit(name, parsed, env, io);
    case 'probe':
      return (await import('./instances/probe-command.js')).probe(parsed, env, io);
    case 'top':
      return (await import('./instances/top-command.js')).top(parsed, io);
    case 'quit':
      return statusOrQuit(name, parsed, env, io);
    case 'run': {
      const dry = parsed.options.has('dry-run');
      if (parsed.operands.length > 0 || (parsed.options.get('config')?.length ?? 0) > 1) {
        return (await import('./run/run-place.js')).runPlace(parsed, env, io);
      }
      const [{ resolveConfiguration }, execute] = await Promise.all([
        import('../config/resolve-settings.js'),
        dry
          ? import('./run/dry-run.js').then((module) => module.dryRun)
          : import('./run/run-command.js').then((module) => module.run),
      ]);
      const warnings: string[] = [];
      const start = await resolveConfiguration(input, (text) => warnings.push(text));
      const read = (warn: (text: string) => void) => resolveConfiguration({ ...input, again: true }, warn);
      return execute(start.settings, { io, env, warnings, start, read });
    }
    case 'reload':
      return (await import('./instances/reload-command.js')).reload(parsed, env, io);
    case 'send':
      return (await import('./shell/send-command.js')).send(parsed, env, io);
    case 'receive':
      return (await import('./shell/receive-command.js')).receive(parsed, env, io);
    case 'peek':
      return (await import('./shell/peek-command.js')).peek(parsed, env, io);
    case 'request':
      return (await import('./shell/request-command.js')).request(parsed, env, io);
    case 'broker':
      return (await import('./broker-command.js')).broker(parsed, io);
    case 'rabbitmq':
      return (await import('./rabbitmq-command.js')).rabbitmq(parsed, env, io);
    case 'completion':
      return (await import('./completion/completion.js')).completion(parsed, io);
    case 'demo':
      return (await import('./demo-command.js')).demo(io);
  }
}

async function statusOrQuit(
  name: 'status' | 'quit',
  parsed: ParsedArguments,
  env: Environment,
  io: CommandIo,
): Promise<number> {
  const { oneInstance } = await import('./instances/one-instance.js');
  const { readPidOptions } = await import('../config/pid-options.js');
  const commandLine = oneInstance(parsed, name);
  const { pidfile, statusMs, lingerMs, flushMs } = await readPidOptions({ commandLine, env }, name);
  if (name === 'status') {
    return (await import('./status-command.js')).status({ pidfile, timeoutMs: statusMs, out: io.out });
  }
  return (await import('./quit-command.js')).quit({ pidfile, lingerMs, flushMs, out: io.out });
}
