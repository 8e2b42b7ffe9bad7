import assert from 'node:assert/strict';
import { it } from 'node:test';
import { brokerRefusesLogin } from '../../src/broker/faults.js';
import { verdictOf } from '../../src/transfer/verdict.js';
import { AliasScene, membersOf, membersUp } from '../support/alias-scene.js';
import { eventually } from '../support/eventually.js';
import { DESTINATION, upTo } from '../support/scene.js';

it('receives from all members, and acknowledges each message where it came from', async (test) => {
  const alias = await AliasScene.set(test);
  for (const [index, broker] of alias.brokers.entries()) alias.publish(broker, 100, index * 100);
  const scene = await alias.run(alias.receiver);
  await eventually(() => scene.built.statistics.snapshot().sent === 300);
  assert.deepEqual(alias.stored(), upTo(300));
  assert.equal((await scene.stop()).failure, undefined);
  for (const broker of alias.brokers) {
    assert.deepEqual(broker.depth(DESTINATION), { ready: 0, unacknowledged: 0, consumers: 0 });
    assert.equal(broker.received(DESTINATION).redelivered, 0);
  }
});

it('goes on while one member is up, says which are not, and takes the others in again when they are back', async (test) => {
  const alias = await AliasScene.set(test);
  const scene = await alias.run(alias.receiver);
  await membersUp(scene, 3);
  await alias.broker(0).kill();
  await alias.broker(1).kill();
  await eventually(() => membersOf(scene).filter(({ phase }) => phase === 'open').length === 1);
  alias.publish(alias.broker(2), 50);
  await eventually(() => scene.built.statistics.snapshot().sent === 50);
  const { state, reason } = verdictOf(scene.built.health());
  assert.equal(state, 'moving', reason);
  assert.match(
    reason,
    /1 of 3 members of source broker stomp:\/\/mq\.test are up \(.*\[127\.0\.0\.1\]: .*ECONNREFUSED/,
  );
  await alias.broker(0).restart();
  await alias.broker(1).restart();
  alias.publish(alias.broker(0), 50, 50);
  alias.publish(alias.broker(1), 50, 100);
  await eventually(() => scene.built.statistics.snapshot().sent === 150);
  assert.deepEqual(alias.stored(), upTo(150));
});

it('is stuck once all members are away, and goes on when they return', async (test) => {
  const alias = await AliasScene.set(test);
  const scene = await alias.run(alias.receiver);
  await membersUp(scene, 3);
  for (const broker of alias.brokers) await broker.kill();
  const stuck = await eventually(() => {
    const verdict = verdictOf(scene.built.health());
    return verdict.state === 'stuck' && verdict;
  });
  assert.match(stuck.reason, /^source broker stomp:\/\/mq\.test is away for \d+ s: /);
  for (const [index, broker] of alias.brokers.entries()) {
    await broker.restart();
    alias.publish(broker, 20, index * 20);
  }
  await eventually(() => scene.built.statistics.snapshot().sent === 60);
  assert.deepEqual(alias.stored(), upTo(60));
});

it('takes in who joins the alias, and lets go of who leaves it once what it gave is settled', async (test) => {
  const alias = await AliasScene.set(test);
  alias.resolver.answer = [alias.broker(0), alias.broker(1)];
  const scene = await alias.run(alias.receiver);
  await membersUp(scene, 2);
  alias.publish(alias.broker(2), 100, 100);
  alias.publish(alias.broker(0), 100);
  await eventually(() => scene.built.statistics.snapshot().sent > 0, { everyMs: 1 });
  alias.resolver.answer = [alias.broker(1), alias.broker(2)];
  await eventually(() => alias.broker(0).connections === 0);
  await membersUp(scene, 2);
  await eventually(() => alias.stored().filter((number) => number >= 100).length === 100);
  // what the first had not handed over by then is still there, and nothing else is
  assert.equal(alias.broker(0).depth(DESTINATION).unacknowledged, 0);
  const left = alias.sentTo(alias.broker(0));
  assert.deepEqual(
    [...alias.stored(), ...left].sort((a, b) => a - b),
    upTo(200),
  );
});

it('is not held up by a member that refuses the login', async (test) => {
  const alias = await AliasScene.set(test, { faults: [brokerRefusesLogin()] });
  const scene = await alias.run(alias.receiver);
  alias.publish(alias.broker(1), 20);
  alias.publish(alias.broker(2), 20, 20);
  await eventually(() => scene.built.statistics.snapshot().sent === 40);
  assert.deepEqual(alias.stored(), upTo(40));
  const refused = await eventually(() => membersOf(scene).find(({ lastError }) => lastError?.code === 'LOGIN_REFUSED'));
  assert.notEqual(refused.phase, 'open');
  assert.equal(scene.built.transfer.progress.stopping, false);
});

it('counts what is parked of all, and limits it for each', async (test) => {
  const alias = await AliasScene.set(test);
  const poison = { 'callback-code': "throw new Error('no')", 'callback-language': 'javascript', 'max-parked': 4 };
  const scene = await alias.run({ ...alias.receiver, ...poison });
  await membersUp(scene, 3);
  for (const [index, broker] of alias.brokers.entries()) alias.publish(broker, 3, index * 3);
  await eventually(() => scene.built.statistics.snapshot().parked === 9);
  assert.deepEqual(
    membersOf(scene).map(({ parked }) => parked),
    [3, 3, 3],
  );
  assert.equal(scene.built.transfer.progress.stopping, false);
  alias.publish(alias.broker(1), 1, 9);
  const outcome = await scene.ended;
  assert.equal(outcome.failure?.code, 'TOO_MANY_PARKED');
});

it('waits for an alias without addresses, and keeps who is known when it cannot be looked up', async (test) => {
  const alias = await AliasScene.set(test);
  alias.resolver.answer = [];
  const scene = await alias.run(alias.receiver);
  const waiting = await eventually(() => scene.built.waiting()[0]);
  assert.match(waiting, /broker stomp:\/\/mq\.test: .*the name has no address/);
  alias.resolver.answer = alias.brokers;
  await membersUp(scene, 3);
  for (const answer of [[], new Error('the name server is away')]) {
    const { lookUps } = alias.resolver;
    alias.resolver.answer = answer;
    await eventually(() => alias.resolver.lookUps > lookUps + 2);
    await membersUp(scene, 3);
  }
  assert.equal(scene.logger.events('members-unknown').length, 2, 'each is told once');
  assert.deepEqual(
    alias.brokers.map(({ connectionsMade }) => connectionsMade),
    [1, 1, 1],
  );
});

it('loses nothing of an alias that names another broker at each look-up', async (test) => {
  const alias = await AliasScene.set(test);
  for (const [index, broker] of alias.brokers.entries()) alias.publish(broker, 300, index * 300);
  const { resolver } = alias;
  const scene = await alias.run({ ...alias.receiver, window: 20, 'max-rate': 400 });
  await eventually(
    () => {
      resolver.answer = [alias.broker(resolver.lookUps % 3)];
      return scene.built.statistics.snapshot().sent >= 900;
    },
    { what: 'all is received' },
  );
  assert.equal((await scene.stop()).failure, undefined);
  assert.deepEqual(alias.stored(), upTo(900));
  // a broker sees the end of a connection a moment later
  await eventually(() => alias.brokers.every(({ connections }) => connections === 0));
});
