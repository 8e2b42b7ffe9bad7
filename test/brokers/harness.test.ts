import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname } from 'node:path';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { loggedIn } from '../support/raw-session.js';
import { headerOf, RawStomp } from '../support/raw-stomp.js';
import { type RealBroker, startActivemq, startRabbitmq } from '../support/real-brokers.js';

describe('the harness of real brokers', () => {
  for (const start of [startRabbitmq, startActivemq]) {
    test(`${start.name}: starts, is killed, starts again with its messages, and leaves nothing`, async () => {
      const before = await leftovers();
      const broker = await start();
      try {
        await killsAndStarts(broker);
      } finally {
        await broker.stop();
      }
      await assert.rejects(RawStomp.open(broker), /ECONNREFUSED/);
      await eventually(async () => (await leftovers()).every((name) => before.includes(name)));
      await broker.stop();
    });
  }
});

async function killsAndStarts(broker: RealBroker): Promise<void> {
  const destination = '/queue/harness';
  const first = await loggedIn(broker);
  for (const body of ['one', 'two', 'three']) {
    const answer = await first.request('SEND', { destination, persistent: 'true' }, body);
    assert.equal(answer.command, 'RECEIPT');
  }
  assert.deepEqual(await broker.queueDepth('harness'), { ready: 3, unacknowledged: 0 });
  await assert.rejects(broker.start(), /runs already/);

  await broker.keepQueues();
  await broker.kill();
  await eventually(() => first.closed);
  await assert.rejects(RawStomp.open(broker), /ECONNREFUSED/);
  await broker.start();

  const second = await loggedIn(broker);
  second.frame('SUBSCRIBE', { destination, id: '1', ack: 'client-individual' });
  const message = await second.nextOf('MESSAGE');
  assert.equal(message.body.toString(), 'one');
  await second.request('ACK', { id: headerOf(message, 'ack') ?? '' });
  assert.deepEqual(await broker.queueDepth('harness'), { ready: 0, unacknowledged: 2 });
  second.destroy();
}

/** Temporary folders of brokers, and processes that were started in one; those of other runs on this machine are elsewhere. */
async function leftovers(): Promise<string[]> {
  const folders = (await readdir(tmpdir())).filter((name) => /^stompctl-(rabbitmq|activemq)-/.test(name));
  const processes: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    const home = /(?:^|\0)HOME=([^\0]*\/stompctl-(?:rabbitmq|activemq)-[^\0]*)/.exec(environment)?.[1];
    if (home !== undefined && dirname(home) === tmpdir()) processes.push(`${pid} of ${basename(home)}`);
  }
  return [...folders, ...processes];
}
