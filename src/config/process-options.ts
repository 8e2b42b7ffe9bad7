import { buildProcess } from './build-settings.js';
import { placeOf } from './formats/config-node.js';
import { COMMAND_LINE, problemError } from './formats/problem.js';
import { metricsAddress } from './option-rules.js';
import { OptionValues } from './options/option-values.js';
import { type CommandLineOptions, readGiven } from './read-given.js';
import type { ReloadPlan, RunConfiguration } from './reload-plan.js';
import { schemaProblems } from './resolve-settings.js';
import type { ProcessSettings } from './settings.js';

/** Options that belong to the process. Where it runs several transfers the command line alone gives them. */
const PROCESS_OPTIONS: ReadonlySet<string> = new Set([
  'pidfile',
  'on-overlap',
  'daemon',
  'debug',
  'log-level',
  'log-format',
  'metrics-listen',
  'metrics-remote',
  'metrics-textfile',
]);
/** Of these a transfer may have its own: who asks for its status, or tells it to quit, means it alone. */
const ITS_OWN: ReadonlySet<string> = new Set(['pidfile', 'on-overlap']);

/** What the command line says about the process, and no configuration. Rejects with USAGE for what is wrong with that. */
export async function resolveProcess(given: CommandLineOptions): Promise<ProcessSettings> {
  const commandLine = new Map([...given].filter(([name]) => PROCESS_OPTIONS.has(name)));
  const { options, problems: found } = await readGiven({ commandLine, env: {} });
  const values = new OptionValues(options);
  const problems = [...found, ...(await schemaProblems(options))];
  if (problems.length === 0) problems.push(...metricsAddress.check({ values, all: values, whole: COMMAND_LINE }));
  const [first, ...others] = problems;
  if (first !== undefined) throw problemError([first, ...others]);
  return buildProcess(values);
}

/** What the command line says to one of several transfers, that of `file`: all but what belongs to the process. */
export function commandLineOf(file: string, commandLine: CommandLineOptions): CommandLineOptions {
  return new Map([...[...commandLine].filter(([name]) => !PROCESS_OPTIONS.has(name)), ['config', [file]]]);
}

/** What of a plan counts for one of several transfers: what belongs to the process is ignored. */
export function planOfSeveral(plan: ReloadPlan): ReloadPlan {
  const counts = (name: string) => !PROCESS_OPTIONS.has(name) || ITS_OWN.has(name);
  return { ...plan, applied: plan.applied.filter(counts), pending: plan.pending.filter(counts) };
}

/** What of the configuration of one of several transfers is ignored, a line each. */
export function ignoredOfSeveral({ values }: RunConfiguration): string[] {
  return [...PROCESS_OPTIONS].flatMap((name) => {
    const given = values.given.get(name);
    if (given === undefined || ITS_OWN.has(name)) return [];
    const reason =
      'belongs to the process, which runs several transfers: it is ignored here, give it on the command line';
    return `${placeOf(given.origin)}: ${name} ${reason}`;
  });
}
