/**
 * Memory of the reference sender (Perl callback, loop, remove) over queues of growing length, in front of the in-process
 * broker: the peak of its resident set, the time from its start to the first message at the broker, and the rate.
 * Run: npm run bench -- backlog [elements ..., default 10000 100000]
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InProcessBroker } from '../src/broker/in-process-broker.js';
import { STOMPCTL } from '../test/support/stompctl-process.js';

const REFERENCE = fileURLToPath(new URL('../../test/fixtures/config/sender.conf', import.meta.url));
const DESTINATION = '/queue/myapp.data';
const PER_FOLDER = 5000;
const sizes = process.argv.slice(2).map(Number);

function fill(path: string, elements: number): void {
  const body = 'x'.repeat(1000);
  for (let number = 0; number < elements; number += 1) {
    const folder = join(path, (0x5f000000 + Math.floor(number / PER_FOLDER)).toString(16));
    if (number % PER_FOLDER === 0) mkdirSync(folder, { recursive: true });
    const name = `5f00${number.toString(16).padStart(9, '0')}0`;
    writeFileSync(join(folder, name), JSON.stringify({ header: { 'x-n': `${number}` }, body }));
  }
}

async function measure(elements: number): Promise<void> {
  const folder = mkdtempSync('/dev/shm/stompctl-bench-');
  const broker = await InProcessBroker.start({ maxBytes: 4 * 1024 ** 3 });
  try {
    fill(join(folder, 'sender'), elements);
    const config = readFileSync(REFERENCE, 'utf8')
      .replaceAll('/var/spool/', `${folder}/`)
      .replaceAll('/var/run/', `${folder}/`)
      .replaceAll('stomp://broker.acme.com:6163', broker.uri);
    writeFileSync(join(folder, 'sender.conf'), config);
    const startedMs = performance.now();
    const args = [STOMPCTL, '--config', join(folder, 'sender.conf'), '--log-level', 'warn'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    let firstMs = 0;
    let taken = 0;
    while (taken < elements) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (child.exitCode !== null) throw new Error(`the sender ended with ${child.exitCode}`);
      taken += broker.drain(DESTINATION).length;
      if (firstMs === 0 && taken > 0) firstMs = performance.now() - startedMs;
    }
    const seconds = (performance.now() - startedMs - firstMs) / 1000;
    const peakKb = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1]);
    child.kill();
    await new Promise((resolve) => child.once('close', resolve));
    const figures = [
      `${String(elements).padStart(8)} elements`,
      `${(peakKb / 1024).toFixed(0)} MiB at most`,
      `first message after ${(firstMs / 1000).toFixed(2)} s`,
      `${(elements / seconds).toFixed(0)} msg/s`,
    ];
    process.stdout.write(`${figures.join('   ')}\n`);
  } finally {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const elements of sizes.length > 0 ? sizes : [10_000, 100_000]) await measure(elements);
