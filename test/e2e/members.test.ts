import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { it } from 'node:test';
import { statusPath } from '../../src/daemon/status-file.js';
import { eventually } from '../support/eventually.js';
import { ascending, DESTINATION, Scene, upTo } from '../support/scene.js';
import { startedBroker } from '../support/started-broker.js';

it('one command produces to all brokers of a list, another consumes from all', async (test) => {
  const scene = await Scene.set(test);
  const other = await startedBroker(test);
  const list = `failover:(${scene.broker.uri},${other.uri})`;
  scene.fill('in', 100);
  const to = ['--outgoing-broker-uri', list, '--outgoing-broker-members', 'all'];
  const from = ['--incoming-queue', `path=${scene.path('in')}`, '--remove'];
  const sent = await scene.run([...from, ...to]);
  assert.equal(sent.code, 0, sent.stderr);
  for (const broker of [scene.broker, other]) assert.ok(broker.depth(DESTINATION).ready >= 20);

  const receive = ['--incoming-broker-uri', list, '--incoming-broker-members', 'all'];
  const receiver = [...receive, '--subscribe', `destination=${DESTINATION}`];
  const store = ['--outgoing-queue', `path=${scene.path('out')}`];
  const shown = await scene.run([...receiver, ...store, '--dry-run', '--log-level', 'warn']);
  assert.equal(shown.code, 0, shown.stderr);
  const numbers = [...shown.stdout.matchAll(/x-number["=: ]+(\d+)/g)].map(([, number]) => Number(number));
  assert.deepEqual([...new Set(numbers)].sort(ascending), upTo(100), shown.stdout.slice(0, 500));

  const received = await scene.run([...receiver, ...store, '--count', '100']);
  assert.equal(received.code, 0, received.stderr);
  assert.deepEqual(scene.stored('out'), upTo(100));
  for (const broker of [scene.broker, other]) assert.equal(broker.depth(DESTINATION).ready, 0);
});

it('check --connect logs in to every member, and names the one that is down', async (test) => {
  const scene = await Scene.set(test);
  const other = await startedBroker(test);
  const uri = `failover:(${scene.broker.uri},${other.uri})`;
  const file = scene.path('members.yaml');
  writeFileSync(file, JSON.stringify({ 'incoming-queue': { path: '/' }, 'outgoing-broker': { uri, members: 'all' } }));
  const both = await scene.run(['check', '--connect', file]);
  for (const { port } of [scene.broker, other]) {
    const line = new RegExp(`broker stomp://127\\.0\\.0\\.1:${port} \\[127\\.0\\.0\\.1\\]: logged in`);
    assert.match(both.stdout, line, both.stdout + both.stderr);
  }
  await other.kill();
  const one = await scene.run(['check', '--connect', file]);
  assert.notEqual(one.code, 0);
  assert.match(one.stdout + one.stderr, new RegExp(`connect\\(127\\.0\\.0\\.1:${other.port}\\): .*ECONNREFUSED`));
});

it('the status names the members, and says which one is away', async (test) => {
  const scene = await Scene.set(test);
  const other = await startedBroker(test);
  const pidfile = scene.path('pid');
  const run = scene.start([
    ...['--incoming-broker-uri', `failover:(${scene.broker.uri},${other.uri})`, '--incoming-broker-members', 'all'],
    ...['--subscribe', `destination=${DESTINATION}`, '--outgoing-queue', `path=${scene.path('out')}`],
    ...['--pidfile', pidfile, '--reconnect-delay', '0.05', '--reconnect-max-delay', '0.2'],
  ]);
  const status = () => JSON.parse(readFileSync(statusPath(pidfile), 'utf8'));
  const phases = () => {
    const [source] = status().ends;
    return [source.phase, ...source.members.map(({ phase }: { readonly phase: string }) => phase)].join();
  };
  await eventually(() => phases() === 'open,open,open');
  await other.kill();
  await eventually(() => status().reason.includes('1 of 2 members of source broker failover:'));
  const ended = await run.stop();
  assert.equal(ended.code, 0, ended.stderr);
});
