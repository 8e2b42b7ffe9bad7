import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { ownIdentity } from '../../src/dirq/journal/process-identity.js';

/** A process number that no process has: Linux ends at 2^22. */
export const DEAD_PID = 4_194_304 + 7;

/** The name of the journal of a process of this host. */
export function journalName(pid: number, host = hostname()): string {
  return `stompctl.${host.replace(/[^A-Za-z0-9_-]/g, '_')}.${pid}.locks`;
}

/** The first line of a journal: this boot, this namespace, this machine, some start. */
export function journalHead(
  boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
  machine = ownIdentity().machine,
): string {
  return `${boot} 1 ${readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')} ${machine}\n`;
}
