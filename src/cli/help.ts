import { readFile } from 'node:fs/promises';
import { ownFile } from '../base/own-files.js';
import { OPTION_TABLE } from '../config/options/option-table.js';
import { BETWEEN, COMMANDS, type CommandName } from './command-line/commands.js';
import type { CommandIo } from './command-line/io.js';
import type { CommandDefinition } from './command-line/option-command.js';
import { plainMarkdown } from './plain-markdown.js';

const SEE_ALSO = 'Options have the same names in configuration files. See "stompctl --manual".';

const AS_A_RUN = 'The options of a run may be given too, and win over the file: see "stompctl --help".';

/** The help of a command; of `run`, with the list of commands, since that is what `stompctl --help` shows. */
export async function helpText(name: CommandName, columns: number | undefined): Promise<string> {
  const { optionCommand } = await import('./command-line/option-command.js');
  const definition: CommandDefinition = COMMANDS[name];
  const command = optionCommand(definition, true);
  command.configureOutput({ getOutHelpWidth: () => Math.min(columns ?? 80, 120) });
  command.configureHelp({ minWidthToWrap: 30 });
  if (name !== 'run') {
    const others = definition.operands === 'FILE' ? `\n${AS_A_RUN}\n` : '';
    return `${command.helpInformation()}${others}`;
  }
  const widest = Math.max(...Object.keys(COMMANDS).map((each) => each.length));
  const commands = Object.values(COMMANDS).map((each) => `  ${each.name.padEnd(widest)}  ${each.summary}`);
  command.name('stompctl').description(`Moves ${BETWEEN}.`);
  command.usage('[run] [options]\n       stompctl run [options] DIR\n       stompctl COMMAND [options]');
  command.addHelpText('before', '');
  return `${command.helpInformation()}\nCommands:\n${commands.join('\n')}\n\n${SEE_ALSO}\n`;
}

/** `--list`: every option of the command line with its default, one a line, sorted by name. */
export function listText(): string {
  const lines = OPTION_TABLE.filter((row) => !row.fileOnly).map((row) => {
    const names = [row.name, ...(row.aliases ?? [])].map((name) => (name.length === 1 ? `-${name}` : `--${name}`));
    const value = row.value === undefined ? '' : ` ${row.value}`;
    const note = row.default ?? row.defaultNote;
    return `  ${names.join(', ')}${value}${note === undefined ? '' : ` (${note.replaceAll('`', '')})`}`;
  });
  return `Here are the supported command line options:\n${lines.sort().join('\n')}\n`;
}

/** `--manual`: the reference of the configuration, as it is installed with the program; as text, for a terminal and elsewhere. */
export async function printManual(io: CommandIo): Promise<void> {
  io.out.write(plainMarkdown(await readFile(ownFile('configuration.md'), 'utf8'), io.columns ?? 80));
}
