import { type ErrorCode, reasonOf, StompctlError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { describeRun } from '../config/describe/describe-run.js';
import {
  type EffectiveOption,
  effectiveConfiguration,
  withoutCode,
} from '../config/describe/effective-configuration.js';
import { parseConfigGeneral } from '../config/formats/config-general.js';
import { toPlain } from '../config/formats/config-node.js';
import { parseConfigFile } from '../config/formats/config-parser.js';
import type { Environment } from '../config/formats/environment.js';
import { COMMAND_LINE, firstOf, problemError, problemText } from '../config/formats/problem.js';
import { examineConfiguration } from '../config/resolve-settings.js';
import type { CallbackSettings } from '../config/settings.js';
import { maskText, maskTree } from '../observe/mask.js';
import { type CallbackReport, checkCallback, languageText } from './check-callback.js';
import { EXIT_CODES, exitCodeOf } from './command-line/exit-codes.js';
import type { CommandIo } from './command-line/io.js';
import type { ParsedArguments } from './command-line/option-command.js';
import { wrapped } from './command-line/wrapped.js';

/** What is found about one file; what `--json` prints. */
interface Report {
  readonly file: string;
  /** the configuration; whether its ends can be reached is in `exit` and `unusable` */
  readonly valid: boolean;
  readonly exit: number;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly summary: string | undefined;
  readonly callback?: Partial<CallbackReport> | undefined;
  /** with `--connect`: what was found at each end */
  readonly ends?: readonly string[];
  /** with `--connect`: what cannot be used, and why not in a word or two */
  readonly unusable?: readonly string[];
  readonly options: readonly EffectiveOption[];
}

const UNREACHABLE: ReadonlySet<ErrorCode> = new Set(['CONNECT_FAILED', 'CONNECT_TIMEOUT', 'HOST_UNKNOWN']);

/**
 * `stompctl check FILE…`: 0 when every file is valid, and with `--connect` its ends can be used, otherwise the exit code that a run with
 * the first bad one has.
 */
export async function check(parsed: ParsedArguments, env: Environment, io: CommandIo): Promise<number> {
  const files = [...parsed.operands, ...(parsed.options.get('config') ?? [])];
  if (files.length === 0) throw new StompctlError('USAGE', 'command', 'check', 'name the files to check');
  if (parsed.flags.has('raw')) return printTrees(files, parsed, env, io);
  const reports: Report[] = [];
  for (const file of files) reports.push(await report(file, parsed, env));
  if (parsed.flags.has('json'))
    io.out.write(`${JSON.stringify(reports.length === 1 ? reports[0] : reports, null, 2)}\n`);
  else for (const each of reports) io.out.write(`${reportText(each, parsed.flags.has('all'), io.columns)}\n`);
  return reports.find((each) => each.exit !== 0)?.exit ?? EXIT_CODES.ok;
}

async function printTrees(
  files: readonly string[],
  parsed: ParsedArguments,
  env: Environment,
  io: CommandIo,
): Promise<number> {
  const options = parseConfigGeneral((parsed.options.get('config-general') ?? []).join(' '), COMMAND_LINE, env);
  for (const file of files) {
    io.out.write(`${JSON.stringify(maskTree(toPlain(await parseConfigFile(file, options))), null, 2)}\n`);
  }
  return EXIT_CODES.ok;
}

async function report(file: string, parsed: ParsedArguments, env: Environment): Promise<Report> {
  const commandLine = new Map([...parsed.options, ['config', [file]]]);
  try {
    const { problems, warnings, settings, values } = await examineConfiguration({ commandLine, env });
    const [first, ...others] = problems;
    const found = await callbackFound(settings?.callback);
    const wrong = first === undefined ? found.error : problemError([first, ...others]);
    const reachable = parsed.flags.has('connect') && wrong === undefined && settings !== undefined;
    const ends = reachable ? await (await import('./check-connect.js')).checkEnds(settings, env) : [];
    const failed = ends.flatMap(({ error }) => (error === undefined ? [] : [error]));
    const unusable = ends.flatMap(({ end, error }) => (error === undefined ? [] : [unusableText(end, error)]));
    const fault = wrong ?? failed[0];
    return {
      file,
      valid: wrong === undefined,
      exit: fault === undefined ? EXIT_CODES.ok : exitCodeOf(fault),
      problems: [
        ...firstOf(problems.map(problemText), 'problems'),
        ...errorTexts([...(found.error ? [found.error] : []), ...failed]),
      ].map(maskText),
      warnings: [...warnings, ...(found.report?.warnings ?? []), ...ends.flatMap(({ warnings: told = [] }) => told)],
      summary: settings === undefined ? undefined : describeRun(settings),
      callback: found.report,
      ...(reachable && {
        ends: ends.flatMap(({ found: text, error }) => (error === undefined ? [text] : [])),
        unusable,
      }),
      options: withoutCode(effectiveConfiguration(values, settings)),
    };
  } catch (error) {
    if (!(error instanceof StompctlError)) throw error;
    const problems = [maskText(reasonOf(error))];
    return { file, valid: false, exit: exitCodeOf(error), problems, warnings: [], summary: undefined, options: [] };
  }
}

function unusableText(end: string, { code }: StompctlError): string {
  return `${end} ${UNREACHABLE.has(code) ? 'is not reachable' : 'cannot be used'}`;
}

function errorTexts(errors: readonly StompctlError[]): string[] {
  return errors.map((error) => error.message);
}

async function callbackFound(
  callback: CallbackSettings | undefined,
): Promise<{ readonly report?: CallbackReport; readonly error?: StompctlError }> {
  if (callback === undefined) return {};
  try {
    return { report: await checkCallback(callback) };
  } catch (error) {
    if (error instanceof StompctlError) return { error };
    throw error;
  }
}

/** `columns`: of the terminal that it fits into, but for values that are longer. */
function reportText(found: Report, all: boolean, columns = Number.POSITIVE_INFINITY): string {
  const { unusable = [] } = found;
  const but = unusable.length === 0 ? '' : `, but ${unusable.join(', ')} (exit code ${found.exit})`;
  const lines = [`${found.file}: ${found.valid ? `valid${but}` : 'not valid'}`];
  for (const problem of found.problems) lines.push(`  error: ${problem}`);
  for (const warning of found.warnings) lines.push(`  warning: ${warning}`);
  if (found.summary !== undefined) lines.push('', ...wrapped(found.summary, columns, '  ').split('\n'));
  const { language, recognised } = found.callback ?? {};
  if (language !== undefined) lines.push(`  The callback is in ${languageText(language, recognised === true)}.`);
  for (const end of found.ends ?? []) lines.push(`  ${end}`);
  const shown = all ? found.options : found.options.filter(({ source }) => source !== 'default');
  if (shown.length > 0) lines.push('', ...tableLines(shown, columns));
  const hidden = found.options.length - shown.length;
  if (hidden > 0) lines.push('', `  ${hidden} other options have their defaults: "stompctl check --all" lists them.`);
  // what brokers and files say of themselves is among it
  return lines.map(printable).join('\n');
}

function tableLines(options: readonly EffectiveOption[], columns: number): string[] {
  const rows = options.map(({ name, value, source }) => [name, value, source] as const);
  const widest = (column: 0 | 1 | 2): number => Math.max(...rows.map((row) => row[column].length));
  const names = Math.min(48, widest(0));
  const values = Math.max(0, Math.min(48, widest(1), columns - names - widest(2) - 6));
  return rows.map(([name, value, source]) => `  ${name.padEnd(names)}  ${value.padEnd(values)}  ${source}`);
}
