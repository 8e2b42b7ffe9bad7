import { openSync, writeSync } from 'node:fs';
import { systemClock } from '../../src/base/clock.js';
import { NormalQueue } from '../../src/dirq/normal-queue.js';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { Message, newHeader } from '../../src/message/message.js';
import { QueueSink } from '../../src/sinks/queue/queue-sink.js';
import { QueueSource } from '../../src/sources/queue/queue-source.js';

/**
 * A process of the race test: `ROLE QUEUE LOG ID TYPE`. Writes to its log, unbuffered: what it added (`A`), took (`T`), and
 * settled (`S`). Runs until SIGTERM, or SIGKILL.
 */
const [role = '', path = '', log = '', id = '', given] = process.argv.slice(2);
const type = given === 'DQN' ? 'DQN' : 'DQS';
const fd = openSync(log, 'a');
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());

function note(lines: readonly string[]): void {
  if (lines.length > 0) writeSync(fd, `${lines.join('\n')}\n`);
}

async function produce(): Promise<void> {
  const sink = new QueueSink({ path, type, sync: 'none' });
  await sink.open();
  for (let count = 0; !stop.signal.aborted; count += 20) {
    const bodies = Array.from({ length: 20 }, (_, index) => `${id}-${count + index}`);
    await Promise.all(bodies.map((body) => sink.send(new Message(newHeader(), Buffer.from(body), true))));
    note(bodies.map((body) => `A ${body}`));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await sink.close();
}

async function consume(): Promise<void> {
  const source = new QueueSource({
    path,
    type,
    loop: true,
    remove: true,
    sync: 'none',
    maxMessageSize: 1 << 20,
    clock: systemClock,
    purgeIntervalMs: 50,
    events: {
      rejected: (name, reason) => note([`R ${name} ${reason.message}`]),
      settledInVain: (name) => note([`V ${name}`]),
      parked: () => undefined,
    },
  });
  await source.open();
  while (!stop.signal.aborted) {
    const result = await source.next({ deliveries: 30, bytes: 1 << 20 }, stop.signal);
    if (result.kind !== 'batch') continue;
    const bodies = result.deliveries.map((delivery) => delivery.message.body.toString());
    note(bodies.map((body) => `T ${body}`));
    for (const delivery of result.deliveries) delivery.ack();
    await source.settle();
    note(bodies.map((body) => `S ${body}`));
  }
  await source.close();
}

async function purge(): Promise<void> {
  const queue = type === 'DQS' ? new SimpleQueue({ path }) : new NormalQueue({ path });
  while (!stop.signal.aborted) {
    await queue.purge();
    await queue.count();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const roles: Readonly<Record<string, () => Promise<void>>> = { produce, consume, purge };
await roles[role]?.();
