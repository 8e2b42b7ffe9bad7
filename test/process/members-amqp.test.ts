import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ALIAS_URI, aliasOfThree } from '../support/alias-of-three.js';
import { AmqpPeer, type PeerScript } from '../support/amqp-peer.js';
import { eventually } from '../support/eventually.js';
import { consume, elementPaths, produce } from '../support/sample-messages.js';
import { numbered } from '../support/scene.js';
import type { Cleaning } from '../support/temp-folder.js';

function threePeers(test: Cleaning, script: PeerScript = {}) {
  return aliasOfThree(test, (address) => AmqpPeer.start(test, script, address));
}

function bodiesAt({ published }: AmqpPeer): string[] {
  return published.map(({ body }) => body.toString());
}

describe('members = all over AMQP', () => {
  it('receives from every address of the name, acknowledges where it came from, goes on without who died', async (test) => {
    const { folder, peers, run } = await threePeers(test);
    const { scene, sent, sessions } = await run({
      'incoming-broker-uri': ALIAS_URI,
      'incoming-broker-members': 'all',
      subscribe: { destination: '/amq/queue/q' },
      'outgoing-queue': { path: join(folder, 'out') },
    });
    const [first, second, third] = peers;
    await eventually(() => peers.every(({ consumer }) => consumer !== ''));
    for (const [index, peer] of peers.entries()) peer.deliver(Buffer.from(`a${index}`));
    await eventually(() => peers.every(({ acknowledged }) => acknowledged.includes(1)));
    second.cut();
    for (const peer of [first, third]) peer.deliver(Buffer.from('b'));
    await eventually(() => sent() === 5);
    await eventually(() => [first, third].every(({ acknowledged }) => acknowledged.includes(2)));
    await eventually(() => sessions()[1] === 2, { what: 'who died is taken in again' });
    assert.deepEqual(sessions(), [1, 2, 1]);
    const bodies = [...consume(join(folder, 'out'))].map(({ body }) => body.toString()).sort();
    assert.deepEqual(bodies, ['a0', 'a1', 'a2', 'b', 'b']);
    assert.equal((await scene.stop()).failure, undefined);
  });

  it('sends to every address of the name, and moves what was unconfirmed at who died to the others', async (test) => {
    let confirms = false;
    const { folder, peers, run } = await threePeers(test, {
      published: ({ tag }, peer) => {
        if (confirms) peer.confirm(tag);
      },
    });
    mkdirSync(join(folder, 'in'));
    const { scene, sent } = await run({
      'incoming-queue': { path: join(folder, 'in') },
      ...{ loop: true, remove: true, 'outgoing-broker-uri': ALIAS_URI },
      'outgoing-broker-members': 'all',
    });
    produce(join(folder, 'in'), numbered(6, { destination: '/amq/queue/q' }));
    await eventually(() => peers.every(({ published }) => published.length === 2), { what: 'two are at each' });
    const [first, second, third] = peers;
    confirms = true;
    const lost = bodiesAt(second);
    second.cut();
    await eventually(() => bodiesAt(first).length + bodiesAt(third).length === 6);
    for (const peer of [first, third]) for (const tag of [1, 2]) peer.confirm(tag);
    await eventually(() => sent() === 6);
    const moved = [...bodiesAt(first).slice(2), ...bodiesAt(third).slice(2)];
    assert.deepEqual(moved.sort(), lost.sort());
    assert.equal((await scene.stop()).failure, undefined);
    assert.deepEqual(elementPaths(join(folder, 'in')), []);
  });
});
