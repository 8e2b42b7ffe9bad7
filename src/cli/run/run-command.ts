import { existsSync } from 'node:fs';
import { type BuiltTransfer, buildTransfer } from '../../app/build-transfer.js';
import { systemClock } from '../../base/clock.js';
import { StompctlError, unreachable } from '../../base/errors.js';
import { printableLines } from '../../base/printable.js';
import type { Environment } from '../../config/formats/environment.js';
import type { RunConfiguration } from '../../config/reload-plan.js';
import type { QueueSettings, Settings } from '../../config/settings.js';
import { daemonize, isDaemonChild, reportStarted } from '../../daemon/detach.js';
import type { Pidfile } from '../../daemon/pidfile.js';
import { Pulse } from '../../daemon/pulse.js';
import type { StatusFile } from '../../daemon/status-file.js';
import type { Monitor } from '../../metrics/monitor.js';
import { maskText } from '../../observe/mask.js';
import { createLogger, type RunLogger } from '../../observe/pino-logger.js';
import { statisticsLines } from '../../transfer/statistics.js';
import type { TransferOutcome } from '../../transfer/transfer.js';
import { type HealthFacts, liveText, verdictOf } from '../../transfer/verdict.js';
import { EXIT_CODES, exitCodeOf } from '../command-line/exit-codes.js';
import { type CommandIo, drained } from '../command-line/io.js';
import { type Progress, startLiveLine, startProgress } from '../command-line/progress.js';
import { systemFault } from '../command-line/system-fault.js';
import { acquirePidfile } from './acquire-pidfile.js';
import { monitorRun, openMonitor } from './open-monitor.js';
import { statusFileOf, statusPayload } from './published-status.js';
import { logFormatOf, Reloader } from './reload.js';
import { type ServiceManager, serviceManager } from './service-manager.js';

export interface RunContext {
  readonly io: CommandIo;
  readonly env: Environment;
  /** what the configuration deserves to be warned about at start */
  readonly warnings: readonly string[];
  readonly start: RunConfiguration;
  /** reads the configuration again */
  readonly read: (warn: (text: string) => void) => Promise<RunConfiguration>;
}

/** Publishes the verdict each second, and tells the service manager the same one. */
type Publish = (
  health: () => HealthFacts,
  payload: (facts: HealthFacts) => Readonly<Record<string, unknown>>,
) => Pulse<HealthFacts>;

const PUBLISH_MS = 1000;

