import assert from 'node:assert/strict';
import { it } from 'node:test';
import { brokerRefusesLogin, brokerRefusesMessage, brokerWithholdsReceipt } from '../../src/broker/faults.js';
import { verdictOf } from '../../src/transfer/verdict.js';
import { AliasScene, membersOf, membersUp } from '../support/alias-scene.js';
import { eventually } from '../support/eventually.js';
import { DESTINATION, upTo } from '../support/scene.js';

const ALWAYS = { times: Number.POSITIVE_INFINITY };

it('spreads what it sends over all members', async (test) => {
  const alias = await AliasScene.set(test);
  const scene = await alias.run(alias.sender);
  await membersUp(scene, 3);
  alias.fill(300);
  await eventually(() => scene.built.statistics.snapshot().sent === 300);
  assert.deepEqual(alias.sent(), upTo(300));
  for (const broker of alias.brokers) assert.ok(alias.sentTo(broker).length >= 50, `${alias.sentTo(broker).length}`);
});

it('gives a member that confirms nothing its share of the window, and sends the rest to the others', async (test) => {
  const alias = await AliasScene.set(test, { faults: [brokerWithholdsReceipt(ALWAYS)] });
  const scene = await alias.run({ ...alias.sender, window: 30, 'timeout-linger': 0.1 });
  await membersUp(scene, 3);
  alias.fill(200);
  await eventually(() => scene.built.transfer.inFlight === 10 && scene.built.statistics.snapshot().sent === 190);
  const held = membersOf(scene).map(({ inFlight }) => inFlight);
  assert.deepEqual([...held].sort(), [0, 0, 10]);
});

it('sends to another what was unsettled at a member that died', async (test) => {
  const alias = await AliasScene.set(test, { faults: [brokerWithholdsReceipt(ALWAYS)] });
  const [dying, ...others] = alias.brokers;
  assert.ok(dying !== undefined);
  const scene = await alias.run({ ...alias.sender, window: 30 });
  await membersUp(scene, 3);
  alias.fill(200);
  await eventually(() => scene.built.transfer.inFlight === 10 && scene.built.statistics.snapshot().sent === 190);
  await dying.kill();
  await eventually(() => scene.built.statistics.snapshot().sent === 200);
  const arrived = others.flatMap((broker) => alias.sentTo(broker)).sort((a, b) => a - b);
  assert.deepEqual(
    arrived,
    upTo(200),
    'none of it is only at the one that is dead, and none went to two of the others',
  );
  assert.notEqual(verdictOf(scene.built.health()).state, 'stuck');
  assert.equal((await scene.stop()).failure, undefined);
});

it('loses nothing, and sends nothing twice, when members leave the alias and come back under load', async (test) => {
  const alias = await AliasScene.set(test);
  const scene = await alias.run({ ...alias.sender, window: 20, 'max-rate': 400 });
  await membersUp(scene, 3);
  const [first, second, third] = alias.brokers;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  alias.fill(900);
  let round = 0;
  for (const answer of [[second, third], [first], [first, second, third], [third], [first, second]]) {
    round += 1;
    await eventually(() => scene.built.statistics.snapshot().sent >= round * 100);
    alias.resolver.answer = answer;
    await eventually(() => membersOf(scene).filter(({ leaving }) => leaving !== true).length === answer.length);
  }
  await eventually(() => scene.built.statistics.snapshot().sent === 900);
  assert.deepEqual(alias.sent(), upTo(900));
  await eventually(() => third.connections === 0);
});

it('waits when all members die with messages in flight, and loses none when they return', async (test) => {
  const faults = [0, 1, 2].map(() => brokerWithholdsReceipt({ times: 5 }));
  const alias = await AliasScene.set(test, ...faults.map((fault) => ({ faults: [fault] })));
  const scene = await alias.run({ ...alias.sender, window: 30 });
  await membersUp(scene, 3);
  alias.fill(100);
  await eventually(() => faults.every(({ fired }) => fired === 5) && scene.built.transfer.inFlight === 15);
  for (const broker of alias.brokers) await broker.kill();
  alias.fill(100, 100);
  const stuck = await eventually(() => {
    const verdict = verdictOf(scene.built.health());
    return verdict.state === 'stuck' && verdict;
  });
  assert.match(stuck.reason, /^sink broker stomp:\/\/mq\.test is away for/);
  for (const broker of alias.brokers) await broker.restart();
  await eventually(() => scene.built.statistics.snapshot().sent === 200);
  assert.deepEqual([...new Set(alias.sent())], upTo(200));
  assert.equal((await scene.stop()).failure, undefined);
});

