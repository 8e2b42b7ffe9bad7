import { systemClock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import type { Settings } from '../../config/settings.js';
import { Pidfile } from '../../daemon/pidfile.js';
import type { Logger } from '../../observe/logger.js';
import { instanceStatus } from '../instances/instance-status.js';

/**
 * The pidfile of the run, if it is to have one. `overlap`: another run has it, and that is no trouble (`on-overlap = quiet`).
 * Rejects as `Pidfile.acquire`; with ALREADY_RUNNING also where the other one is stuck, which must not stay unseen.
 */
export async function acquirePidfile(
  { pidfile: path, onOverlap }: Settings,
  logger: Logger,
): Promise<Pidfile | 'overlap' | undefined> {
  if (path === undefined) return undefined;
  const onTakenOver = (pid: number | undefined) =>
    logger.warn('pidfile-taken-over', `took over the pidfile ${path} of a dead process`, { deadPid: pid });
  try {
    return await Pidfile.acquire(path, { clock: systemClock, onTakenOver });
  } catch (error) {
    if (onOverlap !== 'quiet' || !(error instanceof StompctlError) || error.code !== 'ALREADY_RUNNING') throw error;
    const { pid, verdict } = await instanceStatus(path, 0);
    if (verdict?.state === 'stuck') {
      const reason = `pid ${pid} still runs, and is stuck: ${verdict.reason}`;
      throw new StompctlError('ALREADY_RUNNING', 'pidfile', path, reason, error);
    }
    logger.debug('overlap', `nothing is done: ${error.message}`, { pid });
    return 'overlap';
  }
}
