import { type MessagePath, openMessagePath } from '../app/message-path.js';
import { systemClock } from '../base/clock.js';
import type { Environment } from '../config/formats/environment.js';
import { resolveSettings } from '../config/resolve-settings.js';
import { createLogger } from '../observe/pino-logger.js';
import { type CommandIo, drained } from './command-line/io.js';

/** The way that a configuration has for messages, for `queue retry --through`. What goes wrong with it is logged as by a run. */
export async function openConfiguredPath(config: string, env: Environment, io: CommandIo): Promise<MessagePath> {
  const settings = await resolveSettings({ commandLine: new Map([['config', [config]]]), env });
  const format = settings.logFormat === 'syslog' ? undefined : settings.logFormat;
  const logger = await createLogger({ level: settings.logLevel, format });
  const print = (printed: string | Uint8Array) => drained(io.out, printed);
  const path = await openMessagePath(settings, { clock: systemClock, logger, env, print });
  return {
    carry: (message) => path.carry(message),
    async close() {
      await path.close();
      await logger.flush();
    },
  };
}
