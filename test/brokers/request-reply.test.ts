import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { AmqpDelivery } from '../../src/amqp/delivery-reader.js';
import { amqpSession, amqpUriOf } from '../support/amqp-client.js';
import { eventually } from '../support/eventually.js';
import { type RealBroker, useBroker } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';
import { consume, produce, type Sample } from '../support/sample-messages.js';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/request-reply.md'), 'utf8');
const DEADLINE = { deadlineMs: 120_000 };

/** A configuration of docs/request-reply.md with only its paths, its broker and the names of its destinations changed. */
function example(name: string, scene: RealScene, broker: RealBroker): string {
  const block = PAGE.split('```apache\n').find((part) => part.startsWith(`# ${name}`));
  assert.ok(block !== undefined, `docs/request-reply.md has no ${name}`);
  const auth = `auth = "plain name=${broker.user} pass=${broker.pass}"`;
  const text = (block.split('```')[0] ?? '')
    .replaceAll('/var/spool/', `${scene.folder}/`)
    .replaceAll('/queue/', `${scene.destination}.`)
    .replaceAll(/^(incoming|outgoing)-broker-uri = .*$/gm, `$1-broker-uri = ${broker.uri}\n$1-broker-${auth}`);
  const path = scene.path(name);
  writeFileSync(path, text);
  return path;
}

function requests(count: number): Sample[] {
  return Array.from({ length: count }, (_, number) => ({
    number,
    header: { 'correlation-id': `request ${number}: ž` },
    body: Buffer.from(`${number} and ${number}`),
    text: true,
  }));
}

describe('the requests and replies of docs/request-reply.md, on RabbitMQ', () => {
  const broker = useBroker('rabbitmq');

  it('find back to who asked, each with its correlation-id', async (test) => {
    const scene = await RealScene.set(test, broker());
    const transfers = ['ask.conf', 'serve.conf', 'answer.conf', 'listen.conf'].map((name) =>
      scene.start(['--config', example(name, scene, broker())]),
    );
    produce(scene.path('app/requests'), requests(20));

    // the program behind the service: an answer for each request, with its header
    await eventually(() => scene.elements('service/requests') === 20, DEADLINE);
    const answers = [...consume(scene.path('service/requests'))].map(({ header, body }, number) => {
      assert.equal(header['reply-to'], `${scene.destination}.app.replies`);
      const sum = body
        .toString()
        .split(' and ')
        .reduce((total, part) => total + Number(part), 0);
      return { number, header, body: Buffer.from(String(sum)), text: true };
    });
    produce(scene.path('service/answers'), answers);

    await eventually(() => scene.elements('app/replies') === 20, DEADLINE);
    const replies = new Map(scene.messages('app/replies').map((reply) => [reply.header['correlation-id'], reply]));
    for (const { number, header } of requests(20)) {
      assert.equal(replies.get(header['correlation-id'])?.body.toString(), String(2 * number));
    }
    for (const transfer of transfers) await stopsWell(transfer);
  });
});

describe('requests of an AMQP client to a command, on RabbitMQ', () => {
  const broker = useBroker('rabbitmq');

  it('are answered into the exclusive queue that only the client has, by its bare name', async (test) => {
    const scene = await RealScene.set(test, broker());
    const [, , queue = ''] = scene.destination.split('/');
    const client = await amqpSession(test, broker());
    const replies: AmqpDelivery[] = [];
    await client.declareQueue(queue, { durable: true, autoDelete: false, exclusive: false });
    const own = await client.declareQueue('', { durable: false, autoDelete: true, exclusive: true });
    assert.match(own, /^amq\.gen-/);
    await client.consume(own, { tag: 'own', noAck: true }, (each) => replies.push(each));
    const { user, pass } = broker();
    const configuration = {
      'incoming-broker': { uri: amqpUriOf(broker()), auth: { scheme: 'plain', name: user, pass } },
      subscribe: { destination: scene.destination },
      'outgoing-command': { command: 'tr a-z A-Z', output: 'reply' },
    };
    writeFileSync(scene.path('serve.yaml'), JSON.stringify(configuration), { mode: 0o600 });
    const server = scene.start(['--config', scene.path('serve.yaml')]);
    for (const body of ['one', 'two', 'three']) {
      const properties = { replyTo: own, correlationId: body, mandatory: true };
      await client.publish({ exchange: '', routingKey: queue, properties, body: Buffer.from(body) });
    }
    await eventually(() => replies.length === 3, { ...DEADLINE, what: `three replies; ${server.stderr}` });
    assert.deepEqual(replies.map(({ body, properties }) => [properties.correlationId, body.toString()]).sort(), [
      ['one', 'ONE'],
      ['three', 'THREE'],
      ['two', 'TWO'],
    ]);
    await stopsWell(server);
    await client.deleteQueue(queue);
  });
});
