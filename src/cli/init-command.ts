import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../base/clock.js';
import { reasonOf, StompctlError } from '../base/errors.js';
import { wait } from '../base/wait.js';
import type { Environment } from '../config/formats/environment.js';
import { check } from './check-command.js';
import { EXIT_CODES } from './command-line/exit-codes.js';
import type { CommandIo } from './command-line/io.js';
import type { ParsedArguments } from './command-line/option-command.js';
import { type Asker, ScriptAsker, TerminalAsker } from './init/asker.js';
import { configurationText } from './init/configuration-text.js';
import { type NewFile, writeNewFiles } from './init/new-files.js';
import {
  type Answers,
  directionOf,
  instanceName,
  type Question,
  questions,
  SYSTEM_FOLDER,
  secretFile,
} from './init/questions.js';

const SERVICE_USER = 'stompctl';
const INTERRUPT_MS = 5000;
const PREFIXES = ['', 'to-'] as const;

/**
 * `stompctl init [FILE]`: asks, writes a configuration and its passwords, checks them, logs in, and tells the next command.
 * Nothing is written before everything is answered. The exit code is that of `check --connect`.
 */
export async function init(parsed: ParsedArguments, env: Environment, io: CommandIo): Promise<number> {
  const { flagValues, flags, operands } = parsed;
  const [given, ...more] = operands;
  if (more.length > 0) throw new StompctlError('USAGE', 'command', 'init', 'name one configuration to be written');
  const fileOf = (answers: Answers) => resolve(given ?? join(SYSTEM_FOLDER, `${directionOf(answers)}.conf`));
  const force = flags.has('force');
  const answers = await answersTo(questions(fileOf), { fileOf, flagValues, force }, io);
  const file = fileOf(answers);
  const owner = await serviceUser();
  const secrets = secretsOf(file, answers, owner);
  const text = configurationText(file, formatOf(file) === 'yaml' ? 'yaml' : 'apache', answers);
  const configuration: NewFile = {
    path: file,
    content: text,
    mode: 0o640,
    owner: owner && { uid: process.getuid?.() ?? 0, gid: owner.gid },
  };
  writeNewFiles([...secrets, configuration], force);
  for (const { path, mode } of [...secrets, configuration]) io.out.write(`wrote ${path} (mode 0${mode.toString(8)})\n`);
  if (directionOf(answers) === 'cron') await makeQueue(answers.get('queue') ?? '', owner, io);
  io.out.write('\n');
  const connect = flags.has('offline') ? [] : ['connect'];
  const code = await check({ ...parsed, operands: [file], flags: new Set(connect), flagValues: new Map() }, env, io);
  io.out.write(`\n${nextText(code, file)}:\n\n`);
  for (const line of nextCommands(file, answers)) io.out.write(`  ${line}\n`);
  return code;
}

interface Given {
  readonly fileOf: (answers: Answers) => string;
  readonly flagValues: ReadonlyMap<string, string>;
  readonly force: boolean;
}

async function answersTo(list: readonly Question[], given: Given, io: CommandIo): Promise<Answers> {
  const input = io.input?.() ?? process.stdin;
  const terminal = 'isTTY' in input && input.isTTY === true;
  const answers = new Map<string, string>();
  let asker: Asker | undefined;
  const open = (): Asker => {
    if (!terminal) return new ScriptAsker(() => input);
    io.err.write('Ctrl-C leaves everything as it was; Enter takes what stands in brackets.\n');
    return new TerminalAsker(input, io.err, interrupt);
  };
  try {
    refuseUnwanted(list, given.flagValues);
    for (const question of list) {
      if (!question.wanted(answers)) {
        refuseMeaningless(question, given.flagValues);
        continue;
      }
      const asks = terminal || question.value === undefined;
      const option = given.flagValues.get(question.name);
      if (option !== undefined || !asks || question.unasked) {
        answers.set(question.name, await fromOption(question, option, answers));
      } else {
        asker ??= open();
        answers.set(question.name, await fromAsker(question, asker, answers, io));
      }
      if (question.name === 'direction') refuseFile(given.fileOf(answers), given.force);
    }
    return answers;
  } finally {
    asker?.close();
  }
}

/** Ends the process as Ctrl-C does where no program reads the keys. */
function interrupt(): void {
  process.kill(process.pid, 'SIGINT');
  // it comes a moment later: with nothing left to wait for the process would end by itself before
  void wait(systemClock, INTERRUPT_MS);
}

/** A secret has no option: the parser knows none, and this holds it. */
function refuseUnwanted(list: readonly Question[], flagValues: ReadonlyMap<string, string>): void {
  const secret = list.find(({ name, value }) => value === undefined && flagValues.has(name));
  if (secret !== undefined) throw usage(secret.name, 'no command line may hold a password: use --pass-file');
}

function refuseMeaningless({ name }: Question, flagValues: ReadonlyMap<string, string>): void {
  if (flagValues.has(name)) throw usage(`--${name}`, 'means nothing beside the other answers: leave it out');
}

