import type { BuiltTransfer } from '../app/build-transfer.js';
import { reasonOf } from '../base/errors.js';
import { SerialQueue } from '../base/serial-queue.js';
import type { Settings } from '../config/settings.js';
import type { Logger } from '../observe/logger.js';
import type { ServiceManager } from './service-manager.js';

export interface ReloadParts {
  readonly settings: Settings;
  /** reads the configuration again, as the command line named it */
  readonly read: () => Promise<Settings>;
  readonly built: BuiltTransfer;
  readonly logger: Logger;
  readonly service: Pick<ServiceManager, 'reloading' | 'reloaded'>;
}

/**
 * What HUP does: the configuration is read again, and its callback and rules take the place of the old ones between two
 * batches. A configuration that is wrong is refused, and the old one goes on. Other changes wait for a restart, and are
 * named.
 */
export function reloader({ settings, read, built, logger, service }: ReloadParts): () => void {
  const queue = new SerialQueue();
  const reload = async () => {
    service.reloading();
    const told = (text: string) => {
      service.reloaded(text);
      return text;
    };
    try {
      const fresh = await read();
      const reloaded = await built.reloadProcessor(fresh);
      const what = reloaded
        ? 'the callback and rules are those of the configuration as it is now'
        : 'nothing to reload';
      const changed = changedOptions(settings, fresh, reloaded ? ['callback', 'rewrite'] : []);
      const rest = changed.length === 0 ? '' : `; what changed besides waits for a restart: ${changed.join(', ')}`;
      logger.info('reload', told(`HUP: ${what}${rest}`));
    } catch (error) {
      logger.error('reload', told(`HUP: refused, the old configuration goes on: ${reasonOf(error)}`));
    }
  };
  return () => {
    void queue.run(reload);
  };
}

/** The settings that differ, under the names of their options, or of the block that these stand in. */
function changedOptions(one: Settings, other: Settings, taken: readonly string[]): string[] {
  const names = new Set<string>();
  const compare = (left: object, right: object, name: (key: string) => string) => {
    const before: Record<string, unknown> = { ...left };
    const after: Record<string, unknown> = { ...right };
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (!taken.includes(key) && JSON.stringify(before[key]) !== JSON.stringify(after[key])) names.add(name(key));
    }
  };
  const { timeouts, reconnect, ...rest } = one;
  const { timeouts: freshTimeouts, reconnect: freshReconnect, ...freshRest } = other;
  compare(rest, freshRest, (key) => BLOCKS[key] ?? dashed(key));
  compare(timeouts, freshTimeouts, (key) => `timeout-${dashed(key)}`);
  compare(reconnect, freshReconnect, (key) => `reconnect-${dashed(key)}`);
  return [...names];
}

/** What several options make together. */
const BLOCKS: Readonly<Record<string, string>> = { source: 'incoming', sink: 'outgoing' };

/** `maxMessageSize` is `max-message-size`, `lingerMs` `linger`. */
function dashed(key: string): string {
  return key.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
