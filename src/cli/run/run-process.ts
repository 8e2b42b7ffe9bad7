import { StompctlError } from '../../base/errors.js';
import { printableLines } from '../../base/printable.js';
import type { Environment } from '../../config/formats/environment.js';
import type { ProcessSettings } from '../../config/settings.js';
import { daemonize, isDaemonChild } from '../../daemon/detach.js';
import type { Monitor } from '../../metrics/monitor.js';
import { withConsole } from '../../observe/console-lines.js';
import { maskText } from '../../observe/mask.js';
import { createLogger, type RunLogger } from '../../observe/pino-logger.js';
import { EXIT_CODES, exitCodeOf } from '../command-line/exit-codes.js';
import type { CommandIo } from '../command-line/io.js';
import { systemFault } from '../command-line/system-fault.js';
import { openMonitor } from './open-monitor.js';
import { Presence } from './presence.js';
import { logFormatOf } from './reload.js';
import { type ServiceManager, serviceManager } from './service-manager.js';

export interface ProcessContext {
  readonly io: CommandIo;
  readonly env: Environment;
  /** what the configuration deserves to be warned about at start */
  readonly warnings: readonly string[];
}

/** What a process that runs transfers has besides them. */
export interface ProcessParts {
  readonly logger: RunLogger;
  readonly presence: Presence;
  readonly service: ServiceManager;
  readonly monitor: Monitor | undefined;
  /** what is to be taken away when the process ends, however: a second stop signal exits at once, and then nothing after an await runs any more */
  readonly atExit: Set<Pick<Presence, 'release'>>;
}

/** What is told of an error that ends a transfer or the process: for a log that masks secrets. */
export function failureText(error: unknown): { readonly text: string; readonly code: string } {
  const known = error instanceof StompctlError;
  const internal = () => `internal error: ${error instanceof Error ? error.stack : String(error)}`;
  const text = known ? error.message : (systemFault(error)?.text ?? internal());
  return { text, code: known ? error.code : 'INTERNAL' };
}

/** Gives `body`, which runs one transfer or `several`, what a process has around its transfers, and takes it away after; resolves to the exit code. What goes wrong is logged. */
export async function runProcess(
  settings: ProcessSettings,
  { io, env, warnings }: ProcessContext,
  several: boolean,
  body: (parts: ProcessParts) => Promise<number>,
): Promise<number> {
  if (settings.daemon && !isDaemonChild()) {
    return daemonize({ argv: process.argv.slice(1), out: io.out, err: io.err, signals: io.signals });
  }
  const format = logFormatOf(settings);
  const logger = withConsole(await createLogger({ level: settings.logLevel, format }));
  const atExit: ProcessParts['atExit'] = new Set();
  let monitor: Monitor | undefined;
  const service = serviceManager(env, logger);
  const releaseAtExit = () => {
    for (const presence of atExit) presence.release();
  };
  process.on('exit', releaseAtExit);
  let code: number = EXIT_CODES.internal;
  try {
    for (const text of warnings) logger.warn('configuration', text);
    const presence = await Presence.take(settings, logger);
    if (presence === 'overlap') {
      await service.end('another run is at it', true);
      return EXIT_CODES.ok;
    }
    atExit.add(presence);
    monitor = await openMonitor(settings, logger, several);
    code = await body({ logger, presence, service, monitor, atExit });
    await service.end(`ended with exit code ${code}`, code === EXIT_CODES.ok);
  } catch (error) {
    const { text, code: errorCode } = failureText(error);
    logger.error('failed', text, { code: errorCode });
    await service.end(text, false);
    // a terminal or a cron mail shows the log; a daemon's parent only what stands on standard error
    if (format === 'syslog') io.err.write(printableLines(`stompctl: ${maskText(text)}\n`));
    code = exitCodeOf(error);
  } finally {
    await monitor?.end(code);
    releaseAtExit();
    process.off('exit', releaseAtExit);
    await logger.flush();
  }
  return code;
}
