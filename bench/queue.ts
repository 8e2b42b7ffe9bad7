import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.js';
import { Message, newHeader } from '../src/message/message.js';
import { QueueSink } from '../src/sinks/queue/queue-sink.js';
import { QueueSource } from '../src/sources/queue/queue-source.js';

/**
 * What a queue costs over the bare system calls that it is made of, with the same syncs, side by side in one run.
 * `node dist/bench/queue.js [messages] [directory…]`; by default 10,000 of 1 kB, in the temporary directory (a disk) and
 * in /dev/shm (memory). Only the ratios mean something: machines are noisy.
 */
const WINDOW = 1000;
const TOGETHER = 128;
const ROUNDS = 4;
const BODY = Buffer.from('x'.repeat(1000));

interface Figure {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

async function measure(count: number, run: () => Promise<void>): Promise<Figure> {
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  await run();
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: count / seconds, cpuMicros: (user + system) / count };
}

function later(call: (fd: number, callback: (error: Error | null) => void) => void, fd: number): Promise<void> {
  return new Promise((resolve, reject) => call(fd, (error) => (error === null ? resolve() : reject(error))));
}

function nameOf(number: number): string {
  return `5f000000${number.toString(16).padStart(5, '0')}0`;
}

async function syncFolder(folder: string): Promise<void> {
  const fd = fs.openSync(folder, 'r');
  await later(fs.fsync, fd);
  fs.closeSync(fd);
}

/** The least that adding takes: the steps of a queue sink, and nothing else. */
async function plainAdd(folder: string, count: number): Promise<void> {
  const file = Buffer.from(
    JSON.stringify({ body: BODY.toString(), header: { destination: '/queue/bench' }, text: true }),
  );
  for (let from = 0; from < count; from += TOGETHER) {
    const names = Array.from({ length: Math.min(TOGETHER, count - from) }, (_, index) =>
      join(folder, nameOf(from + index)),
    );
    const fds = names.map((name) => {
      const fd = fs.openSync(`${name}.tmp`, 'wx', 0o666);
      fs.writeSync(fd, file);
      return fd;
    });
    await Promise.all(fds.map((fd) => later(fs.fdatasync, fd)));
    for (const fd of fds) fs.closeSync(fd);
    for (const name of names) fs.linkSync(`${name}.tmp`, name);
    await syncFolder(folder);
    for (const name of names) fs.unlinkSync(`${name}.tmp`);
  }
}

/** The least that taking takes. */
async function plainTake(folder: string, count: number): Promise<void> {
  const scratch = Buffer.alloc(65_536);
  for (const [index, name] of fs.readdirSync(folder).sort().entries()) {
    const path = join(folder, name);
    fs.linkSync(path, `${path}.lck`);
    fs.utimesSync(path, 1e9, 1e9);
    const fd = fs.openSync(path, 'r');
    JSON.parse(scratch.toString('latin1', 0, fs.readSync(fd, scratch, 0, scratch.length, 0)));
    fs.closeSync(fd);
    fs.unlinkSync(path);
    fs.unlinkSync(`${path}.lck`);
    if (index % WINDOW === WINDOW - 1 || index === count - 1) await syncFolder(folder);
  }
}

async function queueAdd(path: string, count: number): Promise<void> {
  const sink = new QueueSink({ path, sync: 'batch' });
  await sink.open();
  const header = newHeader({ destination: '/queue/bench' });
  let sent = 0;
  // a window full of messages under way, as a transfer keeps it
  const lane = async (): Promise<void> => {
    while (sent < count) {
      sent += 1;
      await sink.send(new Message(header, BODY, true));
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, lane));
  await sink.close();
}

async function queueTake(path: string, count: number): Promise<void> {
  const events = { rejected: () => undefined, settledInVain: () => undefined, parked: () => undefined };
  const source = new QueueSource({
    path,
    loop: false,
    remove: true,
    sync: 'batch',
    maxMessageSize: 1 << 26,
    clock: systemClock,
    events,
  });
  await source.open();
  let taken = 0;
  for (;;) {
    const result = await source.next({ deliveries: WINDOW, bytes: 1 << 25 }, new AbortController().signal);
    if (result.kind === 'end') break;
    if (result.kind !== 'batch') continue;
    for (const delivery of result.deliveries) delivery.ack();
    taken += result.deliveries.length;
  }
  await source.close();
  if (taken !== count) throw new Error(`${taken} of ${count} came back`);
}

function median(figures: readonly Figure[]): Figure {
  const sorted = [...figures].sort((a, b) => a.perSecond - b.perSecond);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]] as [Figure, Figure];
  return { perSecond: (low.perSecond + high.perSecond) / 2, cpuMicros: (low.cpuMicros + high.cpuMicros) / 2 };
}

function show(what: string, ours: Figure, floor: Figure): void {
  const columns = [
    what.padEnd(28),
    `${(ours.perSecond / 1000).toFixed(1)} k/s`.padStart(10),
    `${ours.cpuMicros.toFixed(0)} µs CPU`.padStart(11),
    `floor ${(floor.perSecond / 1000).toFixed(1)} k/s`.padStart(16),
    `${floor.cpuMicros.toFixed(0)} µs CPU`.padStart(11),
    `ratio ${(ours.perSecond / floor.perSecond).toFixed(2)}`.padStart(12),
  ];
  process.stdout.write(`${columns.join('')}\n`);
}

async function bench(parent: string, count: number): Promise<void> {
  const figures: Record<'add' | 'take' | 'plainAdd' | 'plainTake', Figure[]> = {
    add: [],
    take: [],
    plainAdd: [],
    plainTake: [],
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const root = fs.mkdtempSync(join(parent, 'stompctl-bench-'));
    const plain = join(root, 'plain');
    fs.mkdirSync(plain);
    const queue = join(root, 'queue');
    const steps = [
      async () => figures.plainAdd.push(await measure(count, () => plainAdd(plain, count))),
      async () => figures.add.push(await measure(count, () => queueAdd(queue, count))),
      async () => figures.plainTake.push(await measure(count, () => plainTake(plain, count))),
      async () => figures.take.push(await measure(count, () => queueTake(queue, count))),
    ];
    // whoever comes second pays for what the first left to the disk: take turns
    for (const index of round % 2 === 0 ? [0, 1, 2, 3] : [1, 0, 3, 2]) await steps[index]?.();
    fs.rmSync(root, { recursive: true });
  }
  show(`add, synced, ${parent}`, median(figures.add), median(figures.plainAdd));
  show(`take and remove, ${parent}`, median(figures.take), median(figures.plainTake));
}

const [count = '10000', ...directories] = process.argv.slice(2);
for (const directory of directories.length > 0 ? directories : [tmpdir(), '/dev/shm'])
  await bench(directory, Number(count));
