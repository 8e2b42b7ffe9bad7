import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { load } from 'js-yaml';
import { externalBroker } from '../support/external-broker.js';
import { TEST_PASS, TEST_USER } from '../support/local-broker.js';

interface ComposeFile {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly environment: Readonly<Record<string, string>>;
        readonly ports: readonly string[];
        readonly healthcheck: object;
      }
    >
  >;
}

const FILE = join(import.meta.dirname, '../../../docker-compose.yml');
const KINDS = ['rabbitmq', 'activemq', 'artemis'] as const;

test('each broker is there, for the user of the tests, on loopback only', async () => {
  const { services } = load(await readFile(FILE, 'utf8')) as ComposeFile;
  assert.deepEqual(Object.keys(services), KINDS);
  for (const { image, environment, ports, healthcheck } of Object.values(services)) {
    assert.match(image, /:\d/);
    assert.ok(healthcheck);
    const values = Object.values(environment);
    assert.ok(values.includes(TEST_USER) && values.includes(TEST_PASS));
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
  }
});

test('the variables that its comment gives name these brokers', async () => {
  const text = await readFile(FILE, 'utf8');
  const { services } = load(text) as ComposeFile;
  for (const kind of KINDS) {
    const uri = new RegExp(`export STOMPCTL_TEST_${kind.toUpperCase()}=(\\S+)`).exec(text)?.[1] ?? '';
    const broker = externalBroker(kind, uri);
    assert.deepEqual([broker.user, broker.pass, broker.vhost], [TEST_USER, TEST_PASS, '/']);
    assert.equal(services[kind]?.ports[0], `${broker.host}:${broker.port}:61613`);
  }
});
