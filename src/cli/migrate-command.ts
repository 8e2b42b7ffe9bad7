import { resolve } from 'node:path';
import { StompctlError } from '../base/errors.js';
import { printableLines } from '../base/printable.js';
import { migratedYaml } from '../config/describe/migrated-yaml.js';
import { type MigrationNote, migrationNotes } from '../config/describe/migration-notes.js';
import type { Environment } from '../config/formats/environment.js';
import { problemError } from '../config/formats/problem.js';
import { examineConfiguration } from '../config/resolve-settings.js';
import { maskText } from '../observe/mask.js';
import { checkCallback } from './check-callback.js';
import { EXIT_CODES } from './command-line/exit-codes.js';
import { type CommandIo, drained } from './command-line/io.js';
import type { ParsedArguments } from './command-line/option-command.js';
import { writeNewFiles } from './init/new-files.js';

const COMMAND = 'migrate';

/**
 * `stompctl migrate OLD`: a YAML configuration with the same meaning, on standard output or into a file, and what is different
 * from stompclt for this very configuration, on the other of the two. Options of the command line are taken over too.
 * Rejects as a run with it would.
 */
export async function migrate(parsed: ParsedArguments, env: Environment, io: CommandIo): Promise<number> {
  const { operands, options, flags, flagValues } = parsed;
  const [old, ...more] = operands;
  if (more.length > 0 || (old !== undefined && options.has('config'))) {
    throw new StompctlError('USAGE', 'command', COMMAND, 'name one configuration');
  }
  const commandLine = old === undefined ? options : new Map([...options, ['config', [old]]]);
  if (commandLine.size === 0) {
    throw new StompctlError('USAGE', 'command', COMMAND, 'name the configuration of stompclt, or give its options');
  }
  const { file, values, problems, settings, warnings } = await examineConfiguration({ commandLine, env });
  const [first, ...others] = problems;
  if (first !== undefined) throw problemError([first, ...others]);
  if (settings === undefined) throw new StompctlError('INTERNAL', COMMAND, file ?? '', 'no settings and no problem');
  const callback = settings.callback === undefined ? undefined : await checkCallback(settings.callback);
  const notes = migrationNotes(values, settings, callback?.warnings ?? []);
  const from = file === undefined ? 'a command line' : file;
  const head = [`Made from ${from} by "stompctl migrate": the same meaning, in YAML.`, ...headNotes(notes)];
  const yaml = await migratedYaml(head, values.given, notes, values);
  const report = reportText(from, notes, warnings);
  const output = flagValues.get('output');
  if (output === undefined) {
    await drained(io.out, yaml);
    io.err.write(report);
    return EXIT_CODES.ok;
  }
  const path = resolve(output);
  if (!/\.ya?ml$/.test(path)) {
    throw new StompctlError('USAGE', COMMAND, output, 'must end in .yaml or .yml: the ending says what is in a file');
  }
  // passwords may stand in it
  writeNewFiles([{ path, content: yaml, mode: 0o640 }], flags.has('force'));
  io.out.write(`${report}\nwrote ${path} (mode 0640); next:\n\n  stompctl check --connect ${path}\n`);
  return EXIT_CODES.ok;
}

/** What is about options that do not stand there, at the top of the file. */
function headNotes(notes: readonly MigrationNote[]): string[] {
  const general = notes.filter(({ option }) => option === undefined || option === 'config-general');
  return general.length === 0 ? [] : ['', 'Different from stompclt 1.8:', ...general.map(({ text }) => `- ${text}`)];
}

function reportText(from: string, notes: readonly MigrationNote[], warnings: readonly string[]): string {
  const lines = [
    `${from}: what is different from stompclt 1.8 for this configuration`,
    '',
    ...notes.map(({ option, text }) => `- ${option === undefined ? '' : `${option}: `}${text}`),
    ...warnings.map((text) => `- warning: ${text}`),
    '',
    'All differences: docs/migration.md',
  ];
  return printableLines(`${maskText(lines.join('\n'))}\n`);
}
