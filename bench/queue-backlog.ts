import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../src/base/clock.js';
import { Message, newHeader } from '../src/message/message.js';
import { QueueSink } from '../src/sinks/queue/queue-sink.js';
import { QueueSource } from '../src/sources/queue/queue-source.js';

/**
 * What a backlog costs: time to the first message, cost of taking and of adding one, and memory, each case in a process of
 * its own. `node dist/bench/queue-backlog.js [directory]`, by default /dev/shm; a million elements need 5 GB there.
 */
const CASES = [
  { elements: 10_000, each: 10_000 },
  { elements: 10_000, each: 1000 },
  { elements: 1_000_000, each: 1_000_000 },
  { elements: 1_000_000, each: 2000 },
] as const;
const TAKEN = 10_000;
const WINDOW = 1000;
const NEVER = new AbortController().signal;
const FIRST_SECOND = 0x5f000000;

function fill(path: string, elements: number, each: number): void {
  const file = Buffer.from(JSON.stringify({ body: 'x'.repeat(1000), header: { destination: '/queue/bench' } }));
  for (let number = 0; number < elements; number += 1) {
    const second = (FIRST_SECOND + Math.floor(number / each) * 60).toString(16);
    if (number % each === 0) fs.mkdirSync(join(path, second), { recursive: true });
    const fd = fs.openSync(join(path, second, `${second}${(number % each).toString(16).padStart(5, '0')}0`), 'w');
    fs.writeSync(fd, file);
    fs.closeSync(fd);
  }
}

async function measure(path: string, elements: number, each: number): Promise<string> {
  let purged = false;
  const purging = (): void => {
    purged = true;
  };
  const events = {
    rejected: () => undefined,
    settledInVain: () => undefined,
    parked: () => undefined,
    purged: purging,
  };
  const source = new QueueSource({
    path,
    loop: true,
    remove: true,
    sync: 'batch',
    window: WINDOW,
    maxMessageSize: 1 << 26,
    clock: systemClock,
    events,
  });
  const startedMs = performance.now();
  await source.open();
  let firstMs: number | undefined;
  // not resourceUsage().maxRSS: that begins with the parent's
  let mostMb = 0;
  const take = async (count: number): Promise<number> => {
    let taken = 0;
    while (taken < count) {
      const result = await source.next({ deliveries: Math.min(WINDOW, count - taken), bytes: 1 << 25 }, NEVER);
      if (result.kind !== 'batch') continue;
      firstMs ??= performance.now() - startedMs;
      for (const delivery of result.deliveries) delivery.ack();
      taken += result.deliveries.length;
      mostMb = Math.max(mostMb, process.memoryUsage.rss() / 1e6);
    }
    return taken;
  };
  // the first thousands pay for compiling and for the purge at the start
  for (let taken = 0; taken < 5000 || (!purged && taken < elements / 2); ) taken += await take(1000);
  let cpu = process.cpuUsage();
  const takingMs = performance.now();
  await take(TAKEN);
  await source.settle();
  const used = process.cpuUsage(cpu);
  const perMessage = `${((used.user + used.system) / TAKEN).toFixed(0)} µs CPU`;
  const rate = `${(TAKEN / (performance.now() - takingMs)).toFixed(1)} k/s`;
  await source.close();
  const sink = new QueueSink({ path, sync: 'none' });
  await sink.open();
  cpu = process.cpuUsage();
  for (let sent = 0; sent < TAKEN; sent += WINDOW) {
    const body = Buffer.alloc(1000, 'x');
    await Promise.all(Array.from({ length: WINDOW }, () => sink.send(new Message(newHeader(), body, true))));
  }
  const added = process.cpuUsage(cpu);
  await sink.close();
  const columns = [
    `${elements} in folders of ${each}`.padEnd(32),
    `first ${(firstMs ?? 0).toFixed(0)} ms`.padEnd(16),
    `take ${rate} ${perMessage}`.padEnd(26),
    `add ${((added.user + added.system) / TAKEN).toFixed(0)} µs CPU`.padEnd(16),
    `RSS ${mostMb.toFixed(0)} MB`,
  ];
  return columns.join('');
}

const [directory = '/dev/shm', path, elements, each] = process.argv.slice(2);
if (path !== undefined) {
  process.stdout.write(`${await measure(path, Number(elements), Number(each))}\n`);
} else {
  for (const one of CASES) {
    const root = fs.mkdtempSync(join(directory, 'stompctl-bench-'));
    try {
      fill(root, one.elements + 2 * TAKEN, one.each);
      const args = [
        fileURLToPath(import.meta.url),
        directory,
        root,
        String(one.elements + 2 * TAKEN),
        String(one.each),
      ];
      spawnSync(process.execPath, args, { stdio: 'inherit' });
    } finally {
      fs.rmSync(root, { recursive: true });
    }
  }
}
