import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { problemText } from '../../src/config/formats/problem.js';
import { type Configuration, examineConfiguration } from '../../src/config/resolve-settings.js';
import type { Settings } from '../../src/config/settings.js';
import { type Cleaning, tempFolder } from './temp-folder.js';

export interface ConfigCase {
  /** the configuration file; none when absent */
  readonly file?: string;
  /** its name, which chooses the format; `x.conf` by default */
  readonly name?: string;
  /** other files beside it */
  readonly others?: Readonly<Record<string, string>>;
  /** `name=value` of the command line */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface CaseResult extends Configuration {
  /** `LINE: reason` for problems of the file, the temporary folder left out */
  readonly texts: readonly string[];
}

/** What the program makes of a configuration given as text. */
export async function examineCase(test: Cleaning, given: ConfigCase): Promise<CaseResult> {
  const folder = await tempFolder(test);
  const commandLine = new Map<string, string[]>();
  for (const arg of given.args ?? []) {
    const [name = '', value = ''] = arg.split(/=(.*)/s);
    commandLine.set(name, [...(commandLine.get(name) ?? []), value]);
  }
  for (const [name, text] of Object.entries(given.others ?? {})) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  if (given.file !== undefined) {
    const path = join(folder, given.name ?? 'x.conf');
    await writeFile(path, given.file);
    commandLine.set('config', [path]);
  }
  const found = await examineConfiguration({ commandLine, env: given.env ?? {} });
  return { ...found, texts: found.problems.map((problem) => problemText(problem).replaceAll(`${folder}/`, '')) };
}

/** The settings of a configuration that has no problem. */
export async function settingsOf(test: Cleaning, given: ConfigCase): Promise<Settings> {
  const { settings, texts } = await examineCase(test, given);
  if (settings === undefined || texts.length > 0) throw new Error(`not a valid configuration: ${texts.join('; ')}`);
  return settings;
}
