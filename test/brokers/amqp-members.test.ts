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

/** `broker amqp://mq.test [127.0.0.1]` */
function addressOf(end: string): string | undefined {
  return /\[(.*)\]$/.exec(end)?.[1];
}

/** Its tools do not list connections of AMQP 1.0: all that read from one end. */
const CUT = '[exit(P, kill) || P <- processes(), element(1, proc_lib:translate_initial_call(P)) =:= rabbit_reader].';

const PROTOCOLS = [
  { name: 'AMQP 0-9-1', protocol: 'amqp091' },
  { name: 'AMQP 1.0', protocol: 'amqp1' },
] as const;

for (const { name, protocol } of PROTOCOLS) {
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
        const met = () =>
          new Set(scene.logger.events('session-open').map(({ fields }) => addressOf(String(fields.end))));
        await eventually(() => ADDRESSES.every((address) => met().has(address)), DEADLINE);
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

      let count = 0;
      const more = () => {
        produce(from, numbered(50, { destination }, count));
        count += 50;
      };
      const sessions = () => [sender, receiver].map(({ logger }) => logger.events('session-open').length);
      const before = sessions();
      const cut = rabbitmq.tool('eval', CUT);
      const again = () => {
        if (elementPaths(from).length < 200) more();
        return sessions().every((number, end) => number >= (before[end] ?? 0) + ADDRESSES.length);
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
