import { fstatSync } from 'node:fs';
import type { LineStream } from './fd-stream.js';

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

/** Gives JSON lines of ours their priority, so that `journalctl -p warning` finds them. */
export function journalStream(output: LineStream): LineStream {
  return {
    write: (lines) =>
      output.write(
        lines.replace(/^\{"level":"(\w+)"/gm, (begin, level: string) => `${PRIORITIES[level] ?? ''}${begin}`),
      ),
    flush: () => output.flush(),
  };
}
