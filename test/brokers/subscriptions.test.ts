import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { StompSession } from '../../src/stomp/session.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/raw-queue.js';
import { loggedIn } from '../support/raw-session.js';
import { type RealBroker, useBroker } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';
import type { StompctlProcess } from '../support/stompctl-process.js';

const NAME = `sub-${process.pid}-${Date.now()}`;
const DEADLINE = { deadlineMs: 120_000 };

/** A value of KEY=VALUE lists, which are split at blanks. */
const list = (header: Readonly<Record<string, string>>) =>
  Object.entries(header)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join(' ');

/** Starts a receiver with these subscriptions; resolves when the broker has confirmed all of them. */
async function receiver(
  scene: RealScene,
  { uri }: RealBroker,
  subscriptions: readonly Readonly<Record<string, string>>[],
  ...args: readonly string[]
): Promise<StompctlProcess> {
  const subscribe = subscriptions.flatMap((header) => ['--subscribe', list(header)]);
  const run = scene.startReceiver(uri, ...subscribe, '--incoming-broker-stomp-debug', 'command', ...args);
  const confirmed = () => run.log('frame').filter(({ msg }) => msg === 'received RECEIPT').length;
  await eventually(() => confirmed() >= subscriptions.length, { ...DEADLINE, what: `subscriptions; ${run.stderr}` });
  return run;
}

/** Sends texts as another program would. */
async function publish(
  broker: RealBroker,
  destination: string,
  texts: readonly string[],
  header: Readonly<Record<string, string>> = {},
): Promise<void> {
  const client = await loggedIn(broker);
  for (const text of texts) await send(client, destination, text, header);
  client.destroy();
}

const texts = (scene: RealScene) =>
  scene
    .messages('out')
    .map(({ body }) => body.toString())
    .sort();

/** What is common to durable subscriptions: they keep what comes while nobody is there, until they are ended. */
async function keepsUntilUnsubscribed(
  test: TestContext,
  broker: RealBroker,
  header: Readonly<Record<string, string>>,
  unsubscribe: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<void> {
  const scene = await RealScene.set(test, broker);
  const destination = header.destination ?? '';
  const arrive = (expected: readonly string[]) =>
    eventually(() => texts(scene).join() === expected.join(), {
      ...DEADLINE,
      what: `${expected}, not ${texts(scene)}`,
    });

  await stopsWell(await receiver(scene, broker, [header], ...args));
  await publish(broker, destination, ['1', '2']);
  const second = await receiver(scene, broker, [header], ...args);
  await publish(broker, destination, ['3']);
  await arrive(['1', '2', '3']);
  await stopsWell(second);

  const last = await receiver(scene, broker, [header], '--unsubscribe', list(unsubscribe), ...args);
  await stopsWell(last);
  await publish(broker, destination, ['4']);
  const anew = await receiver(scene, broker, [header], '--unsubscribe', list(unsubscribe), ...args);
  await publish(broker, destination, ['5']);
  await arrive(['1', '2', '3', '5']);
  await stopsWell(anew);
}

describe('a receiver on ActiveMQ', () => {
  const broker = useBroker('activemq');

  it('gets what a durable subscription kept while it was away, until it unsubscribes', async (test) => {
    const name = { 'activemq.subscriptionName': `durable-${NAME}` };
    const header = { destination: `/topic/${NAME}`, id: 'durable', ...name };
    await keepsUntilUnsubscribed(test, broker(), header, name, '--incoming-broker-connect', `client-id=${NAME}`);
  });

  it('gets what its selector picks, and leaves the rest', async (test) => {
    const scene = await RealScene.set(test, broker());
    const { destination } = scene;
    for (const colour of ['blue', 'green', 'red']) await publish(broker(), destination, [colour], { colour });
    const picky = await receiver(scene, broker(), [{ destination, selector: "colour = 'red' OR colour LIKE 'b%'" }]);
    await eventually(() => texts(scene).join() === 'blue,red', DEADLINE);
    await stopsWell(picky);
    const other = await receiver(scene, broker(), [{ destination }]);
    await eventually(() => texts(scene).join() === 'blue,green,red', DEADLINE);
    await stopsWell(other);
  });
});

describe('a receiver on RabbitMQ', () => {
  const broker = useBroker('rabbitmq');

  it('gets what a durable subscription kept while it was away, until it unsubscribes', async (test) => {
    const durable = { durable: 'true', 'auto-delete': 'false' };
    const header = { destination: `/topic/${NAME}.durable`, id: `durable-${NAME}`, ...durable };
    await keepsUntilUnsubscribed(test, broker(), header, durable);
  });

  it('gets from an exchange by key, from topics by pattern and from a queue by its name, what a sender sends there', async (test) => {
    const scene = await RealScene.set(test, broker());
    await publish(broker(), `/queue/${NAME}`, ['older']);
    const run = await receiver(scene, broker(), [
      { destination: `/exchange/amq.topic/${NAME}.key` },
      { destination: `/topic/${NAME}.a.*.b` },
      { destination: `/topic/${NAME}.deep.#` },
      { destination: `/amq/queue/${NAME}` },
    ]);
    const sender = scene.startSender(broker().uri);
    const sent = [
      `/exchange/amq.topic/${NAME}.key`,
      `/topic/${NAME}.a.x.b`,
      `/topic/${NAME}.a.x.y.b`,
      `/topic/${NAME}.deep.er.still`,
      `/amq/queue/${NAME}`,
      `/exchange/amq.direct/${NAME}.key`,
    ];
    for (const destination of sent) scene.produce(1, { destination });
    const expected = ['body 0', 'body 1', 'body 3', 'body 4', 'older'];
    await eventually(() => scene.elements('in') === 0 && texts(scene).join() === expected.join(), DEADLINE);
    for (const end of [sender, run]) await stopsWell(end);
    assert.deepEqual(texts(scene), expected);
  });

  it('answers to the temporary queue of whoever asked', async (test) => {
    const scene = await RealScene.set(test, broker());
    const { host, port, user, pass } = broker();
    const endpoint = { transport: 'tcp', host, port } as const;
    const session = await StompSession.connect({ endpoint, login: user, passcode: pass });
    test.after(() => session.close());
    const replies = session.replies('/temp-queue/answers');
    const run = await receiver(scene, broker(), [{ destination: scene.destination }]);
    const request = { destination: scene.destination, 'reply-to': '/temp-queue/answers', 'correlation-id': 'one' };
    await session.send(request, Buffer.from('who is there?'));
    const [asked] = await eventually(() => scene.messages('out').length > 0 && scene.messages('out'), DEADLINE);
    const { 'reply-to': destination = '', 'correlation-id': correlation = '' } = asked?.header ?? {};
    const sender = scene.startSender(broker().uri);
    scene.produce(1, { destination, 'correlation-id': correlation });
    for await (const reply of replies) {
      assert.equal(reply.header['correlation-id'], 'one');
      assert.equal(reply.body.toString(), 'body 0');
      break;
    }
    for (const end of [sender, run]) await stopsWell(end);
  });
});
