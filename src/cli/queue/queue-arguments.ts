import { Command, CommanderError, Option } from 'commander';
import { StompctlError } from '../../base/errors.js';
import type { QueueType } from '../../dirq/queue-options.js';
import { usageError } from '../command-line/option-command.js';
import type { QueueCommandDefinition, QueueOption } from './queue-commands.js';

/** The arguments of a sub-command of `stompctl queue`. */
export class QueueArguments {
  /** the queue */
  readonly path: string;
  /** what stands behind it */
  readonly operands: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(path: string, operands: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.path = path;
    this.operands = operands;
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  value(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  values(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** A whole number, decimal unless it starts with 0. Throws USAGE. */
  number(name: string, least = 0): number | undefined {
    const text = this.value(name);
    if (text === undefined) return undefined;
    const number = /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
    if (/^\d{1,9}$/.test(text) && number >= least) return number;
    throw new StompctlError('USAGE', 'option', `--${name}`, `must be a whole number from ${least} on, not "${text}"`);
  }

  type(name: 'type' | 'to-type' = 'type'): QueueType | undefined {
    return this.value(name) as QueueType | undefined;
  }

  /** Throws USAGE when more than one of these flags is given. */
  atMostOne(...names: readonly string[]): void {
    const [first, second] = names.filter((name) => this.has(name));
    if (second === undefined) return;
    throw new StompctlError('USAGE', 'option', `--${second}`, `excludes --${first}: keep one of them`);
  }
}

/** The commander command of a sub-command. */
export function queueCommander(definition: QueueCommandDefinition): Command {
  const command = new Command(`stompctl queue ${definition.name}`);
  command.description(definition.summary).usage(`[options] ${definition.operands}`).exitOverride();
  command.helpOption('--help', 'print this help').allowExcessArguments(true).argument('[OPERANDS...]');
  command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  command.configureHelp({ visibleArguments: () => [], minWidthToWrap: 30 });
  for (const option of definition.options) command.addOption(commanderOption(option));
  return command;
}

function commanderOption({ name, value, repeats, choices, doc }: QueueOption): Option {
  if (value === undefined) return new Option(`--${name}`, doc);
  const words = choices === undefined ? '' : ` (${choices.join(', ')})`;
  const collect = (text: string, before: string[] | undefined): string[] => [...(before ?? []), text];
  const often = repeats ? '; may be repeated' : '';
  return new Option(`--${name} <${value}>`, `${doc}${words}${often}`).argParser(collect);
}

/**
 * Parses what follows the sub-command's name. Throws USAGE: an unknown option (with a suggestion), a missing or a wrong
 * value, too few or too many operands. Undefined: help is asked for.
 */
export function parseQueueArguments(
  definition: QueueCommandDefinition,
  args: readonly string[],
): QueueArguments | undefined {
  const help = `stompctl queue ${definition.name} --help`;
  const command = queueCommander(definition);
  try {
    command.parse(withTwoDashes(definition, args), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return undefined;
    throw usageError(error, [...definition.options.map(({ name }) => name), 'help'], help);
  }
  const values = new Map<string, readonly string[]>();
  for (const option of definition.options) {
    const found: unknown = command.getOptionValue(new Option(`--${option.name}`).attributeName());
    if (found === undefined) continue;
    const given = Array.isArray(found) ? found.map(String) : ['true'];
    checkValues(option, given);
    values.set(option.name, given);
  }
  const [path, ...operands] = command.args;
  if (path === undefined || command.args.length < definition.least) {
    throw new StompctlError(
      'USAGE',
      'command',
      `queue ${definition.name}`,
      `needs ${definition.operands}; see "${help}"`,
    );
  }
  const excess = command.args[definition.most];
  if (excess !== undefined) {
    throw new StompctlError('USAGE', 'argument', excess, `is not expected here; see "${help}"`);
  }
  return new QueueArguments(path, operands, values);
}

/** As everywhere in the program, one dash and a long name means two. */
function withTwoDashes({ options }: QueueCommandDefinition, args: readonly string[]): string[] {
  const end = args.indexOf('--');
  return args.map((arg, index) => {
    const [, name] = /^-([a-z][a-z-]+)(?:=|$)/.exec(arg) ?? [];
    const known = name === 'help' || options.some((option) => option.name === name);
    return known && (end === -1 || index < end) ? `-${arg}` : arg;
  });
}

function checkValues({ name, choices, repeats, value }: QueueOption, given: readonly string[]): void {
  if (value !== undefined && !repeats && given.length > 1) {
    throw new StompctlError('USAGE', 'option', `--${name}`, 'is given twice, and can only be given once');
  }
  const wrong = given.find((each) => choices !== undefined && !choices.includes(each));
  if (wrong === undefined) return;
  const reason = `must be one of ${choices?.join(', ')}, not "${wrong}"`;
  throw new StompctlError('USAGE', 'option', `--${name}`, reason);
}
