import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { EventContext } from 'rhea';
import { Amqp1Peer } from '../support/amqp1-peer.js';
import { eventually } from '../support/eventually.js';
import { consume, produce } from '../support/sample-messages.js';
import { numbered } from '../support/scene.js';
import { runStompctl, StompctlProcess } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

/** A section `amqp-value` that ends within its list. */
const UNREADABLE = Buffer.from('005377c0ff0141', 'hex');

describe('a broker that speaks AMQP 1.0 alone', () => {
  it('is found out by its answer, by a sender', async (test) => {
    const peer = await Amqp1Peer.start(test);
    const folder = await tempFolder(test);
    produce(join(folder, 'in'), numbered(5, { destination: '/queue/q' }, 0));
    const uri = `amqp://127.0.0.1:${peer.port}`;
    const ends = ['--incoming-queue', `path=${join(folder, 'in')}`, '--outgoing-broker-uri', uri, '--remove'];
    // of the environment of whoever debugs another program
    const { code, stderr } = await runStompctl(['run', ...ends], { env: { DEBUG: '*' } });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /rhea/);
    assert.match(stderr, /connected to 127\.0\.0\.1:\d+: .*AMQP 1\.0/);
    assert.match(stderr, /moved 5 of 5 messages/);
    assert.deepEqual([...consume(join(folder, 'in'))], []);
    assert.deepEqual([...peer.addressed], ['q']);
  });

  it('is refused where AMQP 0-9-1 is said to be spoken', async (test) => {
    const peer = await Amqp1Peer.start(test);
    const folder = await tempFolder(test);
    mkdirSync(join(folder, 'in'));
    const uri = `amqp://127.0.0.1:${peer.port}`;
    const config = ['--incoming-queue', `path=${join(folder, 'in')}`, '--outgoing-broker-uri', uri];
    const said = ['--outgoing-broker-protocol', 'amqp091', '--reconnect-attempts', '1'];
    const { code, stderr } = await runStompctl(['run', ...config, ...said]);
    assert.equal(code, 75, stderr);
    assert.match(stderr, /speaks AMQP 1\.0, but not 0-9-1; set …-broker-protocol to amqp1, or leave it out/);
  });

  it('gives a message that cannot be read, which goes to the failure queue as it came, and the others on', async (test) => {
    let sent = false;
    const sendable = ({ sender }: EventContext) => {
      if (sender === undefined || sent) return;
      sent = true;
      sender.send({ body: 'first' });
      sender.send(UNREADABLE, undefined, 0);
      sender.send({ body: 'last' });
    };
    const accepted: unknown[] = [];
    const on = { sendable, accepted: ({ delivery }: EventContext) => accepted.push(delivery) };
    const peer = await Amqp1Peer.start(test, { on });
    const folder = await tempFolder(test);
    const uri = `amqp://127.0.0.1:${peer.port}`;
    const receiver = new StompctlProcess([
      ...['run', '--incoming-broker-uri', uri, '--subscribe', 'destination=/queue/q'],
      ...['--outgoing-queue', `path=${join(folder, 'out')}`, '--failure-queue', `path=${join(folder, 'failed')}`],
    ]);
    test.after(async () => {
      if (receiver.running) await receiver.stop('SIGKILL');
    });
    await eventually(() => accepted.length === 3, { what: `all are accepted; ${receiver.stderr}` });
    await receiver.stop();
    assert.deepEqual(
      [...consume(join(folder, 'out'))].map(({ body }) => body.toString()),
      ['first', 'last'],
    );
    const [{ body, header } = assert.fail()] = [...consume(join(folder, 'failed'))];
    assert.ok(body.equals(UNREADABLE));
    assert.match(JSON.stringify(header), /ELEMENT_UNDECODABLE/);
  });
});
