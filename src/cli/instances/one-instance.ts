import { StompctlError } from '../../base/errors.js';
import type { CommandLineOptions } from '../../config/read-given.js';
import type { ParsedArguments } from '../command-line/option-command.js';

/** The options of a command that means one instance: by CONFIG, `--config` or `--pidfile`. Throws USAGE for more than one of them. */
export function oneInstance(
  { options, operands }: Pick<ParsedArguments, 'options' | 'operands'>,
  command: string,
): CommandLineOptions {
  const [file, ...others] = operands;
  if (file === undefined) return options;
  if (others.length > 0 || options.has('config') || options.has('pidfile')) {
    const reason = 'takes one instance: CONFIG, --config or --pidfile';
    throw new StompctlError('USAGE', 'command', command, reason);
  }
  return new Map([...options, ['config', [file]]]);
}
