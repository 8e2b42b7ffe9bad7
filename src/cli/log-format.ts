import type { Settings } from '../config/settings.js';

/** The form of log lines; undefined: as standard error calls for. */
export function logFormatOf({ logFormat, daemon }: Pick<Settings, 'logFormat' | 'daemon'>): Settings['logFormat'] {
  return logFormat ?? (daemon ? 'syslog' : undefined);
}
