import { readFile } from 'node:fs/promises';
import { reasonOf, StompctlError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { type ApiSettings, readAccounts } from '../config/accounts-file.js';
import { resolveCredentials } from '../config/credential.js';
import type { Environment } from '../config/formats/environment.js';
import { type Change, planAccounts } from '../rabbitmq/account-plan.js';
import type { Accounts, FoundAccounts } from '../rabbitmq/accounts.js';
import { ManagementApi } from '../rabbitmq/management-api.js';
import { COMMANDS } from './command-line/commands.js';
import { EXIT_CODES } from './command-line/exit-codes.js';
import type { CommandIo } from './command-line/io.js';
import type { ParsedArguments } from './command-line/option-command.js';

const TIMEOUT_MS = 30_000;
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** `stompctl rabbitmq sync FILE`: RabbitMQ's accounts as written; resolves to the exit code. */
export async function rabbitmq(parsed: ParsedArguments, env: Environment, { out, err }: CommandIo): Promise<number> {
  const file = fileOf(parsed);
  const warn = (text: string) => err.write(`stompctl: ${printable(text)}\n`);
  const { api: said, accounts } = await readAccounts(file, env, warn);
  const prune = parsed.flags.has('prune');
  if (prune) leavesSome(accounts);
  const api = await openApi({ ...said, ...givenApi(parsed) }, env, warn);
  const found = await api.accounts();
  keepsItself(accounts, found);
  const { changes, unwritten } = planAccounts(accounts, found, prune);
  const say = (text: string) => out.write(`${printable(text)}\n`);
  for (const what of unwritten) say(`? ${what} is not written: --prune removes it`);
  if (changes.length === 0) {
    say('nothing to change');
    return EXIT_CODES.ok;
  }
  if (parsed.options.has('dry-run')) {
    for (const { text } of changes) say(text);
    say(`${counted(changes.length)} would be made`);
    return EXIT_CODES.ok;
  }
  await makeAll(changes, api, say, warn);
  say(`${counted(changes.length)} made`);
  return EXIT_CODES.ok;
}

function fileOf({ operands, options }: ParsedArguments): string {
  const [verb, file, excess] = operands;
  const usage = 'stompctl rabbitmq sync FILE';
  if (verb !== 'sync') {
    const reason = verb === undefined ? `say what to do: ${usage}` : `there is no such command: ${usage}`;
    throw new StompctlError('USAGE', 'command', `rabbitmq${verb === undefined ? '' : ` ${verb}`}`, reason);
  }
  if (file === undefined) throw new StompctlError('USAGE', 'command', 'rabbitmq sync', `say which file: ${usage}`);
  if (excess !== undefined) throw new StompctlError('USAGE', 'argument', excess, `is not expected here: ${usage}`);
  const helps: readonly string[] = COMMANDS.rabbitmq.helps;
  for (const option of options.keys()) {
    if (helps.includes(option)) continue;
    throw new StompctlError('USAGE', 'option', `--${option}`, 'is not for "stompctl rabbitmq"');
  }
  return file;
}

/** What is given wins over the file; one way to have the password over the other. */
function givenApi({ flagValues }: ParsedArguments): Partial<ApiSettings> {
  const names = ['uri', 'user', 'pass-file', 'pass-env', 'ca'] as const;
  const given: Partial<Record<(typeof names)[number], string>> = {};
  for (const name of names) {
    const value = flagValues.get(name);
    if (value !== undefined) given[name] = value;
  }
  if (given['pass-file'] === undefined && given['pass-env'] === undefined) return given;
  return { 'pass-file': undefined, 'pass-env': undefined, ...given };
}

async function openApi(settings: ApiSettings, env: Environment, warn: (text: string) => void): Promise<ManagementApi> {
  const { uri = 'http://localhost:15672', user, ca, 'pass-file': file, 'pass-env': variable } = settings;
  const where = uriOf(uri);
  if (user === undefined || (file === undefined) === (variable === undefined)) {
    const reason = 'say who asks it: user, and one of pass-file and pass-env, below api in the file, or as options';
    throw new StompctlError('CONFIG_INVALID', 'management api', where.host, reason);
  }
  if (where.protocol === 'http:' && !LOOPBACK.test(where.hostname)) {
    warn(`the password of ${user} goes to ${where.host} without encryption: use https`);
  }
  const fields = {
    name: user,
    ...(file !== undefined && { 'pass-file': file }),
    ...(variable !== undefined && { 'pass-env': variable }),
  };
  const { passcode = '' } = await resolveCredentials([{ scheme: 'plain', fields }], env, warn);
  const trusted = ca === undefined ? undefined : await readCa(ca);
  return new ManagementApi({ uri: where, user, password: passcode, ca: trusted, timeoutMs: TIMEOUT_MS });
}

function uriOf(text: string): URL {
  const uri = URL.canParse(text) ? new URL(text) : undefined;
  const wrong = (reason: string) => new StompctlError('URI_INVALID', 'management api', 'uri', reason);
  if (uri === undefined || !['http:', 'https:'].includes(uri.protocol)) {
    throw wrong('must be http://HOST:PORT or https://HOST:PORT');
  }
  if (uri.username !== '' || uri.password !== '') throw wrong('name and password do not belong in the URI');
  return uri;
}

async function readCa(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new StompctlError('CREDENTIAL_UNREADABLE', 'credential', path, `cannot be read: ${reasonOf(error)}`, error);
  }
}

