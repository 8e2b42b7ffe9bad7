import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { configurationText } from '../../src/cli/init/configuration-text.js';
import { DIRECTIONS } from '../../src/cli/init/questions.js';
import { resolveSettings } from '../../src/config/resolve-settings.js';
import type { BrokerSettings } from '../../src/config/settings.js';
import { THOROUGH } from '../support/thorough.js';

/** Anything that may be answered: one line, with what the two formats care for. */
const answer = fc
  .string({ unit: fc.constantFrom(...'aZ0 \\$"\'#<>{}:=&*!|%@`~-,[]?é日'), minLength: 1, maxLength: 12 })
  .filter((text) => text.trim() !== '');
const path = answer.map((text) => `/${text.replaceAll('/', '')}`);

describe('the configuration that init makes', () => {
  for (const format of ['apache', 'yaml'] as const) {
    it(`means what was answered, in ${format}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'stompctl-'));
      try {
        const property = fc.asyncProperty(
          fc.constantFrom(...DIRECTIONS),
          answer,
          answer,
          path,
          path,
          async (direction, user, destination, queue, ca) => {
            const file = join(folder, `t.${format === 'yaml' ? 'yaml' : 'conf'}`);
            const answers = new Map(
              Object.entries({
                direction,
                uri: 'ssl://one.example.com:61614/v%20h',
                user,
                password: 'never in the configuration',
                ca,
                'to-uri': 'failover:(stomp://two.example.com,stomp://three.example.com)?maxReconnectAttempts=2',
                'to-user': user,
                'to-pass-file': queue,
                'to-ca': '',
                queue,
                destination,
              }),
            );
            const text = configurationText(file, format, answers);
            assert.doesNotMatch(text, /never in the configuration/);
            writeFileSync(file, text);
            const { source, sink, callback, failureQueue, loop, remove } = await resolveSettings({
              commandLine: new Map([['config', [file]]]),
              env: {},
            });
            const first = source.kind === 'broker' ? source : sink;
            assert.ok(first.kind === 'broker');
            assertBroker(first.broker, user, join(folder, 't.pass'), ca);
            if (source.kind === 'broker') assert.equal(source.subscriptions[0]?.header.destination, destination);
            else {
              assert.ok(source.kind === 'queue' && source.queue.path === queue);
              assert.equal(callback?.code, `hdr.destination = ${JSON.stringify(destination)};`);
              assert.deepEqual([loop, remove], [direction === 'sender', true]);
            }
            if (direction === 'receiver') assert.ok(sink.kind === 'queue' && sink.queue.path === queue);
            if (direction === 'shovel') {
              assert.ok(sink.kind === 'broker');
              assertBroker(sink.broker, user, queue, undefined);
            } else assert.equal(failureQueue?.path, `${queue}-failures`);
          },
        );
        // a variable that does not end, wherever an answer goes
        const examples = DIRECTIONS.map((each) => [each, '${a', '${a', '/${a', '/${a'] as const);
        await fc.assert(property, { numRuns: THOROUGH ? 2000 : 60, examples: examples.map((each) => [...each]) });
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});

function assertBroker(broker: BrokerSettings, user: string, passFile: string, ca: string | undefined): void {
  const [plain, x509] = broker.auth;
  assert.deepEqual(plain && { ...plain, fields: { ...plain.fields } }, {
    scheme: 'plain',
    fields: { name: user, 'pass-file': passFile },
  });
  if (ca === undefined) assert.equal(x509, undefined);
  else assert.deepEqual(x509 && { ...x509, fields: { ...x509.fields } }, { scheme: 'x509', fields: { ca } });
}