it('is reloaded while members die and leave: nothing is lost', async (test) => {
  const alias = await AliasScene.set(test);
  const scene = await alias.run({ ...alias.sender, window: 20 });
  const [first, second, third] = alias.brokers;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  await membersUp(scene, 3);
  for (let round = 0; round < 6; round += 1) {
    const { sent } = scene.built.statistics.snapshot();
    alias.fill(50, round * 50);
    await eventually(() => scene.built.statistics.snapshot().sent > sent, { everyMs: 1 });
    if (round % 2 === 0) await first.kill();
    else alias.resolver.answer = round % 3 === 0 ? [second, third] : [first, third];
    const changed = round % 2 === 0 ? { 'max-message-size': '1MiB' } : {};
    const { ends } = await scene.reload({ ...alias.sender, window: 20, ...changed });
    assert.deepEqual(ends, { source: true, sink: true });
    if (round % 2 === 0) await first.restart();
  }
  await eventually(() => scene.built.statistics.snapshot().sent >= 300);
  assert.equal((await scene.stop()).failure, undefined);
  assert.deepEqual([...new Set(alias.sent())], upTo(300));
});

it('rejects a message that every member refuses, and no other', async (test) => {
  const refuse = (receiptId: boolean) => ({
    faults: [brokerRefusesMessage({ when: ({ header }) => header['x-number'] === '7', receiptId })],
  });
  for (const named of [true, false]) {
    const alias = await AliasScene.set(test, refuse(named), refuse(named), refuse(named));
    const failures = { 'failure-queue': { path: alias.path('failed') }, 'max-attempts': 2 };
    const scene = await alias.run({ ...alias.sender, ...failures });
    await membersUp(scene, 3);
    alias.fill(100);
    await eventually(() => scene.built.statistics.snapshot().rejected === 1 && scene.built.transfer.inFlight === 0);
    await eventually(() => scene.built.statistics.snapshot().sent === 99);
    assert.deepEqual(
      [...new Set(alias.sent())],
      upTo(100).filter((number) => number !== 7),
    );
    assert.equal((await scene.stop()).failure, undefined);
  }
});

it('rejects no message because one member refuses all', async (test) => {
  const alias = await AliasScene.set(test, { faults: [brokerRefusesMessage({ when: () => true, receiptId: true })] });
  const scene = await alias.run({ ...alias.sender, 'max-attempts': 2 });
  await membersUp(scene, 3);
  alias.fill(100);
  await eventually(() => scene.built.statistics.snapshot().sent === 100);
  assert.equal(scene.built.statistics.snapshot().rejected, 0);
  assert.deepEqual([...new Set(alias.sent())], upTo(100));
});

it('gives up a member that refuses the login in a run that ends by itself, and the run when all do', async (test) => {
  const alias = await AliasScene.set(test, { faults: [brokerRefusesLogin()] });
  alias.fill(50);
  const scene = await alias.run({ ...alias.sender, loop: false });
  assert.equal((await scene.ended).failure, undefined);
  assert.deepEqual(alias.sent(), upTo(50));
  await scene.built.close(10_000);

  for (const broker of alias.brokers) broker.addFault(brokerRefusesLogin());
  alias.fill(10, 50);
  const refused = await alias.run({ ...alias.sender, loop: false });
  const { failure } = await refused.ended;
  assert.equal(failure?.code, 'LOGIN_REFUSED');
  assert.equal(refused.logger.events('member-failed').length, 3);
  assert.equal(alias.broker(1).depth(DESTINATION).ready, 0);
});
