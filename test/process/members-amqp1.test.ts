import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Delivery, EventContext, Sender } from 'rhea';
import { ALIAS_URI, aliasOfThree } from '../support/alias-of-three.js';
import { Amqp1Peer, type Amqp1Script } from '../support/amqp1-peer.js';
import { eventually } from '../support/eventually.js';
import { consume, elementPaths, produce } from '../support/sample-messages.js';
import { numbered } from '../support/scene.js';
import type { Cleaning } from '../support/temp-folder.js';

/** What a broker has seen; by the peer, for scripts know them only when something happens. */
class Seen<T> {
  readonly #all = new Map<Amqp1Peer, T[]>();

  at(peer: Amqp1Peer): T[] {
    const known = this.#all.get(peer) ?? [];
    this.#all.set(peer, known);
    return known;
  }
}

function threePeers(test: Cleaning, on: NonNullable<Amqp1Script['on']>) {
  return aliasOfThree(test, (address) => Amqp1Peer.start(test, { on }, address));
}

describe('members = all over AMQP 1.0', () => {
  it('receives from every address of the name, accepts where it came from, goes on without who died', async (test) => {
    const links = new Seen<Sender>();
    const accepted = new Seen<EventContext>();
    const { folder, peers, run } = await threePeers(test, {
      sender_open: ({ sender }, peer) => {
        if (sender !== undefined) links.at(peer).push(sender);
      },
      accepted: (context, peer) => accepted.at(peer).push(context),
    });
    const { scene, sent, sessions } = await run({
      'incoming-broker-uri': ALIAS_URI,
      'incoming-broker-protocol': 'amqp1',
      'incoming-broker-members': 'all',
      subscribe: { destination: '/queue/q' },
      'outgoing-queue': { path: join(folder, 'out') },
    });
    const [first, second, third] = peers;
    const deliver = (peer: Amqp1Peer, body: string) => links.at(peer).at(-1)?.send({ body });
    await eventually(() => peers.every((peer) => links.at(peer)[0]?.sendable() === true));
    for (const [index, peer] of peers.entries()) deliver(peer, `a${index}`);
    await eventually(() => peers.every((peer) => accepted.at(peer).length === 1));
    second.cut();
    for (const peer of [first, third]) deliver(peer, 'b');
    await eventually(() => sent() === 5);
    await eventually(() => [first, third].every((peer) => accepted.at(peer).length === 2));
    await eventually(() => sessions()[1] === 2, { what: 'who died is taken in again' });
    await eventually(() => links.at(second)[1]?.sendable() === true);
    deliver(second, 'c');
    await eventually(() => accepted.at(second).length === 2);
    assert.deepEqual(sessions(), [1, 2, 1]);
    const bodies = [...consume(join(folder, 'out'))].map(({ body }) => body.toString()).sort();
    assert.deepEqual(bodies, ['a0', 'a1', 'a2', 'b', 'b', 'c']);
    assert.equal((await scene.stop()).failure, undefined);
  });

  it('finds out that it is spoken, sends to every address, and moves what was not accepted at who died', async (test) => {
    let accepts = false;
    const waiting = new Seen<Delivery>();
    const bodies = new Seen<string>();
    const { folder, peers, run } = await threePeers(test, {
      message: ({ message, delivery }, peer) => {
        bodies.at(peer).push(String(message?.body.content));
        if (accepts) delivery?.accept();
        else if (delivery !== undefined) waiting.at(peer).push(delivery);
      },
    });
    mkdirSync(join(folder, 'in'));
    const { scene, sent } = await run({
      'incoming-queue': { path: join(folder, 'in') },
      ...{ loop: true, remove: true, 'outgoing-broker-uri': ALIAS_URI },
      'outgoing-broker-members': 'all',
    });
    produce(join(folder, 'in'), numbered(6, { destination: '/queue/q' }));
    await eventually(() => peers.every((peer) => bodies.at(peer).length === 2), { what: 'two are at each' });
    const [first, second, third] = peers;
    accepts = true;
    const lost = [...bodies.at(second)];
    second.cut();
    await eventually(() => bodies.at(first).length + bodies.at(third).length === 6);
    for (const peer of [first, third]) for (const delivery of waiting.at(peer)) delivery.accept();
    await eventually(() => sent() === 6);
    const moved = [...bodies.at(first).slice(2), ...bodies.at(third).slice(2)];
    assert.deepEqual(moved.sort(), lost.sort());
    assert.equal((await scene.stop()).failure, undefined);
    assert.deepEqual(elementPaths(join(folder, 'in')), []);
  });
});
