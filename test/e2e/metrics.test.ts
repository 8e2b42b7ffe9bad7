import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { ask } from '../support/http-ask.js';
import { Scene, upTo } from '../support/scene.js';
import { type StompctlProcess, WITHOUT_PRIVILEGES } from '../support/stompctl-process.js';
import { atEnd } from '../support/temp-folder.js';

/** Where a run serves its metrics, once it does. */
async function served(run: StompctlProcess): Promise<string> {
  return eventually(() => String(run.log('metrics-listen')[0]?.address ?? ''));
}

/** The value of a metric, with its labels. */
function metric(text: string, name: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? Number.NaN : Number(line.slice(name.length + 1));
}

describe('metrics-listen', () => {
  it('tells what is moved, is well while it moves, and says why when it does not', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 25);
    const run = scene.start(scene.sender('--loop', '--metrics-listen', '127.0.0.1:0'));
    const address = await served(run);
    const text = await eventually(async () => {
      const { body } = await ask(address, '/metrics');
      return metric(body, 'stompctl_messages_total{outcome="sent"}') === 25 && body;
    });
    assert.equal(metric(text, 'stompctl_received_messages_total'), 25);
    assert.equal(metric(text, 'stompctl_settle_seconds_count'), 25);
    assert.equal(metric(text, `stompctl_end_open{role="sink",name="broker ${scene.broker.uri}"}`), 1);
    assert.ok(metric(text, 'process_resident_memory_bytes') > 1e6);
    assert.ok(metric(text, 'nodejs_eventloop_lag_seconds') >= 0);
    await eventually(async () => (await ask(address, '/readyz')).status === 200);
    const well = await ask(address, '/healthz');
    assert.equal(well.status, 200);
    assert.match(well.body, /^(moving|idle): /);

    await scene.broker.kill();
    const ill = await eventually(async () => {
      const told = await ask(address, '/healthz');
      return told.status === 503 && told;
    });
    assert.match(ill.body, /^stuck: sink broker .* is away for \d+ s: connect/);
    const unready = await ask(address, '/readyz');
    assert.equal(unready.status, 503);
    assert.match(unready.body, /^sink broker .* is not open/);
    const status = JSON.parse((await ask(address, '/status')).body);
    assert.deepEqual([status.state, status.pid, status.counted.sent], ['stuck', run.pid, 25]);
    await eventually(async () => metric((await ask(address, '/metrics')).body, 'stompctl_state{state="stuck"}') === 1);

    await scene.broker.resumeAccepting();
    await eventually(async () => (await ask(address, '/healthz')).status === 200);
    assert.equal((await run.stop()).code, 0);
  });

  it('shows the configuration in effect without secrets and code, and the page with a policy that fits', async (test) => {
    const scene = await Scene.set(test, { users: { me: 's3cret' } });
    const args = ['--outgoing-broker-auth', 'plain name=me pass=s3cret', '--callback-code', 'hdr.token = "s3cret";\n'];
    const run = scene.start(scene.sender('--loop', '--metrics-listen', '127.0.0.1:0', ...args));
    mkdirSync(scene.path('in'), { recursive: true });
    const address = await served(run);
    const options = await eventually(async () => {
      const all: { name: string; value: string }[] = JSON.parse((await ask(address, '/options')).body);
      return all.length > 0 && all;
    });
    assert.equal(options.find(({ name }) => name === 'outgoing-broker-auth')?.value, 'plain name=me pass=***');
    assert.equal(options.find(({ name }) => name === 'callback-code')?.value, '(1 line)');
    const page = await ask(address, '/');
    const policy = String(page.headers['content-security-policy']);
    assert.match(
      policy,
      /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self'/,
    );
    assert.doesNotMatch(page.body, /https?:|\/\/[a-z]|@import|url\(/);
    for (const path of ['/', '/status', '/options', '/metrics', '/healthz', '/readyz']) {
      assert.doesNotMatch((await ask(address, path)).body, /s3cret/, path);
    }
    for (const path of ['/nothing', '/../etc/passwd', '//', '/__proto__', '/metrics/']) {
      assert.equal((await ask(address, path)).status, 404, path);
    }
    assert.equal((await run.stop()).code, 0);
  });

  it('shows the options that a reload took over', async (test) => {
    const scene = await Scene.set(test);
    mkdirSync(scene.path('in'));
    const config = (rate: number) =>
      writeFileSync(
        scene.path('x.yaml'),
        `incoming-queue: {path: ${scene.path('in')}}\noutgoing-queue: {path: ${scene.path('out')}}\nloop: true\n` +
          `remove: true\nmetrics-listen: 127.0.0.1:0\nmax-rate: ${rate}\n`,
      );
    config(100);
    const run = scene.start(['--config', scene.path('x.yaml')]);
    const address = await served(run);
    const rate = async () => {
      const options: { name: string; value: string }[] = JSON.parse((await ask(address, '/options')).body);
      return options.find(({ name }) => name === 'max-rate')?.value;
    };
    await eventually(async () => (await rate()) === '100');
    config(200);
    run.signal('SIGHUP');
    await eventually(async () => (await rate()) === '200');
    assert.equal((await run.stop()).code, 0);
  });

  it('answers on a socket, and the next run replaces what a killed one left', async (test) => {
    const scene = await Scene.set(test);
    const socket = `unix:${scene.path('m.sock')}`;
    const args = scene.receiver('--metrics-listen', socket);
    const first = scene.start(args);
    assert.equal(await served(first), socket);
    await eventually(async () => (await ask(socket, '/readyz')).status === 200);
    await first.stop('SIGKILL');
    assert.ok(existsSync(scene.path('m.sock')));
    const second = scene.start(args);
    await served(second);
    await eventually(async () => (await ask(socket, '/readyz')).status === 200);
    assert.equal((await second.stop()).code, 0);
    assert.equal(existsSync(scene.path('m.sock')), false);
  });

  it('ends the start with 73 when the port is in use, and moves nothing', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 3);
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', () => resolve()));
    atEnd(test, () => new Promise((resolve) => other.close(resolve)));
    const bound = other.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    const ended = await scene.run(scene.mover('--metrics-listen', `127.0.0.1:${bound.port}`));
    assert.equal(ended.code, 73);
    assert.match(ended.stderr, /"code":"METRICS_LISTEN".*something listens there already: choose another port/);
    assert.equal(scene.stored('in').length, 3);
  });
});

