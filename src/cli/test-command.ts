import { dirname, isAbsolute, resolve } from 'node:path';
import { openProcessor, type ProcessorContext } from '../app/open-processor.js';
import { StompctlError } from '../base/errors.js';
import { runCases } from '../callback/cases/run-cases.js';
import { type CaseFile, readCaseFile } from '../config/case-file.js';
import type { Environment } from '../config/formats/environment.js';
import { resolveChecks } from '../config/resolve-settings.js';
import type { Processor } from '../flow/processor.js';
import { createLogger } from '../observe/pino-logger.js';
import { NullSink } from '../sinks/queue/null-sink.js';
import { EXIT_CODES } from './command-line/exit-codes.js';
import type { CommandIo } from './command-line/io.js';
import type { ParsedArguments } from './command-line/option-command.js';

interface CheckerUse {
  readonly parsed: ParsedArguments;
  readonly env: Environment;
  readonly io: CommandIo;
  /** the configuration that the file of cases names; `--config` wins */
  readonly config?: string | undefined;
}

/**
 * `stompctl test FILE…`: 0 when every case holds, 1 when one fails. Files that cannot be read, or whose configuration cannot be used,
 * throw before any case runs. With `--record`, writes a file of cases instead.
 */
export async function test(parsed: ParsedArguments, env: Environment, io: CommandIo): Promise<number> {
  const use = { parsed, env, io };
  if (parsed.flagValues.has('record')) {
    const { record } = await import('./test-record.js');
    return withChecker(use, (processor) => record(parsed, processor, io));
  }
  if (parsed.operands.length === 0) throw new StompctlError('USAGE', 'command', 'test', 'name the files of cases');
  const files: { readonly path: string; readonly file: CaseFile }[] = [];
  for (const path of parsed.operands) files.push({ path, file: await readCaseFile(path) });
  let failed = 0;
  let total = 0;
  for (const { path, file } of files) {
    const config = file.config === undefined ? undefined : beside(path, file.config);
    failed += await withChecker({ ...use, config }, (processor) => runFile(file, processor, io));
    total += file.cases.length;
  }
  io.out.write(`${total} ${total === 1 ? 'case' : 'cases'}: ${total - failed} ok, ${failed} failed\n`);
  return failed > 0 ? EXIT_CODES.someMessagesLeft : EXIT_CODES.ok;
}

/** Resolves to how many cases failed. */
async function runFile({ cases, places }: CaseFile, processor: Processor, io: CommandIo): Promise<number> {
  const results = await runCases(cases, processor);
  for (const [index, { name, difference }] of results.entries()) {
    if (difference.length === 0) io.out.write(`ok      ${name}\n`);
    else io.out.write(`FAILED  ${name} (${places[index]})\n${difference.map((line) => `  ${line}\n`).join('')}`);
  }
  return results.filter(({ difference }) => difference.length > 0).length;
}

/** A path in a file is meant from there, as an `<<include>>` is. */
function beside(file: string, path: string): string {
  return isAbsolute(path) ? path : resolve(dirname(file), path);
}

/** What a callback prints or logs goes to standard error; `tap` leads nowhere. */
async function withChecker<T>(
  { parsed, env, io, config }: CheckerUse,
  use: (processor: Processor) => Promise<T>,
): Promise<T> {
  const commandLine = new Map(parsed.options);
  if (config !== undefined && !commandLine.has('config')) commandLine.set('config', [config]);
  const settings = await resolveChecks({ commandLine, env });
  const logger = await createLogger({ level: 'info' });
  const context: ProcessorContext = {
    logger,
    print: (printed) => io.err.write(printed),
    openTap: async () => new NullSink(),
  };
  const processor = await openProcessor(settings, context);
  if (processor === undefined) {
    const file = commandLine.get('config')?.at(-1);
    const reason = 'has neither a callback nor rewrite rules: there is nothing to test';
    if (file !== undefined) throw new StompctlError('CONFIG_INVALID', 'configuration', file, reason);
    throw new StompctlError(
      'USAGE',
      'command',
      'test',
      'nothing says what to test: give --config FILE, or "config: FILE" in the file',
    );
  }
  try {
    return await use(processor);
  } finally {
    await processor.close();
    await logger.flush();
  }
}
