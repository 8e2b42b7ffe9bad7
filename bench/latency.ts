/**
 * The time from a message's rename into an idle queue until the broker has it: a sender of ours in front of the in-process
 * broker, in turns with each peer command given (another build of stompctl: `--peer /path/to/stompctl.js`).
 * Run: npm run bench -- latency [messages, default 200] [--peer FILE]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { InProcessBroker } from '../src/broker/in-process-broker.js';
import { produce } from '../test/support/sample-messages.js';
import { STOMPCTL } from '../test/support/stompctl-process.js';

const DESTINATION = '/queue/latency';
const BODY = Buffer.alloc(1000, 'x');
const TURNS = 3;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { peer: { type: 'string', multiple: true, default: [] } },
});
const messages = Number(positionals[0] ?? 200);

/** Milliseconds, one a message, in the order of sending. */
async function measure(command: string): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'stompctl-bench-'));
  const queue = join(folder, 'in');
  mkdirSync(queue);
  const broker = await InProcessBroker.start({});
  const args = ['--incoming-queue', `path=${queue}`, '--outgoing-broker-uri', broker.uri, '--loop', '--remove'];
  const child = spawn(process.execPath, [command, ...args, '--log-level', 'warn'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  try {
    await arrival(child, broker, queue, 0);
    const times: number[] = [];
    for (let number = 1; number <= messages; number += 1) {
      // not in step with whatever looks at intervals
      await pause(30 + Math.random() * 40);
      times.push(await arrival(child, broker, queue, number));
    }
    return times;
  } finally {
    child.kill();
    await new Promise((resolve) => child.once('close', resolve));
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Milliseconds until a message is at the broker. */
async function arrival(child: ChildProcess, broker: InProcessBroker, queue: string, number: number): Promise<number> {
  const startedMs = performance.now();
  produce(queue, [{ number, text: true, header: { destination: DESTINATION }, body: BODY }]);
  while (broker.drain(DESTINATION).length === 0) {
    if (child.exitCode !== null) throw new Error(`the sender ended with ${child.exitCode}`);
    await pause(0.2);
  }
  return performance.now() - startedMs;
}

const commands = [STOMPCTL, ...values.peer];
const all = new Map<string, number[]>(commands.map((command) => [command, []]));
for (let turn = 0; turn < TURNS; turn += 1) {
  for (const command of turn % 2 === 0 ? commands : commands.toReversed()) {
    all.get(command)?.push(...(await measure(command)));
  }
}
process.stdout.write(`load ${loadavg()[0]?.toFixed(1)}, ${messages} messages in each of ${TURNS} turns\n`);
for (const [command, times] of all) {
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.ceil(times.length * share) - 1] ?? Number.NaN).toFixed(1);
  process.stdout.write(
    `p50 ${at(0.5)} ms   p99 ${at(0.99)} ms   most ${at(1)} ms   ${command === STOMPCTL ? 'stompctl' : command}\n`,
  );
}
