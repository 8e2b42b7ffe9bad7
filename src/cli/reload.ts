import type { BuiltTransfer } from '../app/build.js';
import { reasonOf } from '../base/errors.js';
import type { Settings } from '../config/settings.js';
import type { Logger } from '../observe/logger.js';

export interface ReloadParts {
  readonly settings: Settings;
  /** reads the configuration again, as the command line named it */
  readonly read: () => Promise<Settings>;
  readonly built: BuiltTransfer;
  readonly logger: Logger;
}

/**
 * What HUP does: the configuration is read again, and its callback and rules take the place of the old ones between two
 * batches. A configuration that is wrong is refused, and the old one goes on. Other changes wait for a restart, and are
 * said to.
 */
export function reloader({ settings, read, built, logger }: ReloadParts): () => void {
  let running: Promise<void> = Promise.resolve();
  const reload = async () => {
    try {
      const fresh = await read();
      const reloaded = await built.reloadChecker(fresh);
      const what = reloaded
        ? 'the callback and rules are those of the configuration as it is now'
        : 'nothing to reload';
      const rest = sameButChecker(settings, fresh, reloaded) ? '' : '; other changes of it wait for a restart';
      logger.info('reload', `HUP: ${what}${rest}`);
    } catch (error) {
      logger.error('reload', `HUP: refused, the old configuration goes on: ${reasonOf(error)}`);
    }
  };
  return () => {
    running = running.then(reload);
  };
}

function sameButChecker(one: Settings, other: Settings, reloaded: boolean): boolean {
  const checked = reloaded ? { callback: undefined, rewrite: undefined } : {};
  return JSON.stringify({ ...one, ...checked }) === JSON.stringify({ ...other, ...checked });
}
