import { existsSync } from 'node:fs';
import { unreachable } from '../../base/errors.js';
import type { RunConfiguration } from '../../config/reload-plan.js';
import type { QueueSettings, Settings } from '../../config/settings.js';
import { reportStarted } from '../../daemon/detach.js';
import { maskText } from '../../observe/mask.js';
import { liveText } from '../../transfer/verdict.js';
import { type Progress, startLiveLine, startProgress } from '../command-line/progress.js';
import { boundStop } from './bound-stop.js';
import { monitorRun } from './open-monitor.js';
import { configureLog } from './reload.js';
import { type ProcessContext, type ProcessParts, runProcess } from './run-process.js';
import { TransferRun } from './transfer-run.js';

export interface RunContext extends ProcessContext {
  readonly start: RunConfiguration;
  /** reads the configuration again */
  readonly read: (warn: (text: string) => void) => Promise<RunConfiguration>;
}

/** Runs one transfer; resolves to the exit code. What goes wrong from here on is logged. */
export function run(settings: Settings, context: RunContext): Promise<number> {
  return runProcess(settings, context, false, (parts) => runTransfer(settings, context, parts));
}

async function runTransfer(settings: Settings, context: RunContext, parts: ProcessParts): Promise<number> {
  const { io, env, start, read } = context;
  const { logger, presence, service, monitor } = parts;
  let built: TransferRun | undefined;
  boundStop({
    ...{ signals: io.signals, logger },
    lingerMs: () => (built?.running.settings ?? settings).timeouts.lingerMs,
    waiting: () => built?.waiting() ?? [],
  });
  const transfer = await TransferRun.build({
    ...{ start, read, io, env, logger, presence, service },
    configureLog: (fresh) => configureLog(logger, settings.daemon, fresh),
  });
  built = transfer;
  await monitorRun(monitor, transfer.shown);
  io.signals.onStop((signal) => {
    logger.info('stopping', `${signal}: settling ${transfer.inFlight} messages in flight; again to stop at once`);
    transfer.stop('signal');
  });
  io.signals.onDebug(() => logger.toggleDebug());
  io.signals.onReport(() => transfer.report());
  io.signals.onReload(() => void transfer.reload());
  reportStarted();
  const progress = await showProgress(settings, transfer);
  return (await transfer.run(() => progress?.stop())).code;
}

/** On a terminal: a bar for a run whose end is known, for others a line. */
async function showProgress(settings: Settings, transfer: TransferRun): Promise<Progress | undefined> {
  if (!process.stderr.isTTY) return undefined;
  const total = settings.count ?? (await elementsToMove(settings));
  if (total === undefined) return startLiveLine(process.stderr, () => maskText(liveText(transfer.look())));
  const done = () => {
    const { sent, dropped, rejected } = transfer.counted;
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
    case 'merged':
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
