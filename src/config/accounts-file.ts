import { reasonOf, StompctlError } from '../base/errors.js';
import type { Account, Accounts, Permission, TopicPermission } from '../rabbitmq/accounts.js';
import { hashingOf } from '../rabbitmq/password-hash.js';
import { resolveCredentials } from './credential.js';
import { readConfigFile } from './formats/config-file.js';
import { type BlockNode, type ConfigNode, type Origin, placeOf } from './formats/config-node.js';
import type { Environment } from './formats/environment.js';
import { parseYaml } from './formats/yaml-parser.js';

/** Where the management API is, and who asks it, as far as the file says so. */
export interface ApiSettings {
  readonly uri: string | undefined;
  readonly user: string | undefined;
  readonly 'pass-file': string | undefined;
  readonly 'pass-env': string | undefined;
  readonly ca: string | undefined;
}

export interface AccountsFile {
  readonly api: ApiSettings;
  readonly accounts: Accounts;
}

/**
 * Reads the file of `stompctl rabbitmq sync`, and the password files that it names. Rejects with CONFIG_NOT_FOUND, CONFIG_UNREADABLE,
 * CONFIG_SYNTAX, CONFIG_INVALID (with the line), CREDENTIAL_UNREADABLE. `warn` hears of a password file that everybody may read.
 */
export async function readAccounts(
  path: string,
  env: Environment,
  warn: (text: string) => void,
): Promise<AccountsFile> {
  const tree = await parseYaml(path, await readConfigFile(path));
  const top = fieldsOf(tree, 'the file', ['api', 'vhosts', 'users']);
  const api =
    top.api === undefined ? undefined : fieldsOf(top.api, 'api', ['uri', 'user', 'pass-file', 'pass-env', 'ca']);
  const vhosts = top.vhosts === undefined ? undefined : textsOf(top.vhosts, 'vhosts');
  const users = top.users === undefined ? undefined : await readUsers(top.users, vhosts, env, warn);
  if (vhosts === undefined && users === undefined) {
    throw invalid(tree.origin, 'the file: has neither vhosts nor users, and so says nothing: is it whole?');
  }
  const given = (name: keyof ApiSettings) => (api?.[name] === undefined ? undefined : textOf(api[name], `api.${name}`));
  return {
    api: {
      uri: given('uri'),
      user: given('user'),
      'pass-file': given('pass-file'),
      'pass-env': given('pass-env'),
      ca: given('ca'),
    },
    accounts: { vhosts, users },
  };
}

async function readUsers(
  node: ConfigNode,
  vhosts: readonly string[] | undefined,
  env: Environment,
  warn: (text: string) => void,
): Promise<Account[]> {
  const users: Account[] = [];
  for (const [name, each] of namedOf(node, 'users')) users.push(await readUser(name, each, vhosts, env, warn));
  return users;
}

async function readUser(
  name: string,
  node: ConfigNode,
  vhosts: readonly string[] | undefined,
  env: Environment,
  warn: (text: string) => void,
): Promise<Account> {
  const at = `users.${name}`;
  const names = ['pass-file', 'pass-env', 'hash', 'tags', 'permissions', 'topic-permissions'] as const;
  // a name alone: the user is to be there, and nothing else is said
  const fields: Partial<Record<(typeof names)[number], ConfigNode>> = isNothing(node) ? {} : fieldsOf(node, at, names);
  const known = (vhost: string, { origin }: ConfigNode) => {
    if (vhosts === undefined || vhosts.includes(vhost)) return;
    throw invalid(origin, `${at}: there is no virtual host ${JSON.stringify(vhost)} in vhosts`);
  };
  const permissions = new Map<string, Permission>();
  for (const [vhost, patterns] of namedOf(fields.permissions, `${at}.permissions`)) {
    known(vhost, patterns);
    const place = `${at}.permissions.${vhost}`;
    const given = fieldsOf(patterns, place, ['configure', 'write', 'read']);
    const pattern = (part: keyof Permission) => patternOf(given[part], patterns, `${place}.${part}`);
    permissions.set(vhost, { configure: pattern('configure'), write: pattern('write'), read: pattern('read') });
  }
  const topics = new Map<string, Map<string, TopicPermission>>();
  for (const [vhost, exchanges] of namedOf(fields['topic-permissions'], `${at}.topic-permissions`)) {
    known(vhost, exchanges);
    const ofVhost = new Map<string, TopicPermission>();
    for (const [exchange, patterns] of entriesOf(exchanges, `${at}.topic-permissions.${vhost}`)) {
      const place = `${at}.topic-permissions.${vhost}.${exchange}`;
      const given = fieldsOf(patterns, place, ['write', 'read']);
      const pattern = (part: keyof TopicPermission) => patternOf(given[part], patterns, `${place}.${part}`);
      ofVhost.set(exchange, { write: pattern('write'), read: pattern('read') });
    }
    topics.set(vhost, ofVhost);
  }
  const tags = fields.tags === undefined ? undefined : textsOf(fields.tags, `${at}.tags`);
  return {
    name,
    password: await readPassword(at, node, fields, env, warn),
    tags,
    permissions: fields.permissions && permissions,
    topics: fields['topic-permissions'] && topics,
  };
}

