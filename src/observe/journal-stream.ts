import { fstatSync } from 'node:fs';

/** sd-daemon(3): what the journal takes from the beginning of a line, and takes away. */
const PRIORITIES: Readonly<Record<string, string>> = {
  trace: '<7>',
  debug: '<7>',
  info: '<6>',
  warn: '<4>',
  error: '<3>',
};

/** Does this file descriptor go to the journal? systemd names the device and inode of the stream it gave us. */
export function goesToJournal(fd: number, journalStream: string | undefined): boolean {
  if (journalStream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return journalStream === `${dev}:${ino}`;
  } catch {
    // closed: nothing goes anywhere
    return false;
  }
}

/** What a line of this level begins with, so that `journalctl -p warning` finds it. */
export function journalPriority(level: unknown): string {
  return PRIORITIES[String(level)] ?? '<6>';
}
