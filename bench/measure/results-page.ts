import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Figures } from './command-run.js';

const ROOT = join(import.meta.dirname, '../../..');
const RESULTS = join(ROOT, 'bench/results');
const KEPT = join(RESULTS, 'table.json');

/** What was measured of one case, in one run. */
export interface Result {
  /** path, broker, size, mode: a later result of the same case takes its place */
  readonly name: string;
  readonly messages: number;
  readonly rounds: number;
  readonly commit: string;
  readonly date: string;
  readonly machine: string;
  /** load averages before and after */
  readonly load: readonly [number, number];
  /** medians; the first is ours */
  readonly runs: readonly (Figures & { readonly runner: string })[];
}

const HEAD = `# Performance

Made by \`npm run bench -- table\`, which can be run in pieces (\`--paths\`, \`--sizes\`, \`--modes\`, \`--brokers\`); a case measured again takes the
place of the older one. In a case everybody runs in turn, in alternating order, and the medians of the rounds stand here. **Only the ratios mean
something**, and only those of one case: a machine of this kind differs by a factor of three from day to day. The last table has
the load average of a minute before and after each case. 2 to 4 is the case's own; threads that wait for the disk count in it, so that a synced case on ext4 has up to 16, and what is measured in the minutes after it begins with what is left of that.

*synced*: as by default; on /dev/shm, where nothing can be synced, nothing is. *unsynced*: \`sync = none\`. *unreliable*: \`reliable = false\`. *system calls*: bare ones, with
the same syncs and as many threads. *copied*: each element is read, written and removed. *linked*: each gets another name, as ours does where nobody looks into it. *stored*: each message is written, and comes from nowhere. *raw socket*: one that writes each frame by itself, of a body made beforehand, 1000 receipts outstanding at most, or counts what comes, and parses nothing.
*socket and system calls*: both in one process, so that it competes with the broker for the processors as ours does: each element locked, read, sent as it is and removed at its receipt; or each body that comes
stored as it is, the last of a batch acknowledged for all. Nothing is decoded, checked or counted there: it is the floor of these paths.
*python3-dirq and -stomp*: Debian's packages and thirty lines that join them, each element removed at its receipt, or acknowledged when it was added. *stompjs, no
queue*: that library alone, sending from memory, or throwing away what it has acknowledged. All are in \`bench/\`. The Python ones and stompclt, which has
JSON::XS, never sync. CPU is that of all processes of the run but the broker's, their start included (0.2 s for ours, and 0.45 s more until V8 has compiled what is hot: 65 µs of each of 10,000 messages, 32 of 20,000).
*long*: 60,000 messages, 11 µs of each, and only ours, stompclt and the floors.

/dev/shm is memory. /mnt/ext4 is ext4 with its journal, in a file on a loop device (\`mkfs.ext4 FILE\`, \`mount -o loop FILE /mnt/ext4\`). /var/tmp is the disk of
the machine itself, which had ext4 *without* a journal: there a new file costs up to 1 ms of CPU, whoever makes it, in a folder that many were just removed
from. Brokers have their data in memory. What a message's time goes into: [scaling.md](scaling.md#where-a-messages-time-goes).

| case | who | messages/s | µs of CPU a message | MB | rate, the first against it | CPU, the first against it |
| --- | --- | --- | --- | --- | --- | --- |
`;

/** Outputs that are kept beside the table: what they show, in the order of the page. */
const OUTPUTS: Readonly<Record<string, string>> = {
  latency: 'One message, dropped into an idle queue: the time until the in-process broker has it.',
  standing: 'What starts (time on the clock), and what waits at an empty queue.',
  backlog:
    'The reference sender with its Perl callback, over queues of growing length, 1 kB, in memory, to the in-process broker, which does nothing else there.',
  gc: 'Pauses of garbage collection, of all threads.',
  syncs: 'Files that must be safe, and the floor of a write-ahead journal, in bare system calls.',
  alias:
    'A sender in front of three members that fail in turn ([scaling.md](scaling.md#an-alias-with-three-members-that-fail-in-turn)).',
};

/** What was kept of the table. */
export function keptResults(): Result[] {
  return JSON.parse(readFileSync(KEPT, 'utf8')) as Result[];
}

/** Takes the place of an older result of the same case, and makes the page. */
export function keepResult(result: Result): void {
  const results = [...keptResults().filter(({ name }) => name !== result.name), result];
  writeFileSync(KEPT, `${JSON.stringify(results, null, 1)}\n`);
  writePage();
}

/** Makes docs/performance.md of all that was kept. */
export function writePage(): void {
  writeFileSync(join(ROOT, 'docs/performance.md'), resultsPage());
}

/** The page, with every result there is, by name. */
export function resultsPage(): string {
  const sorted = keptResults().sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const lines = sorted.flatMap(linesOf);
  const notes = sorted.map(({ name, messages, rounds, commit, date, machine, load }) => {
    const loads = load.map((value) => value.toFixed(1)).join(' to ');
    return `| ${name} | ${messages} × ${rounds} | ${date.slice(0, 16)} | ${commit} | ${loads} | ${machine} |\n`;
  });
  const told = '\n## When and where\n\n| case | messages × rounds | when (UTC) | commit | load | machine |\n';
  const where = `${told}| --- | --- | --- | --- | --- | --- |\n${notes.join('')}`;
  return `${HEAD}${lines.join('')}${Object.keys(OUTPUTS).map(outputOf).join('')}${where}`;
}

function outputOf(name: string): string {
  const output = readFileSync(join(RESULTS, `${name}.txt`), 'utf8');
  return `\n## ${name[0]?.toUpperCase()}${name.slice(1)}\n\n${OUTPUTS[name]}\n\n\`\`\`\n${output}\`\`\`\n`;
}

function linesOf({ name, runs }: Result): string[] {
  const [first] = runs;
  return runs.map((run, index) => {
    const cells = [
      index === 0 ? name : '',
      run.runner,
      run.perSecond.toFixed(0),
      run.cpuMicrosPerMessage.toFixed(0),
      run.peakMb === undefined || run.peakMb === 0 ? '' : run.peakMb.toFixed(0),
      first === undefined || index === 0 ? '' : ratio(first.perSecond, run.perSecond),
      first === undefined || index === 0 ? '' : ratio(first.cpuMicrosPerMessage, run.cpuMicrosPerMessage),
    ];
    return `| ${cells.join(' | ')} |\n`;
  });
}

function ratio(ours: number, theirs: number): string {
  return theirs === 0 ? '' : (ours / theirs).toFixed(2);
}