/** Runs one transfer; resolves to the exit code. What goes wrong from here on is logged. */
export async function run(settings: Settings, context: RunContext): Promise<number> {
  const { io, env } = context;
  if (settings.daemon && !isDaemonChild()) {
    return daemonize({ argv: process.argv.slice(1), out: io.out, err: io.err, signals: io.signals });
  }
  const format = logFormatOf(settings);
  const logger = await createLogger({ level: settings.logLevel, format });
  let pidfile: Pidfile | undefined;
  // a second stop signal exits at once, and then nothing after an await runs any more
  let statusFile: StatusFile | undefined;
  let pulse: Pulse<HealthFacts> | undefined;
  let monitor: Monitor | undefined;
  const service = serviceManager(env, logger);
  const releaseAtExit = () => {
    pulse?.stop();
    statusFile?.remove();
    pidfile?.release();
  };
  process.on('exit', releaseAtExit);
  let code: number = EXIT_CODES.internal;
  try {
    for (const text of context.warnings) logger.warn('configuration', text);
    const acquired = await acquirePidfile(settings, logger);
    if (acquired === 'overlap') {
      await service.end('another run is at it', true);
      return EXIT_CODES.ok;
    }
    pidfile = acquired;
    const publish: Publish = (health, payload) => {
      const file = settings.pidfile === undefined ? undefined : statusFileOf(settings.pidfile, logger);
      statusFile = file;
      const tell = [(facts: HealthFacts) => file?.publish(payload(facts)), (facts: HealthFacts) => service.look(facts)];
      pulse = new Pulse({ clock: systemClock, look: health, stateOf: (facts) => verdictOf(facts).state, tell });
      pulse.start(Math.min(PUBLISH_MS, service.periodMs ?? PUBLISH_MS));
      return pulse;
    };
    monitor = await openMonitor(settings, logger);
    code = await runTransfer(settings, context, { logger, pidfile, publish, service, monitor });
    await service.end(`ended with exit code ${code}`, code === EXIT_CODES.ok);
  } catch (error) {
    const known = error instanceof StompctlError;
    const internal = () => `internal error: ${error instanceof Error ? error.stack : String(error)}`;
    const text = known ? error.message : (systemFault(error)?.text ?? internal());
    logger.error('failed', text, { code: known ? error.code : 'INTERNAL' });
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

interface RunParts {
  readonly logger: RunLogger;
  readonly pidfile: Pidfile | undefined;
  readonly publish: Publish;
  readonly service: ServiceManager;
  readonly monitor: Monitor | undefined;
}

async function runTransfer(settings: Settings, context: RunContext, parts: RunParts): Promise<number> {
  const { io, env } = context;
  const { logger, pidfile, publish, service, monitor } = parts;
  const print = (printed: string | Uint8Array) => drained(io.out, printed);
  const built = await buildTransfer(settings, { clock: systemClock, logger, env, print });
  const { transfer, sourceName, sinkName } = built;
  const { start, read } = context;
  const reloader = new Reloader({ start, read, built, logger, service, changed: () => pulse.beat() });
  const pulse = publish(
    () => ({ ...built.health(), reloadRefused: reloader.refused }),
    (facts) => ({ ...statusPayload(facts), reload: reloader.state }),
  );
  const health = () => pulse.now();
  const pending = () => reloader.state.pending ?? [];
  await monitorRun(monitor, { statistics: built.statistics, health, running: () => reloader.running, pending });
  const unwatch = pidfile?.watch({
    onQuit: () => {
      transfer.stop('quit');
      pulse.beat();
    },
    onLost: (error) => transfer.fail(error),
  });
  attachSignals({ ...built, health }, io, logger, () => pulse.beat());
  io.signals.onReload(() => reloader.ask());
  logger.info('start', `moving messages from ${sourceName} to ${sinkName}`, {
    source: sourceName,
    sink: sinkName,
    reliable: settings.reliable,
    window: settings.window,
  });
  reportStarted();
  const progress = await showProgress(settings, built, health);
  let outcome: TransferOutcome;
  try {
    outcome = await transfer.run();
  } finally {
    progress?.stop();
    unwatch?.();
    await built.close();
  }
  return tellOutcome(outcome, built, io, logger);
}

function attachSignals(
  built: Pick<BuiltTransfer, 'transfer' | 'statistics' | 'waiting' | 'health'>,
  { signals }: CommandIo,
  logger: RunLogger,
  changed: () => void,
): void {
  const { transfer, statistics, waiting, health } = built;
  signals.onStop((signal) => {
    logger.info('stopping', `${signal}: settling ${transfer.inFlight} messages in flight; again to stop at once`);
    transfer.stop('signal');
    changed();
  });
  signals.onDebug(() => logger.toggleDebug());
  signals.onReport(() => {
    const waits = waiting();
    const text = waits.length === 0 ? '' : `; waiting for: ${waits.join('; ')}`;
    const { state, reason, counted: _, ...facts } = statusPayload(health());
    logger.info('state', `${state}: ${reason}; ${transfer.inFlight} messages in flight${text}`, {
      state,
      reason,
      ...facts,
      inFlight: transfer.inFlight,
      waiting: waits,
      ...statistics.snapshot(),
    });
  });
}

/** On a terminal: a bar for a run whose end is known, for others a line. */
async function showProgress(
  settings: Settings,
  { statistics }: BuiltTransfer,
  health: () => HealthFacts,
): Promise<Progress | undefined> {
  if (!process.stderr.isTTY) return undefined;
  const total = settings.count ?? (await elementsToMove(settings));
  if (total === undefined) return startLiveLine(process.stderr, () => maskText(liveText(health())));
  const done = () => {
    const { sent, dropped, rejected } = statistics.snapshot();
    return sent + dropped + rejected;
  };
  return startProgress({ total, done, label: 'messages', stream: process.stderr });
}

async function elementsToMove({ source, loop }: Settings): Promise<number | undefined> {
  switch (source.kind) {
    case 'queue':
      return loop ? undefined : elementsOf(source.queue);
    case 'folder':
    case 'command':
    case 'broker':
      return undefined;
    default:
      return unreachable(source);
  }
}

async function elementsOf({ path, type, umask }: QueueSettings): Promise<number | undefined> {
  if (type === 'NULL') return undefined;
  // counting would make the folder, and so hide that it is missing
  if (!existsSync(path)) return undefined;
  if (type === 'DQS') return new (await import('../../dirq/simple-queue.js')).SimpleQueue({ path, umask }).count();
  return new (await import('../../dirq/normal-queue.js')).NormalQueue({ path, umask }).count();
}

function tellOutcome(
  { reason, failure, released }: TransferOutcome,
  { statistics, settings }: BuiltTransfer,
  io: CommandIo,
  logger: RunLogger,
): number {
  const counted = statistics.snapshot();
  if (failure !== undefined) logger.error('failed', failure.message, { code: failure.code });
  logger.info('end', `moved ${counted.sent} of ${counted.received} messages (${reason})`, { reason, ...counted });
  if (settings.statistics) for (const line of statisticsLines(counted)) io.out.write(`${line}\n`);
  if (failure !== undefined) return failure.exitCode;
  if (reason === 'signal' || reason === 'quit') return EXIT_CODES.ok;
  return counted.rejected > 0 || released > 0 ? EXIT_CODES.someMessagesLeft : EXIT_CODES.ok;
}
