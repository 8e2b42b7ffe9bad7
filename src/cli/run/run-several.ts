import { systemClock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import { withDeadline } from '../../base/wait.js';
import { commandLineOf } from '../../config/process-options.js';
import type { CommandLineOptions } from '../../config/read-given.js';
import { resolveConfiguration } from '../../config/resolve-settings.js';
import type { ProcessSettings } from '../../config/settings.js';
import { reportStarted } from '../../daemon/detach.js';
import { maskText } from '../../observe/mask.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import { type Progress, startLiveLine } from '../command-line/progress.js';
import { boundStop } from './bound-stop.js';
import { Claims } from './claims.js';
import { monitorSeveral } from './open-monitor.js';
import { type ProcessLook, processPayload, processServiceLook, processVerdict } from './process-look.js';
import { type ProcessContext, type ProcessParts, runProcess } from './run-process.js';
import { SeveralTransfers } from './several-transfers.js';
import { type TransferPlace, transferFiles } from './transfer-files.js';

export interface SeveralContext extends ProcessContext {
  readonly place: TransferPlace;
  readonly commandLine: CommandLineOptions;
}

/** A file system that does not answer keeps one transfer from starting, not the others. */
const READ_MS = 10_000;

/** Runs the transfers of several configurations; resolves to the exit code when all have ended. What goes wrong from here on is logged. */
export function runSeveral(settings: ProcessSettings, context: SeveralContext): Promise<number> {
  return runProcess(settings, context, true, (parts) => runTransfers(settings, context, parts));
}

async function runTransfers(settings: ProcessSettings, context: SeveralContext, parts: ProcessParts): Promise<number> {
  const { io, env, place } = context;
  const { logger, presence, service, monitor, atExit } = parts;
  const files = () => transferFiles(place);
  const first = files();
  if (first.length === 0 && place.kind === 'folder') {
    const reason = 'holds no configuration (*.conf, *.yaml, *.yml): put one there, for each transfer';
    throw new StompctlError('CONFIG_NOT_FOUND', 'folder', place.path, reason);
  }
  const transfers = new SeveralTransfers({
    ...{ io, env, logger, atExit, service, files },
    claims: new Claims(settings.pidfile),
    read: reader(context),
    changed: () => pulse.beat(),
  });
  const { signals } = io;
  boundStop({ signals, logger, lingerMs: () => transfers.lingerMs, waiting: () => transfers.waiting() });
  const pulse = presence.publish<ProcessLook>({
    look: () => transfers.look(),
    stateOf: (look) => processVerdict(look).state,
    payload: (look) => ({ ...processPayload(look), reload: transfers.reloadState }),
    tell: (look) => service.look(processServiceLook(look)),
    periodMs: service.periodMs,
  });
  let lost: StompctlError | undefined;
  const unwatch = presence.watch({
    onQuit: () => transfers.stop('quit'),
    onLost: (error) => {
      lost = error;
      logger.error('failed', error.message, { code: error.code });
      transfers.stop('quit');
    },
  });
  signals.onStop((signal) => {
    logger.info('stopping', `${signal}: settling ${transfers.inFlight} messages in flight; again to stop at once`);
    transfers.stop('signal');
  });
  signals.onDebug(() => logger.toggleDebug());
  signals.onReport(() => {
    const { state, reason } = processVerdict(transfers.look());
    logger.info('state', `${state}: ${reason}`, { state, reason });
    transfers.report();
  });
  await monitorSeveral(
    monitor,
    () => pulse.now(),
    (transfer) => transfers.shown(transfer),
  );
  await transfers.start(first);
  signals.onReload(() => void transfers.reload());
  reportStarted();
  const progress = showProgress(() => pulse.now());
  const code = await transfers.over();
  progress?.stop();
  unwatch();
  return tellEnd(logger, transfers, lost?.exitCode ?? code);
}

function tellEnd(logger: ProcessParts['logger'], transfers: SeveralTransfers, code: number): number {
  const { reason } = processVerdict(transfers.look());
  const text = `all transfers have ended, with exit code ${code}: ${reason}`;
  if (code === EXIT_CODES.ok) logger.info('end', text, { code });
  else logger.warn('end', text, { code });
  return code;
}

function reader({ commandLine, env, place }: SeveralContext) {
  return (file: string, again: boolean, warn: (text: string) => void) => {
    const input = { commandLine: commandLineOf(file, commandLine), env, again: again || place.kind === 'folder' };
    return withDeadline(systemClock, READ_MS, resolveConfiguration(input, warn), () => {
      const reason = `was not read within ${READ_MS / 1000} s: does its file system answer?`;
      throw new StompctlError('CONFIG_UNREADABLE', 'configuration', file, reason);
    });
  };
}

function showProgress(look: () => ProcessLook): Progress | undefined {
  if (!process.stderr.isTTY) return undefined;
  return startLiveLine(process.stderr, () => {
    const { state, reason } = processVerdict(look());
    return maskText(`${state}: ${reason}`);
  });
}
