import { systemClock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import type { ProcessSettings } from '../../config/settings.js';
import { Pidfile, type WatchHandlers } from '../../daemon/pidfile.js';
import { Pulse } from '../../daemon/pulse.js';
import { StatusFile } from '../../daemon/status-file.js';
import type { Logger } from '../../observe/logger.js';
import { instanceStatus } from '../instances/instance-status.js';

/** What is published of whom, each second. */
export interface Published<Look> {
  readonly look: () => Look;
  /** one word */
  readonly stateOf: (look: Look) => string;
  readonly payload: (look: Look) => Readonly<Record<string, unknown>>;
  /** told the same look, after the status file */
  readonly tell?: (look: Look) => void;
  /** how often somebody wants to be told at least */
  readonly periodMs?: number | undefined;
}

const PUBLISH_MS = 1000;

/** How others on this host find a run, or one of its transfers: the pidfile, and beside it what is published. */
export class Presence {
  readonly #pidfile: Pidfile | undefined;
  readonly #logger: Logger;
  #statusFile: StatusFile | undefined;
  #pulse: Pick<Pulse<never>, 'stop'> | undefined;

  private constructor(pidfile: Pidfile | undefined, logger: Logger) {
    this.#pidfile = pidfile;
    this.#logger = logger;
  }

  /**
   * With the pidfile, if there is to be one. `overlap`: another run has it, and that is no trouble (`on-overlap = quiet`).
   * Rejects as `Pidfile.acquire`; with ALREADY_RUNNING also where the other one is stuck, which must not stay unseen.
   */
  static async take(
    { pidfile: path, onOverlap }: Pick<ProcessSettings, 'pidfile' | 'onOverlap'>,
    logger: Logger,
  ): Promise<Presence | 'overlap'> {
    if (path === undefined) return new Presence(undefined, logger);
    const onTakenOver = (pid: number | undefined) =>
      logger.warn('pidfile-taken-over', `took over the pidfile ${path} of a dead process`, { deadPid: pid });
    try {
      return new Presence(await Pidfile.acquire(path, { clock: systemClock, onTakenOver }), logger);
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

  /** Publishes now, and each second from now on. */
  publish<Look>({ look, stateOf, payload, tell, periodMs = PUBLISH_MS }: Published<Look>): Pulse<Look> {
    const file = this.#pidfile && this.#statusFileOf(this.#pidfile.path);
    this.#statusFile = file;
    const told = [(found: Look) => file?.publish(payload(found)), (found: Look) => tell?.(found)];
    const pulse = new Pulse<Look>({ clock: systemClock, look, stateOf, tell: told });
    this.#pulse = pulse;
    pulse.start(Math.min(PUBLISH_MS, periodMs));
    return pulse;
  }

  /** See `Pidfile.watch`. */
  watch(handlers: WatchHandlers): () => void {
    return this.#pidfile?.watch(handlers) ?? (() => undefined);
  }

  /** Takes everything away. Synchronous, so that an `exit` listener may call it. */
  release(): void {
    this.#pulse?.stop();
    this.#statusFile?.remove();
    this.#pidfile?.release();
  }

  #statusFileOf(pidfile: string): StatusFile {
    return new StatusFile(pidfile, systemClock, ({ message, code }) => {
      this.#logger.warn('status-unwritable', message, { code });
    });
  }
}