describe('metrics-textfile', () => {
  it('tells after a run how it ended, and leaves nothing else', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 7);
    mkdirSync(scene.path('m'));
    const path = scene.path('m/mover.prom');
    assert.equal((await scene.run(scene.mover('--metrics-textfile', path))).code, 0);
    assert.deepEqual(scene.stored('out'), upTo(7));
    const text = readFileSync(path, 'utf8');
    assert.equal(metric(text, 'stompctl_messages_total{outcome="sent",file="mover"}'), 7);
    assert.equal(metric(text, 'stompctl_run_exit_code{file="mover"}'), 0);
    assert.ok(metric(text, 'stompctl_run_end_timestamp_seconds{file="mover"}') > 1e9);
    assert.doesNotMatch(text, /^(?:process|nodejs)_/m, 'the node exporter has those of its own');
    assert.deepEqual(readdirSync(scene.path('m')), ['mover.prom']);
  });

  it('tells that a run failed', async (test) => {
    const scene = await Scene.set(test);
    const path = scene.path('mover.prom');
    assert.equal((await scene.run(scene.mover('--metrics-textfile', path))).code, 66, 'there is no queue');
    assert.equal(metric(readFileSync(path, 'utf8'), 'stompctl_run_exit_code{file="mover"}'), 66);
  });

  it('is there from the start of a run without end', async (test) => {
    const scene = await Scene.set(test);
    const path = scene.path('receiver.prom');
    const run = scene.start(scene.receiver('--metrics-textfile', path));
    await eventually(() => existsSync(path));
    assert.doesNotMatch(readFileSync(path, 'utf8'), /^stompctl_run_exit_code/m);
    assert.equal((await run.stop()).code, 0);
    assert.match(readFileSync(path, 'utf8'), /^stompctl_run_exit_code\{file="receiver"\} 0$/m);
  });

  it('warns once when it cannot be written, and the run goes on', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 2);
    mkdirSync(scene.path('m'));
    writeFileSync(scene.path('m/x.prom'), 'old\n');
    chmodSync(scene.path('m'), 0o555);
    const args = scene.mover('--metrics-textfile', scene.path('m/x.prom'));
    const run = scene.start(args, { under: WITHOUT_PRIVILEGES });
    assert.equal((await run.ended()).code, 0);
    const warned = run.log('metrics-unwritable');
    assert.equal(warned.length, 1);
    assert.match(String(warned[0]?.msg), /EACCES.*let the user of stompctl write to the folder/);
    assert.equal(readFileSync(scene.path('m/x.prom'), 'utf8'), 'old\n');
    chmodSync(scene.path('m'), 0o755);
  });
});
