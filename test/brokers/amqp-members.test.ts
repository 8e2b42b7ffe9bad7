import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { amqpUriOf } from '../support/amqp-client.js';
import { eventually } from '../support/eventually.js';
import { startRabbitmq } from '../support/real-brokers.js';
import { type Options, ReloadScene } from '../support/reload-scene.js';
import { consume, elementPaths, produce } from '../support/sample-messages.js';
import { ascending, numbered, upTo } from '../support/scene.js';
import { tempFolder } from '../support/temp-folder.js';

const ADDRESSES = ['127.0.0.1', '127.0.0.2'];
const DEADLINE = { deadlineMs: 60_000 };

const PROTOCOLS = [
  { name: 'AMQP 0-9-1', protocol: 'amqp091', connections: 'list_connections' },
  { name: 'AMQP 1.0', protocol: 'amqp1', connections: 'list_amqp10_connections' },
] as const;

for (const { name, protocol, connections } of PROTOCOLS) {
  describe(`members = all over ${name}, RabbitMQ at two addresses of a name`, () => {
    it('has a session at each, whose connections are cut under load, and loses nothing', async (test) => {
      const rabbitmq = await startRabbitmq({ secondAddress: '127.0.0.2' });
      test.after(() => rabbitmq.stop());
      const folder = await tempFolder(test);
      const resolver = { services: async () => [], addresses: async () => ADDRESSES };
      const uri = amqpUriOf(rabbitmq).replace('127.0.0.1', 'mq.test');
      const auth = `plain name=${rabbitmq.user} pass=${rabbitmq.pass}`;
      const members = (side: string): Options => ({
        [`${side}-broker-uri`]: uri,
        [`${side}-broker-auth`]: auth,
        [`${side}-broker-protocol`]: protocol,
        [`${side}-broker-members`]: 'all',
        ...{ window: 50, 'reconnect-delay': 0.05, 'reconnect-max-delay': 0.2 },
      });
      const run = async (name: string, options: Options) => {
        const own = join(folder, name);
        mkdirSync(own);
        const scene = await ReloadScene.run(test, options, own, resolver);
        await eventually(() => scene.logger.events('session-open').length === ADDRESSES.length, DEADLINE);
        return scene;
      };
      const [from, to] = [join(folder, 'from'), join(folder, 'to')];
      mkdirSync(from);
      const destination = '/queue/of-members';
      const sender = await run('sender', {
        'incoming-queue': { path: from },
        loop: true,
        remove: true,
        ...members('outgoing'),
      });
      const subscribe = { destination };
      const receiver = await run('receiver', { ...members('incoming'), subscribe, 'outgoing-queue': { path: to } });

      const listed = await rabbitmq.tool(connections, '--silent', 'host');
      assert.deepEqual(listed.trim().split('\n').sort(), [...ADDRESSES, ...ADDRESSES].sort());
      let count = 0;
      const more = () => {
        produce(from, numbered(50, { destination }, count));
        count += 50;
      };
      const sessions = () => [sender, receiver].map(({ logger }) => logger.events('session-open').length);
      const cut = rabbitmq.tool('close_all_connections', 'the test wants it');
      const again = () => {
        if (elementPaths(from).length < 200) more();
        return sessions().every((number) => number >= 2 * ADDRESSES.length);
      };
      await eventually(again, { ...DEADLINE, everyMs: 10, what: 'all four are cut under load, and open again' });
      await cut;
      const numbers = () => [...new Set([...consume(to)].map(({ header }) => Number(header['x-number'])))];
      await eventually(() => numbers().length === count, { ...DEADLINE, everyMs: 50 });
      assert.deepEqual(numbers().sort(ascending), upTo(count));
      for (const scene of [sender, receiver]) assert.equal((await scene.stop()).failure, undefined);
      assert.deepEqual(elementPaths(from), []);
    });
  });
}