async function fromOption(question: Question, option: string | undefined, answers: Answers): Promise<string> {
  const { name, doc } = question;
  const answer = option ?? question.fallback(answers);
  if (answer === undefined) throw usage(`--${name}`, `is missing: ${doc}`);
  const refusal = await question.refusal(answer);
  if (refusal !== undefined) throw usage(`--${name}`, refusal);
  return answer;
}

async function fromAsker(question: Question, asker: Asker, answers: Answers, io: CommandIo): Promise<string> {
  const { doc, value } = question;
  const fallback = question.fallback(answers);
  const shown = fallback === undefined ? '' : ` [${fallback === '' ? 'none' : fallback}]`;
  while (true) {
    const line = await asker.answer(`${doc}${shown}: `, value === undefined);
    // a password may begin or end with a blank
    const answer = value === undefined ? line : line.trim() || (fallback ?? '');
    const refusal =
      answer === '' && fallback === undefined ? 'there must be an answer' : await question.refusal(answer);
    if (refusal === undefined) return answer;
    if (!asker.asks)
      throw new StompctlError('INPUT_UNREADABLE', 'read', question.name, `${refusal}: nothing was written`);
    io.err.write(`  ${refusal}\n`);
  }
}

/** Before anything else is asked. */
function refuseFile(file: string, force: boolean): void {
  if (formatOf(file) === undefined) {
    throw usage(file, 'must end in .conf, which the units read, or in .yaml or .yml');
  }
  const fail = (path: string, reason: string, cause?: unknown): never => {
    throw new StompctlError('FILE_CANNOT_CREATE', 'init', path, reason, cause);
  };
  if (!force && existsSync(file)) fail(file, 'is there already: give --force to replace it');
  try {
    accessSync(dirname(file), constants.W_OK | constants.X_OK);
  } catch (error) {
    fail(
      dirname(file),
      `${reasonOf(error)}: make the folder, be root, or name another file: stompctl init ./FILE.conf`,
      error,
    );
  }
}

function formatOf(file: string): 'apache' | 'yaml' | undefined {
  const ending = extname(file);
  if (ending === '.conf') return 'apache';
  return ending === '.yaml' || ending === '.yml' ? 'yaml' : undefined;
}

function secretsOf(file: string, answers: Answers, owner: Owner | undefined): NewFile[] {
  return PREFIXES.flatMap((prefix) => {
    const password = answers.get(`${prefix}password`);
    if (password === undefined) return [];
    return [{ path: secretFile(file, prefix), content: `${password}\n`, mode: 0o600, owner }];
  });
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Whom root writes for: the user that the units run as. Undefined: no root, or no such user. */
async function serviceUser(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const ids = await Promise.all(
      ['-u', '-g'].map(async (what) => {
        const { stdout } = await promisify(execFile)('id', [what, SERVICE_USER], { timeout: 5000 });
        return Number(stdout);
      }),
    );
    const [uid = Number.NaN, gid = Number.NaN] = ids;
    return Number.isInteger(uid) && Number.isInteger(gid) ? { uid, gid } : undefined;
  } catch {
    // there is no such user, or no program that could tell: root's files then
    return undefined;
  }
}

/** A single pass takes a folder that is missing for a wrong path. */
async function makeQueue(path: string, owner: Owner | undefined, io: CommandIo): Promise<void> {
  if (existsSync(path)) return;
  try {
    await mkdir(path, { recursive: true, mode: owner === undefined ? 0o770 : 0o2770 });
    if (owner !== undefined) await chown(path, owner.uid, owner.gid);
    io.out.write(`made the queue ${path}\n`);
  } catch (error) {
    throw new StompctlError('QUEUE_CANNOT_CREATE', 'init', path, reasonOf(error), error);
  }
}

function nextText(code: number, file: string): string {
  if (code === 0) return 'Next';
  // perhaps nothing is wrong with what was written
  const first = code === EXIT_CODES.tryAgain ? 'Once the broker can be used:' : 'Mend what is wrong, then';
  return `${first} "stompctl check --connect ${file}"; next`;
}

function nextCommands(file: string, answers: Answers): string[] {
  const name = instanceName(file);
  const unit = dirname(file) === SYSTEM_FOLDER && formatOf(file) === 'apache';
  const quoted = /^[\w./@-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
  if (directionOf(answers) === 'cron') {
    const run = `stompctl --config ${quoted}`;
    return unit ? [`systemctl enable --now stompctl-once@${name}.timer`, `${run}    (one pass, now)`] : [run];
  }
  const status = `stompctl status ${quoted}`;
  return unit ? [`systemctl enable --now stompctl@${name}`, status] : [`stompctl --config ${quoted}`, status];
}

function usage(argument: string, reason: string): StompctlError {
  return new StompctlError('USAGE', 'init', argument, reason);
}
