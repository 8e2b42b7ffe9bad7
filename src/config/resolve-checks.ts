import { buildChecks } from './build-settings.js';
import { COMMAND_LINE, problemError } from './formats/problem.js';
import { CHECK_RULES } from './option-rules.js';
import { OptionValues } from './options/option-values.js';
import { type ConfigurationInput, readGiven } from './read-given.js';
import { callbackFile, schemaProblems } from './resolve-settings.js';
import type { Settings } from './settings.js';

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
  if (problems.length === 0) problems.push(...CHECK_RULES.flatMap((rule) => [...rule.check({ values, whole })]));
  const [first, ...others] = problems;
  if (first !== undefined) throw problemError([first, ...others]);
  return buildChecks(values, await callbackFile(values));
}