/** Nobody wants a broker without users, or virtual hosts: such a file was made by a program that failed. */
function leavesSome({ vhosts, users }: Accounts): void {
  const refused = (what: string, meant: string) => {
    const reason = `is empty, and --prune would remove all that there are: ${meant}, or take ${what} out to leave them`;
    return new StompctlError('CONFIG_INVALID', 'accounts', what, reason);
  };
  if (users?.length === 0) throw refused('users', 'write at least one of them, such as the user who asks the API');
  if (vhosts?.length === 0) throw refused('vhosts', 'write at least one of them, such as /');
}

/** Who takes the tag from itself could not make the rest, nor take it back. */
function keepsItself({ users }: Accounts, { self }: FoundAccounts): void {
  const own = users?.find(({ name }) => name === self);
  if (own?.tags === undefined || own.tags.includes('administrator')) return;
  const reason = `is the user who asks the API, and would lose the tag administrator: run it as another one, or write the tag`;
  throw new StompctlError('CONFIG_INVALID', 'accounts', `users.${self}`, reason);
}

/** Each change is told once it is made. What is refused is told, and the others are made; who cannot be reached ends it. */
async function makeAll(
  changes: readonly Change[],
  api: ManagementApi,
  say: (text: string) => unknown,
  warn: (text: string) => unknown,
): Promise<void> {
  let made = 0;
  let refused = 0;
  let later = 0;
  for (const change of changes) {
    try {
      await refuseFullVhost(change, api);
      await api.make(change);
      made += 1;
      say(change.text);
    } catch (error) {
      if (!(error instanceof StompctlError)) throw error;
      warn(`not made: ${change.text}: ${error.message}`);
      if (error.code === 'API_UNAVAILABLE') later += 1;
      else refused += 1;
      if (error.code === 'API_REFUSED' || error.code === 'API_UNAVAILABLE') continue;
      const rest = changes.length - made - refused - later;
      warn(`${made} of ${counted(changes.length)} were made, ${rest} not tried; the same command goes on`);
      throw error;
    }
  }
  if (refused + later === 0) return;
  const parts = [`${made} of ${counted(changes.length)} were made`];
  if (refused > 0) parts.push(`${refused} refused`);
  if (later > 0) parts.push(`${later} cannot be made now: the same command makes them later`);
  const code = later > 0 ? 'API_UNAVAILABLE' : 'API_REFUSED';
  throw new StompctlError(code, 'rabbitmq sync', api.name, `${parts.join(', ')}; see the reasons above`);
}

/** With a virtual host go its queues and all that is in them. */
async function refuseFullVhost({ method, path }: Change, api: ManagementApi): Promise<void> {
  const [, vhost] = /^vhosts\/(.*)$/.exec(path) ?? [];
  if (method !== 'DELETE' || vhost === undefined) return;
  const queues = await api.queuesOf(decodeURIComponent(vhost));
  if (queues === 0) return;
  const reason = `it has ${queues === 1 ? 'a queue' : `${queues} queues`}, whose messages would be lost: delete them first`;
  throw new StompctlError('API_REFUSED', 'rabbitmq sync', `vhost ${decodeURIComponent(vhost)}`, reason);
}

function counted(changes: number): string {
  return `${changes} change${changes === 1 ? '' : 's'}`;
}
