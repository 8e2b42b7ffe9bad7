import { StompctlError } from '../../base/errors.js';
import type { Header } from '../../message/message.js';

/** What a command gets of the environment of stompctl; everything else, secrets among it, stays out. */
const KEPT = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR', 'TZ', 'LANG', 'LANGUAGE'];
const KEPT_PREFIX = 'LC_';
/** execve(2): an environment without PATH would have the C library look in the current folder too */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const HEADER_PREFIX = 'STOMPCTL_HEADER_';

export type Variables = Readonly<Record<string, string>>;

/** The environment of every command. `secrets` are variables that the configuration takes a password from. */
export function cleanEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  secrets: ReadonlySet<string>,
): Variables {
  const clean: Record<string, string> = { PATH: DEFAULT_PATH };
  for (const [name, value] of Object.entries(env)) {
    const kept = KEPT.includes(name) || name.startsWith(KEPT_PREFIX);
    if (kept && value !== undefined && !secrets.has(name)) clean[name] = value;
  }
  return clean;
}

/**
 * `STOMPCTL_HEADER_NAME` for each header: the name in capitals, each character that no variable may have as `_`. Of two headers
 * that come to the same name the first one counts. Throws MESSAGE_BAD_HEADER for a NUL, which no variable can hold.
 */
export function headerVariables(header: Readonly<Header>): Variables {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    const variable = `${HEADER_PREFIX}${name.toUpperCase().replace(/[^A-Z0-9_]/g, '_')}`;
    if (Object.hasOwn(variables, variable)) continue;
    if (value.includes('\0'))
      throw badHeader(name, 'has a NUL in it, which neither a variable nor an argument can hold');
    variables[variable] = value;
  }
  return variables;
}

export function badHeader(name: string, reason: string): StompctlError {
  const text = `the header ${JSON.stringify(name.slice(0, 80))} ${reason}`;
  return new StompctlError('MESSAGE_BAD_HEADER', 'run command', 'message', text);
}
