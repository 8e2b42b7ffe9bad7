import type { Account, Accounts, FoundAccounts, FoundUser, Permission, TopicPermission } from './accounts.js';
import { hashingOf, hashPassword, isHashOf, type PasswordHash } from './password-hash.js';

/** One request that brings RabbitMQ nearer to what is written. */
export interface Change {
  /** for people: `+ user sender`; no secrets */
  readonly text: string;
  readonly method: 'PUT' | 'DELETE';
  /** behind `/api/` */
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

export interface AccountPlan {
  readonly changes: readonly Change[];
  /** what is there, and not written, and stays: `user old` */
  readonly unwritten: readonly string[];
}

/**
 * What is to be done so that RabbitMQ has what is written; with `prune`, and nothing else: but never without the user that the API
 * is asked as. Its own row comes last, since its password may change.
 */
export function planAccounts(accounts: Accounts, found: FoundAccounts, prune: boolean): AccountPlan {
  const made = [...makeVhosts(accounts, found), ...makeUsers(accounts, found), ...makePermissions(accounts, found)];
  const removals = findUnwritten(accounts, found);
  const removed = prune ? removals.map(({ what, path }) => remove(what, path)) : [];
  // an exchange cannot be taken out of the topic permissions alone: those that stay are written again
  const again = prune ? topicsLeft(accounts, removals) : [];
  const all = [...made, ...removed, ...again];
  const own = `users/${encodeURIComponent(found.self)}`;
  return {
    changes: [...all.filter(({ path }) => path !== own), ...all.filter(({ path }) => path === own)],
    unwritten: prune ? [] : removals.map(({ what }) => what),
  };
}

function remove(what: string, path: string): Change {
  return { text: `- ${what}`, method: 'DELETE', path };
}

function makeVhosts({ vhosts = [] }: Accounts, found: FoundAccounts): Change[] {
  return vhosts
    .filter((name) => !found.vhosts.includes(name))
    .map((name) => ({ text: `+ vhost ${name}`, method: 'PUT', path: pathOf('vhosts', name), body: {} }));
}

function makeUsers({ users = [] }: Accounts, found: FoundAccounts): Change[] {
  return users.flatMap((user) => {
    const before = found.users.find(({ name }) => name === user.name);
    const password = passwordOf(user, before);
    const tags = user.tags ?? before?.tags ?? [];
    const differs: string[] = [];
    if (before === undefined || password !== before) differs.push(password.hash === '' ? 'no password' : 'password');
    if (!sameSet(tags, before?.tags ?? [])) differs.push(`tags ${tags.join(', ') || 'none'}`);
    if (before !== undefined && differs.length === 0) return [];
    const body = { password_hash: password.hash, hashing_algorithm: password.hashing, tags: tags.join(',') };
    const text = `${before === undefined ? '+' : '~'} user ${user.name}: ${differs.join('; ')}`;
    return [{ text, method: 'PUT', path: pathOf('users', user.name), body } as const];
  });
}

/** The very user that was found where its password stays. */
function passwordOf({ password }: Account, before: FoundUser | undefined): PasswordHash {
  if (password === undefined) return before ?? { hash: '', hashing: hashPassword('').hashing };
  if ('hash' in password) {
    const hashing = hashingOf(password.hash) ?? '';
    return before?.hash === password.hash && before.hashing === hashing ? before : { hash: password.hash, hashing };
  }
  return before !== undefined && isHashOf(before, password.text) ? before : hashPassword(password.text);
}

function makePermissions({ users = [] }: Accounts, found: FoundAccounts): Change[] {
  const changes: Change[] = [];
  for (const { name, permissions, topics } of users) {
    for (const [vhost, wanted] of permissions ?? []) {
      const before = found.permissions.find((each) => each.user === name && each.vhost === vhost);
      const what = `permissions of ${name} on ${vhost}`;
      const path = pathOf('permissions', vhost, name);
      const parts = ['configure', 'write', 'read'] as const;
      if (parts.every((part) => before?.[part] === wanted[part])) continue;
      changes.push({ text: difference(what, parts, before, wanted), method: 'PUT', path, body: { ...wanted } });
    }
    for (const [vhost, exchanges] of topics ?? []) {
      for (const [exchange, wanted] of exchanges) {
        const same = (each: FoundAccounts['topics'][number]) =>
          each.user === name && each.vhost === vhost && each.exchange === exchange;
        const before = found.topics.find(same);
        const parts = ['write', 'read'] as const;
        if (parts.every((part) => before?.[part] === wanted[part])) continue;
        const text = difference(`topic permissions of ${name} on ${vhost}, ${exchange}`, parts, before, wanted);
        changes.push(putTopic(text, name, vhost, exchange, wanted));
      }
    }
  }
  return changes;
}

function putTopic(text: string, user: string, vhost: string, exchange: string, wanted: TopicPermission): Change {
  const path = pathOf('topic-permissions', vhost, user);
  return { text, method: 'PUT', path, body: { exchange, ...wanted } };
}

function difference<Part extends keyof Permission>(
  what: string,
  parts: readonly Part[],
  before: Readonly<Record<Part, string>> | undefined,
  wanted: Readonly<Record<Part, string>>,
): string {
  const shown = parts.flatMap((part) => {
    const now = JSON.stringify(wanted[part]);
    if (before === undefined) return [`${part} ${now}`];
    return before[part] === wanted[part] ? [] : [`${part} ${JSON.stringify(before[part])} → ${now}`];
  });
  return `${before === undefined ? '+' : '~'} ${what}: ${shown.join(', ')}`;
}

interface Removal {
  readonly what: string;
  readonly path: string;
  /** whose topic permissions go, all of one virtual host at once */
  readonly topicsOf?: { readonly user: string; readonly vhost: string };
}

/** What goes with a user or a virtual host that is not written is not told apart from it. */
function findUnwritten({ vhosts, users }: Accounts, found: FoundAccounts): Removal[] {
  const written = new Map(users?.map((user) => [user.name, user]));
  const stays = (vhost: string) => vhosts === undefined || vhosts.includes(vhost);
  const removals: Removal[] = [];
  for (const { user, vhost, exchange } of found.topics) {
    const account = written.get(user);
    if (account?.topics === undefined || user === found.self || !stays(vhost)) continue;
    if (account.topics.get(vhost)?.has(exchange)) continue;
    const what = `topic permissions of ${user} on ${vhost}, ${exchange}`;
    removals.push({ what, path: pathOf('topic-permissions', vhost, user), topicsOf: { user, vhost } });
  }
  for (const { user, vhost } of found.permissions) {
    const account = written.get(user);
    if (account?.permissions === undefined || user === found.self || !stays(vhost)) continue;
    if (account.permissions.has(vhost)) continue;
    removals.push({ what: `permissions of ${user} on ${vhost}`, path: pathOf('permissions', vhost, user) });
  }
  for (const { name } of users === undefined ? [] : found.users) {
    if (!written.has(name) && name !== found.self) removals.push({ what: `user ${name}`, path: pathOf('users', name) });
  }
  for (const name of found.vhosts) {
    if (!stays(name)) removals.push({ what: `vhost ${name}`, path: pathOf('vhosts', name) });
  }
  return removals;
}

function topicsLeft({ users = [] }: Accounts, removals: readonly Removal[]): Change[] {
  const changes = new Map<string, Change>();
  for (const { topicsOf } of removals) {
    if (topicsOf === undefined) continue;
    const { user, vhost } = topicsOf;
    const left = users.find(({ name }) => name === user)?.topics?.get(vhost) ?? new Map<string, TopicPermission>();
    for (const [exchange, wanted] of left) {
      const text = `= topic permissions of ${user} on ${vhost}, ${exchange}: written again`;
      changes.set(JSON.stringify([user, vhost, exchange]), putTopic(text, user, vhost, exchange, wanted));
    }
  }
  return [...changes.values()];
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((each) => other.includes(each));
}

function pathOf(...parts: readonly string[]): string {
  return parts.map(encodeURIComponent).join('/');
}
