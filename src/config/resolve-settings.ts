import { StompctlError } from '../base/errors.js';
import { buildChecks, buildSettings, settingsWarnings } from './build-settings.js';
import { endProblems } from './end-rules.js';
import { changeableFiles, exposedSecrets } from './exposed-secrets.js';
import { readPlainFile } from './formats/config-file.js';
import type { Origin } from './formats/config-node.js';
import { COMMAND_LINE, firstOf, invalid, type Problem, problemError, problemText } from './formats/problem.js';
import { CHECK_RULES, RULES, URI_RULE } from './option-rules.js';
import type { ReadOption } from './options/option-reader.js';
import { OptionValues } from './options/option-values.js';
import { type ConfigurationInput, readGiven } from './read-given.js';
import type { RunConfiguration } from './reload-plan.js';
import type { Settings } from './settings.js';

/** A configuration looked at from all sides. */
export interface Configuration {
  /** the file it came from, if any */
  readonly file: string | undefined;
  readonly values: OptionValues;
  /** everything that is wrong with it, in the order of the file */
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
  /** undefined when there are problems */
  readonly settings: Settings | undefined;
}

/**
 * The settings of a run: defaults, then the file, then the command line, validated as a whole.
 * Rejects with a StompctlError: USAGE when the command line alone is at fault, CONFIG_NOT_FOUND, CONFIG_UNREADABLE,
 * CONFIG_SYNTAX, CONFIG_INVALID, URI_INVALID, CONFIG_UNSUPPORTED. `warn` gets what deserves attention at start.
 */
export async function resolveSettings(input: ConfigurationInput, warn?: (text: string) => void): Promise<Settings> {
  return (await resolveConfiguration(input, warn)).settings;
}

/** As `resolveSettings`, with the values that the settings were made of: a reload compares them. */
export async function resolveConfiguration(
  input: ConfigurationInput,
  warn?: (text: string) => void,
): Promise<RunConfiguration> {
  const { settings, values, problems, warnings } = await examineConfiguration(input);
  const [first, ...others] = problems;
  if (first !== undefined) throw problemError([first, ...others]);
  if (settings === undefined) throw new StompctlError('INTERNAL', 'configuration', '', 'no settings and no problem');
  for (const text of warnings) warn?.(text);
  return { settings, values };
}

/** As `resolveSettings`, but collects all problems. Rejects only when a file cannot be read or parsed. */
export async function examineConfiguration(input: ConfigurationInput): Promise<Configuration> {
  const { file, options, inputs, outputs, problems: found, warnings: noticed } = await readGiven(input);
  const values = new OptionValues(options, { inputs, outputs });
  // no `push(...list)` of what a file can make long: that overflows the stack
  const problems = [...found, ...(await schemaProblems(options))];
  for (const end of [...inputs, ...outputs]) problems.push(...(await schemaProblems(end.options)));
  const warnings = [...noticed];
  const whole = file === undefined ? COMMAND_LINE : { file, line: 0 };
  // a rule across options may trip over a value that is wrong by itself; that of the URIs looks at texts alone
  const rules = problems.length === 0 ? RULES : [URI_RULE];
  problems.push(...brokenRules(rules, values, whole));
  if (problems.length === 0) problems.push(...endProblems(values));
  const settings = problems.length === 0 ? buildSettings(values, await callbackFile(values)) : undefined;
  if (settings !== undefined) warnings.push(...settingsWarnings(values, settings));
  warnings.push(...(await exposedSecrets(values.allGiven())), ...(await changeableFiles(values.allGiven())));
  return { file, values, problems: inFileOrder(problems), warnings: firstOf(warnings, 'warnings'), settings };
}

/**
 * Only what a configuration says about checking messages: its rules and its callback. The rest of it may be missing or wrong.
 * Rejects as `resolveSettings` does.
 */
export async function resolveChecks(input: ConfigurationInput): Promise<Pick<Settings, 'rewrite' | 'callback'>> {
  const wanted = (name: string) => name === 'rewrite' || name.startsWith('callback-');
  const { file, options, problems: found } = await readGiven(input, wanted);
  const values = new OptionValues(options);
  const problems = [...found, ...(await schemaProblems(options))];
  const whole = file === undefined ? COMMAND_LINE : { file, line: 0 };
  if (problems.length === 0)
    problems.push(...CHECK_RULES.flatMap((rule) => [...rule.check({ values, all: values, whole })]));
  const [first, ...others] = problems;
  if (first !== undefined) throw problemError([first, ...others]);
  return buildChecks(values, await callbackFile(values));
}

/** Of several inputs and outputs each is looked at as if it were the only one: what is wrong with the rest is told once. */
function brokenRules(rules: typeof RULES, values: OptionValues, whole: Origin): Problem[] {
  const problems = new Map<string, Problem>();
  for (const each of values.each()) {
    for (const problem of rules.flatMap((rule) => [...rule.check({ values: each, all: values, whole })])) {
      problems.set(problemText(problem), problem);
    }
  }
  return [...problems.values()];
}

/** What is wrong with ranges, choices and keys, by the zod schema of the table. */
export async function schemaProblems(options: ReadonlyMap<string, ReadOption>): Promise<Problem[]> {
  const { schemaOf } = await import('./options/option-schema.js');
  const plain = Object.fromEntries([...options].map(([name, option]) => [name, option.value]));
  const result = schemaOf(Object.keys(plain)).safeParse(plain);
  if (result.success) return [];
  return result.error.issues.map((issue) => {
    const [name, ...rest] = issue.path.map(String);
    const option = options.get(name ?? '');
    const part = issue.code === 'unrecognized_keys' ? [...rest, ...issue.keys.slice(0, 1)] : rest;
    const origin = placeIn(option, part) ?? { file: '', line: 0 };
    const key = rest.filter((step) => !/^\d+$/.test(step)).join('.');
    return invalid(origin, `${name}: ${key === '' ? '' : `"${key}" `}${issue.message}`);
  });
}

function placeIn(option: ReadOption | undefined, path: readonly string[]): Origin | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const place = option?.places.get(path.slice(0, length).join('.'));
    if (place !== undefined) return place;
  }
  return option?.origin;
}

/** The content of `callback-path`; undefined: not given. Rejects with CONFIG_NOT_FOUND, CONFIG_UNREADABLE. */
async function callbackFile(values: OptionValues): Promise<string | undefined> {
  const path = values.text('callback-path');
  return path === undefined ? undefined : readPlainFile(path, 'callback-path');
}

function inFileOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) =>
    a.origin.file === b.origin.file ? a.origin.line - b.origin.line : a.origin.file < b.origin.file ? -1 : 1,
  );
}
