import { didYouMean } from '../../base/closest-name.js';
import { StompctlError } from '../../base/errors.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import type { CommandIo } from '../command-line/io.js';
import type { ParsedArguments } from '../command-line/option-command.js';
import { bashCompletion } from './completion-bash.js';
import { fishCompletion } from './completion-fish.js';
import { zshCompletion } from './completion-zsh.js';

const SHELLS: Readonly<Record<string, () => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `stompctl completion SHELL`: prints the completion script, made from the option table. */
export function completion({ operands }: ParsedArguments, io: CommandIo): number {
  const [shell, ...others] = operands;
  const names = Object.keys(SHELLS);
  if (shell === undefined || others.length > 0) {
    throw new StompctlError('USAGE', 'command', 'completion', `name one shell: ${names.join(', ')}`);
  }
  const make = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (make === undefined) {
    const reason = `there is no completion for this shell${didYouMean(shell, names)} (there is one for ${names.join(', ')})`;
    throw new StompctlError('USAGE', 'completion', shell, reason);
  }
  io.out.write(make());
  return EXIT_CODES.ok;
}
