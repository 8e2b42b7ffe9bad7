import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { freshQueue, keptQueue, subscribe } from '../support/raw-queue.js';
import { loggedIn } from '../support/raw-session.js';
import { headerOf } from '../support/raw-stomp.js';
import { startActivemq, startRabbitmq } from '../support/real-brokers.js';

// What docs/brokers.md says of a broker that dies: why every SEND of a reliable transfer carries persistent:true.

describe('messages with a receipt, and a broker that is killed', () => {
  for (const start of [startRabbitmq, startActivemq]) {
    test(`${start.name}: with persistent:true they survive, without it they do not, receipt or not`, async (t) => {
      const broker = await start();
      t.after(() => broker.stop());
      const destination = freshQueue('durability');
      await keptQueue(broker, destination);
      const client = await loggedIn(broker);
      for (const [body, header] of [
        ['kept', { persistent: 'true' }],
        ['lost', {}],
        ['kept too', { persistent: 'true' }],
      ] as const) {
        const answer = await client.request('SEND', { destination, ...header }, body);
        assert.equal(answer.command, 'RECEIPT');
      }
      await broker.kill();
      await broker.start();
      const next = await loggedIn(broker);
      await subscribe(next, destination);
      const [first, second] = [await next.nextOf('MESSAGE'), await next.nextOf('MESSAGE')];
      assert.deepEqual([first.body.toString(), second.body.toString()], ['kept', 'kept too']);
      assert.equal(headerOf(first, 'persistent'), 'true');
      assert.equal(await next.noneOf('MESSAGE', 300), undefined);
    });
  }
});
