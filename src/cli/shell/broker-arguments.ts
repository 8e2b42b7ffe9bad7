import { StompctlError } from '../../base/errors.js';
import { printable } from '../../base/printable.js';
import type { Environment } from '../../config/formats/environment.js';
import { type BrokerAsked, resolveBroker } from '../../config/resolve-broker.js';
import type { Settings } from '../../config/settings.js';
import { withConsole } from '../../observe/console-lines.js';
import { createLogger, type RunLogger } from '../../observe/pino-logger.js';
import type { CommandIo } from '../command-line/io.js';
import type { CommandDefinition, ParsedArguments } from '../command-line/option-command.js';
import { readHeaders } from '../queue/header-text.js';

/** What the commands have that talk to one broker. */
export interface BrokerArguments {
  readonly parsed: ParsedArguments;
  readonly uri: string;
  readonly destination: string;
  /** the operand behind them */
  readonly file: string | undefined;
  /** of `--header` */
  readonly header: Readonly<Record<string, string>>;
}

const LONGEST_S = 1_000_000;

/** Throws USAGE for operands that are missing or too many, and for options of a run that mean nothing here. */
export function brokerArguments(definition: CommandDefinition, parsed: ParsedArguments): BrokerArguments {
  const { name, operands: expected = '', helps = [] } = definition;
  const seeHelp = `see "stompctl ${name} --help"`;
  const [uri, destination, ...files] = parsed.operands;
  if (uri === undefined || destination === undefined || destination === '') {
    const lacks = uri === undefined ? 'say which broker' : 'say which destination';
    throw new StompctlError('USAGE', name, uri === undefined ? '' : 'URI', `${lacks}: stompctl ${name} ${expected}`);
  }
  const [file, excess] = expected.includes('FILE') ? files : [undefined, ...files];
  if (excess !== undefined) throw new StompctlError('USAGE', 'argument', excess, `is not expected here; ${seeHelp}`);
  for (const option of parsed.options.keys()) {
    if (helps.includes(option)) continue;
    throw new StompctlError('USAGE', 'option', `--${option}`, `is not for "stompctl ${name}"; ${seeHelp}`);
  }
  return { parsed, uri, destination, file, header: readHeaders(parsed.flagLists.get('header') ?? []) };
}

/** A number of seconds, in milliseconds. Throws USAGE. */
export function secondsOf({ flagValues }: ParsedArguments, flag: string, fallback: number): number {
  const text = flagValues.get(flag);
  if (text === undefined) return fallback * 1000;
  const seconds = Number(text);
  if (/^\d+(?:\.\d+)?$/.test(text) && seconds > 0 && seconds <= LONGEST_S) return Math.ceil(seconds * 1000);
  const reason = `must be a number of seconds, more than 0 and at most ${LONGEST_S}, not "${text}"`;
  throw new StompctlError('USAGE', 'option', `--${flag}`, reason);
}

/** What to log in with. Throws USAGE where a part of it is missing. */
export function loginOf({ flagValues }: ParsedArguments): BrokerAsked['login'] {
  const login: BrokerAsked['login'][number][] = [];
  const fields = (...names: readonly string[]) =>
    Object.fromEntries(names.flatMap((name) => [[name, flagValues.get(name)]].filter(isGiven)));
  const user = flagValues.get('user');
  const password = fields('pass-file', 'pass-env');
  const [first, second] = Object.keys(password);
  if (second !== undefined) throw wrongLogin(second, `excludes --${first}: keep one of them`);
  if (user === undefined && first !== undefined) throw wrongLogin(first, 'needs --user');
  if (user !== undefined && first === undefined) throw wrongLogin('user', 'needs --pass-file or --pass-env');
  if (user !== undefined) login.push({ scheme: 'plain', fields: { name: user, ...password } });
  const certificate = fields('cert', 'key', 'ca');
  if (certificate.key !== undefined && certificate.cert === undefined) throw wrongLogin('key', 'needs --cert');
  if (Object.keys(certificate).length > 0) login.push({ scheme: 'x509', fields: certificate });
  return login;
}

function isGiven(pair: readonly (string | undefined)[]): pair is [string, string] {
  return pair[1] !== undefined;
}

function wrongLogin(flag: string, reason: string): StompctlError {
  return new StompctlError('USAGE', 'option', `--${flag}`, reason);
}

/** The settings of a command, and where its log goes. Rejects as `resolveBroker`. */
export async function openBrokerCommand(
  asked: BrokerAsked,
  env: Environment,
  { err }: CommandIo,
): Promise<{ readonly settings: Settings; readonly logger: RunLogger }> {
  const warn = (text: string) => err.write(`stompctl: ${printable(text)}\n`);
  const settings = await resolveBroker(asked, env, warn);
  const { logFormat } = settings;
  const told = ['log-level', 'debug', `${asked.side}-broker-stomp-debug`].some((name) => asked.options.has(name));
  const level = told ? settings.logLevel : 'warn';
  return { settings, logger: withConsole(await createLogger({ level, format: logFormat ?? 'pretty' })) };
}