async function readPassword(
  at: string,
  { origin }: ConfigNode,
  { 'pass-file': file, 'pass-env': variable, hash }: Readonly<Record<string, ConfigNode | undefined>>,
  env: Environment,
  warn: (text: string) => void,
): Promise<Account['password']> {
  if ([file, variable, hash].filter((each) => each !== undefined).length > 1) {
    throw invalid(origin, `${at}: pass-file, pass-env and hash exclude each other: keep one of them`);
  }
  if (hash !== undefined) {
    const text = textOf(hash, `${at}.hash`);
    if (hashingOf(text) !== undefined) return { hash: text };
    throw invalid(hash.origin, `${at}.hash: is not what "rabbitmqctl hash_password" prints`);
  }
  const fields = {
    ...(file !== undefined && { 'pass-file': textOf(file, `${at}.pass-file`) }),
    ...(variable !== undefined && { 'pass-env': textOf(variable, `${at}.pass-env`) }),
  };
  if (Object.keys(fields).length === 0) return undefined;
  const { passcode = '' } = await resolveCredentials([{ scheme: 'plain', fields }], env, warn);
  // RabbitMQ takes an empty password for one that nobody can log in with
  if (passcode === '') throw invalid((file ?? variable)?.origin ?? origin, `${at}: the password is empty`);
  return { text: passcode };
}

function invalid(origin: Origin, reason: string): StompctlError {
  return new StompctlError('CONFIG_INVALID', 'accounts', placeOf(origin), reason);
}

function entriesOf(node: ConfigNode | undefined, what: string): Iterable<[string, ConfigNode]> {
  return node === undefined ? [] : blockOf(node, what).entries;
}

/** What stands below names of users or virtual hosts, of which RabbitMQ has no empty ones. */
function* namedOf(node: ConfigNode | undefined, what: string): Iterable<[string, ConfigNode]> {
  for (const [name, value] of entriesOf(node, what)) {
    if (name === '') throw invalid(value.origin, `${what}: an empty name is none`);
    yield [name, value];
  }
}

/** A name with nothing behind it: where a file was cut off, perhaps. */
function isNothing(node: ConfigNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

function nothingBehind(none: string): string {
  return `has nothing behind it: write ${none} for none, or take it out to leave what there is`;
}

function blockOf(node: ConfigNode, what: string): BlockNode {
  if (node.kind === 'block') return node;
  if (isNothing(node)) throw invalid(node.origin, `${what}: ${nothingBehind('{}')}`);
  throw invalid(node.origin, `${what}: must have names with values below it`);
}

function fieldsOf<Name extends string>(
  node: ConfigNode,
  what: string,
  names: readonly Name[],
): Partial<Record<Name, ConfigNode>> {
  const fields: Partial<Record<Name, ConfigNode>> = {};
  for (const [given, value] of entriesOf(node, what)) {
    const name = names.find((each) => each === given);
    if (name === undefined) {
      throw invalid(value.origin, `${what}: there is no ${JSON.stringify(given)} here, but ${names.join(', ')}`);
    }
    fields[name] = value;
  }
  return fields;
}

function textOf(node: ConfigNode, what: string): string {
  if (node.kind === 'scalar' && node.value !== null && node.value !== '') return node.value;
  throw invalid(node.origin, `${what}: must be a text`);
}

function textsOf(node: ConfigNode, what: string): string[] {
  if (isNothing(node)) throw invalid(node.origin, `${what}: ${nothingBehind('[]')}`);
  const texts = node.kind === 'list' ? node.items.map((item) => textOf(item, what)) : undefined;
  if (texts === undefined) throw invalid(node.origin, `${what}: must be a list, as in [one, two]`);
  if (new Set(texts).size === texts.length) return texts;
  throw invalid(node.origin, `${what}: names one of them twice`);
}

/** An empty pattern matches nothing, and must be written all the same. */
function patternOf(node: ConfigNode | undefined, { origin }: ConfigNode, what: string): string {
  if (node?.kind === 'scalar' && node.value !== null) {
    const fault = patternFault(node.value);
    if (fault === undefined) return node.value;
    throw invalid(node.origin, `${what}: is no regular expression, and RabbitMQ would refuse it: ${fault}`);
  }
  throw invalid(node?.origin ?? origin, `${what}: must be a pattern; '' matches nothing, '.*' everything`);
}

/** What RabbitMQ reads in another way than JavaScript, or JavaScript not at all. */
const OF_PERL = /\(\?|\\Q|\[\^?\]/;
const BROKEN = /Unterminated group|Unmatched|Unterminated character class|at end of pattern|out of order/;

/** What is wrong with a pattern for both of them. */
function patternFault(text: string): string | undefined {
  if (OF_PERL.test(text)) return undefined;
  try {
    new RegExp(text);
    return undefined;
  } catch (error) {
    return BROKEN.exec(reasonOf(error))?.[0];
  }
}
