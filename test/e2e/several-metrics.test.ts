import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { logOf, SeveralScene } from '../support/several-scene.js';
import { runStompctl } from '../support/stompctl-process.js';

describe('several transfers, seen from outside', () => {
  it('have their names in metrics, status, probes and top', async (test) => {
    const of = await SeveralScene.set(test);
    of.mover('a', 'loop = true\nwindow = 7\n');
    of.mover('b');
    of.write('broken.conf', 'windou = 5\n');
    const run = of.start('--metrics-listen', '127.0.0.1:0');
    await eventually(() => ['a', 'b'].every((name) => logOf(run, name, 'start').length === 1));
    const address = String(run.log('metrics-listen')[0]?.address);
    const ask = async (path: string) => {
      const response = await fetch(`http://${address}${path}`);
      return { status: response.status, text: await response.text() };
    };
    await of.moves('a');
    await eventually(async () =>
      (await ask('/metrics')).text.includes('stompctl_messages_total{transfer="a",outcome="sent"} 1\n'),
    );
    const { text } = await ask('/metrics');
    assert.match(text, /^stompctl_messages_total\{transfer="b",outcome="sent"\} 0$/m);
    assert.match(text, /^stompctl_transfer_up\{transfer="broken"\} 0$/m);
    const health = await ask('/healthz');
    assert.deepEqual([health.status, /broken does not run: .*windou/.test(health.text)], [503, true]);
    assert.deepEqual(await ask('/readyz'), { status: 503, text: 'broken: failed\n' });
    const status = JSON.parse((await ask('/status')).text) as { transfers: { name: string; file: string }[] };
    assert.deepEqual(
      status.transfers.map(({ name, file }) => [name, file.endsWith(`conf.d/${name}.conf`)]),
      [
        ['a', true],
        ['b', true],
        ['broken', true],
      ],
    );
    assert.match((await ask('/options/a')).text, /\{"name":"window","value":"7","source":"[^"]*a\.conf:\d+"\}/);
    for (const path of ['/options/broken', '/options/x', '/options/%']) assert.equal((await ask(path)).status, 404);
    await seenFromShell(of);
    of.remove('broken.conf');
    assert.equal((await of.reload()).code, 0);
    await eventually(async () => (await ask('/readyz')).status === 200);
    assert.equal((await ask('/healthz')).status, 200);
    assert.equal((await run.stop()).code, 0);
  });
});

async function seenFromShell(of: SeveralScene): Promise<void> {
  // what is published is a second old at most: it may be of the time before
  const status = await eventually(async () => {
    const looked = await runStompctl(['status', '--pidfile', of.pidfile]);
    return looked.stdout.includes('in-a: open') && looked;
  });
  assert.equal(status.code, 2);
  assert.match(status.stdout, /^stuck: 3 transfers: .*; broken does not run: /m);
  assert.match(status.stdout, /^a: (?:moving|idle): .*\n {2}source queue .*in-a: open$/m);
  assert.match(status.stdout, /^broken: failed: .*"windou"/m);
  const probe = await runStompctl(['probe', '--pidfile', of.pidfile, '--warn', 'rate=1000:']);
  assert.equal(probe.code, 2);
  assert.match(probe.stdout, /; b: rate is 0 \(range 1000:\).* \| .*'a\/backlog'=0;;;0 .*'b\/rate'=0;1000:;;0/);
  const top = await runStompctl(['top', of.pidfile]);
  assert.match(top.stdout, /^all\/broken +\d+ +failed .*windou/m);
  assert.match(top.stdout, /^all\/a +\d+ +(?:moving|idle)/m);
}
