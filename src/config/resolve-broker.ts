import { StompctlError } from '../base/errors.js';
import { exposedSecrets } from './exposed-secrets.js';
import type { Environment } from './formats/environment.js';
import { COMMAND_LINE, type Problem, problemError } from './formats/problem.js';
import type { CommandLineOptions } from './read-given.js';
import { examineConfiguration } from './resolve-settings.js';
import type { Settings } from './settings.js';

/** One broker, as a command line alone names it. */
export interface BrokerAsked {
  /** do messages come from it, or go there? The options with this in their names are its own */
  readonly side: 'incoming' | 'outgoing';
  readonly uri: string;
  /** headers of SUBSCRIBE, `destination` among them; for the incoming side */
  readonly subscribe?: Readonly<Record<string, string>>;
  /** what to log in with, each as fields of a credential; none: as the options, or the file of `config`, say */
  readonly login: readonly { readonly scheme: 'plain' | 'x509'; readonly fields: Readonly<Record<string, string>> }[];
  /** the options of the table that were given */
  readonly options: CommandLineOptions;
}

/** Of a configuration file: what is said of this side, and of every session. */
const OF_SESSIONS = /^(?:timeout-(?:broker|client|connect|disconnect|flush|server)|heart-beat|max-message-size)$/;

/**
 * The settings of a run whose one end is that broker, and whose other end is nothing. Rejects as `resolveSettings` does, and
 * with USAGE for a password on the command line: every user of the host can read that in the list of processes.
 */
export async function resolveBroker(
  { side, uri, subscribe, login, options }: BrokerAsked,
  env: Environment,
  warn: (text: string) => void,
): Promise<Settings> {
  const auth = `${side}-broker-auth`;
  const commandLine = new Map(options);
  commandLine.set(`${side}-broker-uri`, [uri]);
  commandLine.set(side === 'incoming' ? 'outgoing-queue' : 'incoming-queue', ['type=NULL']);
  if (subscribe !== undefined) commandLine.set('subscribe', [keyValues(subscribe)]);
  if (login.length > 0) {
    const given = login.map(({ scheme, fields }) => `${scheme} ${keyValues(fields)}`);
    commandLine.set(auth, [...(options.get(auth) ?? []), ...given]);
  }
  const ofFile = (name: string) => name.startsWith(`${side}-broker-`) || OF_SESSIONS.test(name);
  const { problems, settings, values } = await examineConfiguration({ commandLine, env, ofFile });
  const [first, ...others] = problems.map(toldOfUri);
  if (first !== undefined) throw problemError([first, ...others]);
  if (settings === undefined) throw new StompctlError('INTERNAL', 'configuration', '', 'no settings and no problem');
  if (options.has(auth) && values.tables(auth).some(({ pass }) => pass !== undefined)) {
    const reason = 'a password on the command line can be read by every user of this host: use pass-file or pass-env';
    throw new StompctlError('USAGE', 'option', `--${auth}`, reason);
  }
  for (const text of await exposedSecrets(values.given.values())) warn(text);
  return settings;
}

/** The URI is an operand here, and no option. */
function toldOfUri(problem: Problem): Problem {
  if (problem.origin !== COMMAND_LINE) return problem;
  return { ...problem, reason: problem.reason.replace(/^(?:incoming|outgoing)-broker-uri: /, '') };
}

function keyValues(pairs: Readonly<Record<string, string>>): string {
  return Object.entries(pairs)
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join(' ');
}
