import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeRun } from '../../src/config/describe/describe-run.js';
import { examineConfiguration } from '../../src/config/resolve-settings.js';
import { type Cleaning, tempFolder } from '../support/temp-folder.js';

const BROKER = { 'incoming-broker-uri': 'stomp://h:1', subscribe: { destination: '/queue/q' } };
const QUEUE = { 'incoming-queue': { path: '/q/in' }, remove: true };

async function examined(t: Cleaning, options: object) {
  const file = join(await tempFolder(t), 'c.json');
  writeFileSync(file, JSON.stringify(options));
  return examineConfiguration({ commandLine: new Map([['config', [file]]]), env: {} });
}

test('a command has its defaults, and what is written', async (t) => {
  const { settings, problems } = await examined(t, { ...QUEUE, 'outgoing-command': { command: '/bin/x "a b"' } });
  assert.deepEqual(problems, []);
  assert.deepEqual(settings?.sink, {
    kind: 'command',
    command: {
      words: [['/bin/x'], ['a b']],
      batch: undefined,
      coalesceMs: undefined,
      concurrency: 1,
      timeoutMs: 60_000,
      replies: undefined,
    },
  });
  const whole = { command: '/bin/x', coalesce: '5 s', timeout: '2m' };
  const { settings: other } = await examined(t, { ...QUEUE, 'outgoing-command': whole });
  assert.ok(other?.sink.kind === 'command');
  assert.deepEqual([other.sink.command.coalesceMs, other.sink.command.timeoutMs], [5000, 120_000]);
});

test('replies go to the incoming broker, as it is logged in to', async (t) => {
  const options = { ...BROKER, 'incoming-broker-auth': 'plain name=a pass-env=P' };
  const { settings } = await examined(t, { ...options, 'outgoing-command': { command: '/bin/x', output: 'reply' } });
  assert.ok(settings?.sink.kind === 'command');
  assert.equal(settings.sink.command.replies?.uri, 'stomp://h:1');
  assert.deepEqual(
    settings.sink.command.replies?.auth[0]?.fields,
    Object.assign(Object.create(null), { name: 'a', 'pass-env': 'P' }),
  );
});

test('what only a shell would read in a command is warned of', async (t) => {
  const warned = async (command: string) =>
    (await examined(t, { ...QUEUE, 'outgoing-command': { command } })).warnings.join('\n');
  assert.match(
    await warned('/bin/cat | /bin/wc'),
    /c\.json:\d+: outgoing-command: "\|" is handed .* no shell is in between/,
  );
  assert.equal(await warned("/bin/sh -c 'cat | wc'"), '');
  const from = { 'incoming-command': { command: '/bin/ls *', ack: 'stdin' }, 'outgoing-queue': { path: '/q/out' } };
  assert.match((await examined(t, from)).warnings.join('\n'), /incoming-command: "\*" is handed/);
});

const REFUSED: readonly (readonly [object, RegExp])[] = [
  [{ command: '/bin/x "a' }, /"command" a " is not closed/],
  [{ command: '%{host} x' }, /a message would choose what is run/],
  [{ batch: 3 }, /"command" is missing/],
  [{ command: '/bin/x', batch: 3, coalesce: 5 }, /batch and coalesce exclude each other/],
  [{ command: '/bin/x', concurrency: 2, coalesce: 5 }, /coalesce and concurrency exclude each other/],
  [{ command: '/bin/x %{a}', coalesce: 5 }, /needs a run for each message/],
  [{ command: '/bin/x %{a}', batch: 5 }, /needs a run for each message/],
  [{ command: '/bin/x', output: 'reply' }, /needs an incoming broker/],
  [{ command: '/bin/x', output: 'reply', batch: 2 }, /needs a run for each message/],
  [{ command: '/bin/x', output: 'relpy' }, /must be one of log, reply/],
  [{ command: '/bin/x', concurrency: 0 }, /must be at least 1/],
  [{ command: '/bin/x', shell: 'true' }, /there is no "shell" here/],
];

for (const [table, reason] of REFUSED) {
  test(`${JSON.stringify(table)} is refused: ${reason.source}`, async (t) => {
    const { problems } = await examined(t, { ...QUEUE, 'outgoing-command': table });
    assert.match(problems.map((problem) => problem.reason).join('\n'), reason);
  });
}

test('a command is an end by itself: no queue and no broker besides', async (t) => {
  const command = { command: '/bin/x' };
  for (const [option, value] of Object.entries({
    'outgoing-queue': { path: '/q/out' },
    'outgoing-broker-uri': 'stomp://h',
  })) {
    const { problems } = await examined(t, { ...QUEUE, 'outgoing-command': command, [option]: value });
    assert.match(problems.map(({ reason }) => reason).join('\n'), /exclude each other: keep one of them/);
  }
});

test('what a run will do names the program, and none of its arguments', async (t) => {
  const told = async (table: object) => {
    const { settings } = await examined(t, {
      ...BROKER,
      'outgoing-command': { command: '/bin/x --password=geheim', ...table },
    });
    assert.ok(settings);
    return describeRun(settings);
  };
  assert.match(await told({}), /and runs \/bin\/x for each\. /);
  assert.match(await told({ batch: 7 }), /runs \/bin\/x for up to 7 of them at a time\. /);
  assert.match(await told({ coalesce: 5 }), /runs \/bin\/x once for all that come within 5 s\. /);
  assert.match(await told({ output: 'reply' }), /sends what it writes as replies to stomp:\/\/h:1\. /);
});

test('an incoming command has a failure queue, or is told what is safe', async (t) => {
  const OUT = { 'outgoing-queue': { path: '/q/out' } };
  const failure = { 'failure-queue': { path: '/q/failed' } };
  const reasons = async (options: object) => (await examined(t, options)).problems.map(({ reason }) => reason).join();
  const command = { command: '/bin/x "a b"' };
  const { settings, problems } = await examined(t, { ...OUT, ...failure, loop: true, 'incoming-command': command });
  assert.deepEqual(problems, []);
  assert.deepEqual(settings?.source, { kind: 'command', command: { words: ['/bin/x', 'a b'], acks: false } });
  assert.equal(await reasons({ ...OUT, 'incoming-command': { ...command, ack: 'stdin' } }), '');
  assert.match(await reasons({ ...OUT, 'incoming-command': command }), /cannot be read again: add a failure-queue/);
  const templated = { command: '/bin/x %{a}', ack: 'stdin' };
  assert.match(await reasons({ ...OUT, 'incoming-command': templated }), /%\{…\} has no message here/);
  assert.match(await reasons({ ...OUT, 'incoming-command': { command: '"', ack: 'stdin' } }), /not closed/);
  const both = { ...QUEUE, ...OUT, ...failure, 'incoming-command': command };
  assert.match(await reasons(both), /incoming/);
  assert.match(
    await reasons({ ...OUT, ...failure, 'incoming-command': command, remove: true }),
    /remove needs an incoming queue/,
  );
});
