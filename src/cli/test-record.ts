import { writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import type { Case } from '../callback/cases/read-cases.js';
import { recordCase } from '../callback/cases/run-cases.js';
import { parseKeyValues } from '../config/options/key-value.js';
import type { QueueType } from '../dirq/queue-options.js';
import type { Processor } from '../flow/processor.js';
import { QueuePreview } from '../sources/queue/queue-preview.js';
import { EXIT_CODES } from './command-line/exit-codes.js';
import type { CommandIo } from './command-line/io.js';
import type { ParsedArguments } from './command-line/option-command.js';

const MOST_CASES = 100;
/** A case is for people to read. */
const MOST_BYTES = 1024 * 1024;

/**
 * `stompctl test --record QUEUE [FILE]`: writes a case for each message of a queue, oldest first, at most `--count` (100), with what
 * becomes of it now. The queue stays as it is. An existing file is never written over. Resolves to 0, or 1 when an element could not be read.
 */
export async function record(parsed: ParsedArguments, processor: Processor, io: CommandIo): Promise<number> {
  const [path, excess] = parsed.operands;
  if (excess !== undefined) throw usage('FILE', 'only one file can be recorded into');
  const most = countOf(parsed);
  const cases: Case[] = [];
  let unreadable = 0;
  for await (const { name, content } of new QueuePreview(queueOf(parsed), MOST_BYTES).elements()) {
    if (cases.length === most) break;
    if (content instanceof StompctlError) {
      unreadable += 1;
      io.err.write(`stompctl: left out: ${content.message}\n`);
      continue;
    }
    const [outcome] = await processor.process([content]);
    if (outcome !== undefined) cases.push(recordCase(name, content, outcome));
  }
  await writeCases(path, await textOf(cases, path, parsed.options.get('config')?.at(-1)), io);
  io.err.write(`stompctl: recorded ${cases.length} ${cases.length === 1 ? 'case' : 'cases'}\n`);
  return unreadable > 0 ? EXIT_CODES.someMessagesLeft : EXIT_CODES.ok;
}

/** The configuration is named as seen from the file that the cases go to. */
async function textOf(cases: readonly Case[], path: string | undefined, config: string | undefined): Promise<string> {
  const { dump } = await import('js-yaml');
  const named = config !== undefined && path !== undefined ? relative(dirname(resolve(path)), resolve(config)) : config;
  return dump({ ...(named === undefined ? {} : { config: named }), cases }, { lineWidth: -1, noRefs: true });
}

async function writeCases(path: string | undefined, text: string, io: CommandIo): Promise<void> {
  if (path === undefined) {
    io.out.write(text);
    return;
  }
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw usage(path, 'is there already: name a new file, or remove it first');
    throw new StompctlError('FILE_CANNOT_CREATE', 'record', path, reasonOf(error), error);
  }
}

/** A path, or `path=… type=…` as in `incoming-queue`. */
function queueOf({ flagValues }: ParsedArguments): { readonly path: string; readonly type: QueueType } {
  const given = flagValues.get('record') ?? '';
  if (!/^\s*\w+=/.test(given)) return { path: given, type: 'DQS' };
  let keys: Map<string, string>;
  try {
    keys = parseKeyValues(given);
  } catch (error) {
    throw usage('--record', reasonOf(error));
  }
  const { path, type = 'DQS', ...others } = Object.fromEntries(keys);
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw usage('--record', `there is no "${unknown}" here: give path and type`);
  if (path === undefined) throw usage('--record', 'needs a path');
  if (type !== 'DQS' && type !== 'DQN') throw usage('--record', 'the type must be DQS or DQN');
  return { path, type };
}

function countOf({ options }: ParsedArguments): number {
  const given = options.get('count')?.at(-1);
  if (given === undefined) return MOST_CASES;
  if (!/^[1-9]\d*$/.test(given)) throw usage('--count', `must be a whole number of cases, not "${given}"`);
  return Number(given);
}

function usage(argument: string, reason: string): StompctlError {
  return new StompctlError('USAGE', 'record', argument, reason);
}
