import type { Figures } from './command-run.js';

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
something**, and only those of one case: a machine of this kind differs by a factor of three from day to day. What a case says beside them is what
to doubt it by: a load over the number of processors was somebody else's.

*synced*: as by default. *unsynced*: \`sync = none\`. *unreliable*: \`reliable = false\`. *system calls*: those of a run that reads, writes and removes
each element (*copied*), or gives it another name, as ours does where nobody looks into it (*linked*), or of one that
stores each message and does not receive it (*stored*), with the same syncs; *raw socket*: frames made beforehand, a window of 1000 receipts, nothing parsed; both are in
\`bench/\`. python3-dirq and stompclt never sync. CPU is that of all processes of the run but the broker's, their start included.

/dev/shm is memory. /mnt/ext4 is ext4 with its journal, in a file on a loop device (\`mkfs.ext4 FILE\`, \`mount -o loop FILE /mnt/ext4\`). /var/tmp is the disk of
the machine itself, which had ext4 *without* a journal: there a new file costs up to 1 ms of CPU, whoever makes it, in a folder that many were just removed
from. Brokers have their data in memory. What a message's time goes into: [scaling.md](scaling.md#where-a-messages-time-goes).

| case | who | messages/s | µs of CPU a message | MB | rate, ours against it | CPU, ours against it |
| --- | --- | --- | --- | --- | --- | --- |
`;

/** The page, with every result there is, by name. */
export function resultsPage(results: readonly Result[]): string {
  const sorted = [...results].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const lines = sorted.flatMap(linesOf);
  const notes = sorted.map(({ name, messages, rounds, commit, date, machine, load }) => {
    const loads = load.map((value) => value.toFixed(1)).join(' to ');
    return `| ${name} | ${messages} × ${rounds} | ${date.slice(0, 16)} | ${commit} | ${loads} | ${machine} |\n`;
  });
  const told = '\n## When and where\n\n| case | messages × rounds | when (UTC) | commit | load | machine |\n';
  return `${HEAD}${lines.join('')}${told}| --- | --- | --- | --- | --- | --- |\n${notes.join('')}`;
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
