import type { OptionRow } from './option.js';

/** What amqpclt has and nothing here needs: its configurations are read as they are, and a note says so. */
export const AMQPCLT_ONLY = [
  'incoming-broker-module',
  'outgoing-broker-module',
  'log',
  'logfile',
  'loglevel',
] as const satisfies readonly string[];

const INSTEAD: Readonly<Record<(typeof AMQPCLT_ONLY)[number], string>> = {
  'incoming-broker-module': 'there is one module for AMQP',
  'outgoing-broker-module': 'there is one module for AMQP',
  log: 'see log-format',
  logfile: 'logs go to standard error, or to syslog with log-format = syslog',
  loglevel: 'see log-level',
};

/** Why an option of amqpclt does nothing. */
export function insteadOf(name: (typeof AMQPCLT_ONLY)[number]): string {
  return INSTEAD[name];
}

export const AMQPCLT_OPTIONS: readonly OptionRow[] = AMQPCLT_ONLY.map((name) => ({
  name,
  kind: 'text',
  value: 'TEXT',
  group: 'help',
  reload: 'in-place',
  added: true,
  doc: `Of amqpclt: accepted and ignored, with a note (${INSTEAD[name]}).`,
}));
