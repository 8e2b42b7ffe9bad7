import { StompctlError } from '../base/errors.js';
import { EXIT_CODES } from './command-line/exit-codes.js';
import type { CommandIo } from './command-line/io.js';
import type { ParsedArguments } from './command-line/option-command.js';

/** Where brokers are looked for. */
const STOMP_PORT = 61613;

/** What it says it is, with each `--dialect`. */
const SERVERS: ReadonlyMap<string, string> = new Map([
  ['rabbitmq', 'RabbitMQ/3.10.8'],
  ['activemq', 'ActiveMQ/5.17.2'],
  ['artemis', 'ActiveMQ-Artemis/2.20.0'],
]);

const WARNING =
  'for tests and demonstrations, not for production: only this host can connect, anybody may log in, and messages live in memory ' +
  'and are gone when it ends';

/** `stompctl broker`: the in-process broker as a process, until it is stopped; resolves to the exit code. */
export async function broker({ flagValues, options }: ParsedArguments, io: CommandIo): Promise<number> {
  const [option] = options.keys();
  if (option !== undefined) {
    throw new StompctlError(
      'USAGE',
      'option',
      `--${option}`,
      'is not for "stompctl broker"; see "stompctl broker --help"',
    );
  }
  const port = portOf(flagValues.get('port'));
  const server = serverOf(flagValues.get('dialect'));
  const { InProcessBroker } = await import('../broker/in-process-broker.js');
  const running = await InProcessBroker.start({ port, ...(server !== undefined && { server }) });
  const stopped = new Promise<void>((resolve) => io.signals.onStop(() => resolve()));
  io.err.write(`stompctl: ${WARNING}\n`);
  io.out.write(`listening at ${running.uri}${server === undefined ? '' : `, like ${server}`}\n`);
  // a promise alone keeps no process alive; its port does
  await stopped;
  await running.stop();
  return EXIT_CODES.ok;
}

function portOf(text: string | undefined): number {
  if (text === undefined) return STOMP_PORT;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new StompctlError(
    'USAGE',
    'option',
    '--port',
    `must be a number from 0 (any free port) to 65535, not "${text}"`,
  );
}

function serverOf(dialect: string | undefined): string | undefined {
  if (dialect === undefined) return undefined;
  const server = SERVERS.get(dialect);
  if (server !== undefined) return server;
  const known = [...SERVERS.keys()].join(', ');
  throw new StompctlError('USAGE', 'option', '--dialect', `must be one of ${known}, not "${dialect}"`);
}
