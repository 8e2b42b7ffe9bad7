import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { runMain } from '../support/run-main.js';
import { DESTINATION, Scene } from '../support/scene.js';

/** A sender in a scene, as a configuration file with a pidfile. */
function configured(scene: Scene): { readonly config: string; readonly pidfile: string } {
  const [config, pidfile] = [scene.path('sender.yaml'), scene.path('run.pid')];
  const lines = [
    `incoming-queue: {path: ${scene.path('in')}}`,
    `outgoing-broker-uri: ${scene.broker.uri}`,
    'loop: true',
    'remove: true',
    'reconnect-delay: 0.05',
    'reconnect-max-delay: 0.4',
    `pidfile: ${pidfile}`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  return { config, pidfile };
}

describe('a sender whose broker goes away, with twenty messages waiting', () => {
  it('is stuck, says why in status and at USR1, and is well when the broker is back', async (test) => {
    const scene = await Scene.set(test);
    const { config, pidfile } = configured(scene);
    const run = scene.start(['--config', config]);
    await eventually(async () => existsSync(`${pidfile}.status`) && (await runMain(['status', config])).code === 0);
    await scene.broker.kill();
    scene.fill('in', 20);
    await eventually(() => run.log('open-retry').length >= 6);
    const stuck = await eventually(async () => {
      const told = await runMain(['status', config]);
      return told.code === 2 && told.out.includes('20 messages in the incoming queue') && told;
    });
    const [line, verdict, ...ends] = stuck.out.trimEnd().split('\n');
    assert.match(String(line), new RegExp(`^stompctl \\(pid ${run.pid}\\) was active on `));
    assert.match(
      String(verdict),
      /^stuck: sink broker .* is away for \d+ s: .*CONNECT|^stuck: sink broker .* is away for \d+ s: connect/,
    );
    assert.match(String(verdict), /\((attempt \d+, )(next try in \d+ s|trying now)\)/);
    assert.match(
      ends.join('\n'),
      /^ {2}source queue .*: open\n {2}sink broker .*: (waiting|opening), away for \d+ s, attempt \d+(, next try in \d+ s)?; last error \d s before: /,
    );
    assert.match(ends.join('\n'), /\n {2}last received \d+ s ago, oldest unsettled taken \d+ s ago\n/);
    assert.match(ends.join('\n'), /\n {2}received 20, sent 0, dropped 0, rejected 0, in flight 20, parked 0, /);
    assert.match(ends.join('\n'), /\n {2}incoming queue 20, the oldest for /);
    const json = JSON.parse((await runMain(['status', '--json', config])).out);
    assert.deepEqual([json.state, json.code, json.running, json.pid], ['stuck', 2, true, run.pid]);
    assert.equal(json.backlog.elements, 20);
    const old = await runMain(['--status', '--pidfile', pidfile]);
    assert.equal(old.code, 0, 'the option keeps the codes of stompclt');
    assert.match(old.out, /^stompctl \(pid \d+\) was active on [^\n]*\n$/);
    run.signal('SIGUSR1');
    const [state] = await eventually(() => run.log('state').length > 0 && run.log('state'));
    assert.equal(state?.state, 'stuck');
    assert.match(String(state?.msg), /^stuck: sink broker .* is away for/);

    await scene.broker.resumeAccepting();
    await eventually(() => scene.broker.depth(DESTINATION).ready === 20);
    const well = await eventually(async () => {
      const told = await runMain(['status', config]);
      return told.code === 0 && told;
    });
    assert.match(well.out, /\n(moving|idle): /);
    assert.equal((await run.stop()).code, 0);
    assert.equal(existsSync(`${pidfile}.status`), false, 'a clean end leaves nothing');
    const ended = await runMain(['status', config]);
    assert.deepEqual([ended.code, ended.out], [1, 'stompctl does not seem to be running (no pid file)\n']);
  });

  it('is stuck when its process is stopped, and not running once it is killed', async (test) => {
    const scene = await Scene.set(test);
    const { config, pidfile } = configured(scene);
    const run = scene.start(['--config', config]);
    await eventually(async () => existsSync(`${pidfile}.status`) && (await runMain(['status', config])).code === 0);
    run.signal('SIGSTOP');
    const stopped = await eventually(async () => {
      const told = await runMain(['status', config]);
      return told.code === 2 && told;
    });
    assert.match(stopped.out, /\nstuck: it has published nothing for \d+ s: the process is stopped, blocked/);
    run.signal('SIGCONT');
    await eventually(async () => (await runMain(['status', config])).code === 0);
    await run.stop('SIGKILL');
    assert.ok(existsSync(`${pidfile}.status`), 'what a kill leaves behind');
    for (const args of [[config], ['--json', config], ['--pidfile', pidfile]]) {
      const told = await runMain(['status', ...args]);
      assert.equal(told.code, 1, told.out);
    }
    const again = scene.start(['--config', config]);
    await eventually(async () => (await runMain(['status', config])).out.includes(`(pid ${again.pid})`));
    await eventually(async () => (await runMain(['status', config])).code === 0);
    assert.equal((await again.stop()).code, 0);
    assert.equal(existsSync(`${pidfile}.status`), false);
  });
});
