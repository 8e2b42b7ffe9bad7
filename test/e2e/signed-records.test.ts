import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DocumentedSession, documentedSteps } from '../support/documented-session.js';
import { consume } from '../support/sample-messages.js';
import { Scene } from '../support/scene.js';
import { SignedRecords } from '../support/signed-records.js';

const USER = { user: 'accounting', pass: 'secret' };
const DESTINATION = '/queue/accounting';

async function set(test: Parameters<typeof Scene.set>[0]) {
  const scene = await Scene.set(test, { server: 'RabbitMQ/3.10.8', users: { [USER.user]: USER.pass } });
  return { scene, records: new SignedRecords(scene.folder, { uri: scene.broker.uri, ...USER }, DESTINATION) };
}

describe('signed records', () => {
  it('go both ways as docs/signed-records.md says', async (test) => {
    const { records } = await set(test);
    const session = await DocumentedSession.open(test, records.own);
    const steps = documentedSteps('docs/signed-records.md');
    assert.ok(steps.length > 10);
    await session.happens(steps);
  });

  it('are taken only when they are signed, by somebody of the list, and not altered', async (test) => {
    const { scene, records } = await set(test);
    records.makeHost('known', true);
    records.makeHost('stranger', false);
    records.sign('known', 'Site: GOOD\n');
    records.sign('stranger', 'Site: STRANGER\n');
    const signed = readdirSync(records.path('stompctl/signed-sender')).map((name) =>
      join(records.path('stompctl/signed-sender'), name),
    );
    const good = signed.map((path) => readFileSync(path, 'utf8')).find((text) => text.includes('GOOD')) ?? '';
    const bad = {
      altered: good.replace('GOOD', 'EVIL'),
      cut: good.slice(0, good.length / 2),
      plain: 'Site: PLAIN\n',
      empty: '',
    };
    for (const [name, text] of Object.entries(bad))
      writeFileSync(join(records.path('stompctl/signed-sender'), name), text);
    const sender = await scene.run(['--config', scene.path('signed-sender.conf'), '--no-loop']);
    assert.equal(sender.code, 0, sender.stderr);
    const receiver = await scene.run(['--config', scene.path('signed-receiver.conf'), '--count', '6']);
    assert.equal(receiver.code, 1, receiver.stderr);
    assert.match(receiver.stderr, /\/O=Example\/CN=stranger is not in .*signers/);
    const taken = readdirSync(records.path('stompctl/records'));
    assert.deepEqual(
      taken.map((name) => readFileSync(join(records.path('stompctl/records'), name), 'utf8')),
      ['Site: GOOD\n'],
    );
    const failed = [...consume(records.path('stompctl/signed-receiver-failures'))];
    assert.deepEqual(
      failed.map(({ header }) => header['x-stompctl-code']),
      Array(5).fill('COMMAND_FAILED'),
    );
    assert.deepEqual(failed.map(({ body }) => body.toString()).includes(bad.altered), true);
  });

  it('are signed from a raw queue as well', async (test) => {
    const { scene, records } = await set(test);
    records.makeHost('host', true);
    const { SimpleQueue } = await import('../../src/dirq/simple-queue.js');
    await new SimpleQueue({ path: records.path('apel/outgoing') }).add('Site: A\n');
    const [, text = ''] =
      /^```yaml\n(# sign\.yaml[\s\S]*?)^```$/m.exec(readFileSync('docs/signed-records.md', 'utf8')) ?? [];
    writeFileSync(scene.path('sign.yaml'), records.here(text));
    const { code, stderr } = await scene.run(['--config', scene.path('sign.yaml'), '--no-loop']);
    assert.equal(code, 0, stderr);
    const [name = ''] = readdirSync(records.path('stompctl/signed-sender'));
    assert.match(
      readFileSync(join(records.path('stompctl/signed-sender'), name), 'utf8'),
      /multipart\/signed[\s\S]*Site: A/,
    );
  });
});
