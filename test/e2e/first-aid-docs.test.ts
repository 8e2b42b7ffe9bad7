import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { COMMANDS } from '../../src/cli/command-line/commands.js';
import { DocumentedSession, documentedSteps } from '../support/documented-session.js';
import { serveDoubles } from '../support/doubling.js';

const PAGE = 'docs/first-aid.md';
const DOCUMENTED_URI = 'stomp://broker.example.org:61613';

test('the sessions of docs/first-aid.md happen as they stand there', async (t) => {
  const broker = await InProcessBroker.start({ users: { alice: 'secret' } });
  t.after(() => broker.stop());
  const session = await DocumentedSession.open(t, new Map([[DOCUMENTED_URI, broker.uri]]));
  await serveDoubles(t, session, 'secret');
  const steps = documentedSteps(PAGE);
  assert.ok(steps.length > 10);
  await session.happens(steps);
});

test('docs/first-aid.md has every flag of its commands', () => {
  const text = readFileSync(PAGE, 'utf8');
  for (const { name, flags } of [COMMANDS.send, COMMANDS.receive, COMMANDS.peek, COMMANDS.request, COMMANDS.broker]) {
    const missing = flags.filter((flag) => !text.includes(`--${flag.name}`)).map((flag) => flag.name);
    assert.deepEqual(missing, [], name);
  }
});
