/**
 * What a file system gives to files that must be safe: new files of 1 kB in batches of 256, synced by so many threads at once; and the
 * floor of a write-ahead journal, one append and one sync a batch, whose files are not synced. In turns, medians of three rounds.
 * Run: npm run bench -- syncs [folder, default /var/tmp] [files, default 4096]
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const BATCH = 256;
const ROUNDS = 3;
const CONTENT = Buffer.alloc(1000, 'x');
const THREADS = ['1', '4', '8', '16', '32', '64', '128'];
/** as many bytes as a batch, after which the journal is written from its beginning again */
const JOURNAL_BATCHES = 32;
const sync = promisify(fs.fdatasync);

const [place = '/var/tmp', files = '4096', way] = process.argv.slice(2);

/** The steps of a queue: written and synced under temporary names, linked, the folder synced, the temporary names removed. */
async function syncedFiles(folder: string, names: readonly string[]): Promise<void> {
  const fds = names.map((name) => created(`${name}.tmp`));
  await Promise.all(fds.map((fd) => sync(fd)));
  for (const fd of fds) fs.closeSync(fd);
  for (const name of names) fs.linkSync(`${name}.tmp`, name);
  const fd = fs.openSync(folder, 'r');
  await promisify(fs.fsync)(fd);
  fs.closeSync(fd);
  for (const name of names) fs.unlinkSync(`${name}.tmp`);
}

function created(name: string): number {
  const fd = fs.openSync(name, 'wx');
  fs.writeSync(fd, CONTENT);
  return fd;
}

/** What a journal would do before messages are acknowledged, and the files after it. */
async function journalled(journal: number, batch: number, names: readonly string[]): Promise<void> {
  const records = Buffer.alloc(names.length * CONTENT.length, 'x');
  fs.writeSync(journal, records, 0, records.length, (batch % JOURNAL_BATCHES) * records.length);
  await sync(journal);
  for (const name of names) {
    fs.closeSync(created(`${name}.tmp`));
    fs.renameSync(`${name}.tmp`, name);
  }
}

async function run(folder: string, journal: boolean): Promise<void> {
  const fd = journal ? fs.openSync(join(folder, 'journal'), 'w') : undefined;
  for (let from = 0; from < Number(files); from += BATCH) {
    const names = Array.from({ length: BATCH }, (_, index) => join(folder, String(from + index)));
    if (fd === undefined) await syncedFiles(folder, names);
    else await journalled(fd, from / BATCH, names);
  }
  if (fd !== undefined) fs.closeSync(fd);
}

interface Figure {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

/** In a process of its own, since Node's threads are as many as they were at its start. */
function measured(folder: string, threads: string, journal: boolean): Figure {
  const args = [fileURLToPath(import.meta.url), folder, files, journal ? 'journal' : 'files'];
  const env = { ...process.env, UV_THREADPOOL_SIZE: threads };
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`bench: ${stderr}`);
  return JSON.parse(stdout) as Figure;
}

function median(figures: readonly Figure[]): Figure {
  return [...figures].sort((a, b) => a.perSecond - b.perSecond)[figures.length >> 1] as Figure;
}

async function measure(): Promise<Figure> {
  const folder = fs.mkdtempSync(join(place, 'stompctl-bench-'));
  try {
    const before = process.cpuUsage();
    const startedMs = performance.now();
    await run(folder, way === 'journal');
    const ms = performance.now() - startedMs;
    const { user, system } = process.cpuUsage(before);
    return { perSecond: (Number(files) / ms) * 1000, cpuMicros: (user + system) / Number(files) };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function compare(): void {
  const ways = [...THREADS.map((threads) => ({ threads, journal: false })), { threads: '4', journal: true }];
  const figures = new Map<(typeof ways)[number], Figure[]>(ways.map((each) => [each, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const each of round % 2 === 0 ? ways : [...ways].reverse()) {
      figures.get(each)?.push(measured(place, each.threads, each.journal));
    }
  }
  for (const [{ threads, journal }, all] of figures) {
    const { perSecond, cpuMicros } = median(all);
    const name = journal ? 'a journal, files unsynced' : `files synced, ${threads} at once`;
    process.stdout.write(
      `${name.padEnd(28)}${perSecond.toFixed(0).padStart(8)}/s${cpuMicros.toFixed(0).padStart(6)} µs\n`,
    );
  }
}

if (way === undefined) compare();
else process.stdout.write(JSON.stringify(await measure()));
