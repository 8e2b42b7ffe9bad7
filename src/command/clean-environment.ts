/** What a command gets of the environment of stompctl; everything else, secrets among it, stays out. */
const KEPT = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR', 'TZ', 'LANG', 'LANGUAGE'];
const KEPT_PREFIX = 'LC_';
/** execve(2): an environment without PATH would have the C library look in the current folder too */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

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
