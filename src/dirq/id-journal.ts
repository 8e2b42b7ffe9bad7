import { createHash } from 'node:crypto';

/** the folder of a queue in which its writers remember what they have stored: no implementation takes it for elements */
export const IDS_FOLDER = 'stompctl.ids';
/** `HOST.PID.ids`, or with a number when a process has several; what it stages begins with the same, up to the last dot */
export const IDS_FILE = /^([A-Za-z0-9_-]+)\.(\d{1,10})(?:\.\d{1,4})?\.ids$/;
export const STAGED_FILE = /^([A-Za-z0-9_-]+\.\d{1,10}(?:\.\d{1,4})?)-[0-9a-f]{14}\.tmp$/;
/** at the end of the first line, after who the process is: what other versions write is not read */
const VERSION = 'ids/1';

/** A message about to be published: the file under which it was staged, and that file's time then. */
export interface Intent {
  /** inside the folder of ids */
  readonly staged: string;
  /** modification time in nanoseconds; 0: it says nothing */
  readonly modifiedNs: bigint;
}

export type IdEntry =
  | { readonly kind: 'intent'; readonly id: string; readonly intent: Intent }
  | { readonly kind: 'stored'; readonly id: string };

const INTENT = /^(\+([\w-]{22}) (\d{1,20}) ([\w.-]{1,150})) ([0-9a-f]{8})$/;
const STORED = /^=([\w-]{22})$/;

/** The first line, from the line that says who the process is. */
export function headLine(identityLine: string): string {
  return `${identityLine.trimEnd()} ${VERSION}\n`;
}

/** Is this the text of a journal that this version knows? Of one whose first line is not whole nothing is known. */
export function isKnownJournal(text: string): boolean {
  return text.slice(0, Math.max(0, text.indexOf('\n'))).endsWith(` ${VERSION}`);
}

export function intentLine(id: string, { staged, modifiedNs }: Intent): string {
  const text = `+${id} ${modifiedNs} ${staged}`;
  return `${text} ${check(text)}\n`;
}

export function storedLine(id: string): string {
  return `=${id}\n`;
}

/** What whole lines say; `damaged` counts those that are none of ours, the first line not among them. */
export interface ReadEntries {
  readonly entries: IdEntry[];
  /** characters in whole lines */
  readonly length: number;
  readonly damaged: number;
}

/** A line that is none of ours says nothing: its message may come twice, and is never lost. */
export function readEntries(text: string): ReadEntries {
  const length = text.lastIndexOf('\n') + 1;
  const entries: IdEntry[] = [];
  let lines = 0;
  for (const line of text.slice(0, length).split('\n')) {
    if (line !== '' && !line.endsWith(` ${VERSION}`)) lines += 1;
    const [, stored] = STORED.exec(line) ?? [];
    if (stored !== undefined) {
      entries.push({ kind: 'stored', id: stored });
      continue;
    }
    const [, told, id, time, staged, sum] = INTENT.exec(line) ?? [];
    if (told === undefined || id === undefined || staged === undefined) continue;
    // a wrong time would make an element that was never published look like one that was taken
    if (sum === check(told)) entries.push({ kind: 'intent', id, intent: { staged, modifiedNs: BigInt(time ?? 0) } });
  }
  return { entries, length, damaged: lines - entries.length };
}

function check(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
