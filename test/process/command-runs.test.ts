import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { decodeMessage } from '../../src/message/json.js';
import { CommandScene, message } from '../support/command-scene.js';
import { eventually } from '../support/eventually.js';

const failsWith = (code: string, reason: RegExp) => (error: unknown) =>
  error instanceof StompctlError && error.code === code && reason.test(error.message);

test('a run has the body as its input, headers in its environment and its arguments, and nothing else', async (t) => {
  const scene = await CommandScene.set(t);
  const command = scene.script('cat >"$D/body"; printf "%s\\n" "$@" >"$D/args"; env >"$D/env"');
  const sink = await scene.sink(`${command} --host=%{host} '%{evil}' -- %{none:-x}`);
  const body = Buffer.from([0, 255, 10, 13, 65]);
  await sink.send(message(body, { host: 'a b', evil: '; touch $D/evil `id`', 'X-Odd name': '1' }));
  assert.deepEqual(readFileSync(scene.path('body')), body);
  assert.equal(scene.read('args'), '--host=a b\n; touch $D/evil `id`\n--\nx\n');
  const names = scene
    .read('env')
    .split('\n')
    .map((line) => line.split('=')[0])
    // what the shell itself adds
    .filter((name) => name !== '' && !['PWD', 'OLDPWD', '_', 'SHLVL'].includes(name ?? ''));
  const expected = [
    'PATH',
    'STOMPCTL_BODY_BYTES',
    'STOMPCTL_HEADER_EVIL',
    'STOMPCTL_HEADER_HOST',
    'STOMPCTL_HEADER_X_ODD_NAME',
    'STOMPCTL_MESSAGES',
  ];
  assert.deepEqual(names.sort(), expected);
  assert.equal(scene.read('evil'), '');
});

test('a body of several megabytes arrives whole', async (t) => {
  const scene = await CommandScene.set(t);
  const sink = await scene.sink(scene.script('wc -c >"$D/size"; echo "$STOMPCTL_BODY_BYTES" >"$D/said"'));
  await sink.send(message(Buffer.alloc(8_000_000, 7)));
  assert.deepEqual([Number(scene.read('size')), scene.read('said')], [8_000_000, '8000000\n']);
});

test('what it writes is told line by line, without what a terminal would obey', async (t) => {
  const scene = await CommandScene.set(t);
  const sink = await scene.sink(scene.script(`printf 'one\\n\\033[2Jtwo\\nlast'; echo trouble >&2`));
  await sink.send(message(''));
  assert.deepEqual(scene.lines.sort(), ['stderr trouble', 'stdout \\u001b[2Jtwo', 'stdout last', 'stdout one']);
});

test('exit code 75 asks for another attempt by whoever drives the sink; nothing is rejected', async (t) => {
  const scene = await CommandScene.set(t);
  const sink = await scene.sink(scene.script('exit 75'));
  await assert.rejects(sink.send(message('')), failsWith('COMMAND_TRY_AGAIN', /exit code 75/));
});

for (const [how, text, reason] of [
  ['another exit code', 'echo x >>"$D/runs"; exit 3', /exit code 3, the last of 3 runs/],
  ['a signal', 'echo x >>"$D/runs"; kill -SEGV $$', /ended by SIGSEGV, the last of 3 runs/],
] as const) {
  test(`after ${how} a message has max-attempts runs and is rejected; the others go on`, async (t) => {
    const scene = await CommandScene.set(t);
    const sink = await scene.sink(scene.script(`[ "$STOMPCTL_HEADER_BAD" ] || exit 0\n${text}`));
    const bad = sink.send(message('', { bad: '1' }));
    await Promise.all([
      assert.rejects(bad, failsWith('COMMAND_FAILED', reason)),
      sink.send(message('')),
      sink.send(message('')),
    ]);
    assert.equal(scene.read('runs'), 'x\nx\nx\n');
    assert.equal(scene.troubles.filter(({ event }) => event === 'command-failed').length, 2);
  });
}

test('a failed message that is well again at its next run is done', async (t) => {
  const scene = await CommandScene.set(t);
  const sink = await scene.sink(scene.script('[ -e "$D/once" ] && exit 0; : >"$D/once"; exit 1'));
  await sink.send(message(''));
});

test('never more runs at a time than concurrency, and as many when there is work', async (t) => {
  const scene = await CommandScene.set(t);
  // each waits until it sees three at once; a fourth would be seen as well
  const command = scene.script(
    ': >"$D/run.$$"; until [ "$(ls "$D" | grep -c "^run\\.")" -ge 3 ] || [ -e "$D/full" ]; do sleep 0.02; done\n' +
      ': >"$D/full"; ls "$D" | grep -c "^run\\." >>"$D/seen"; rm "$D/run.$$"',
  );
  const sink = await scene.sink(command, { concurrency: 3 });
  await Promise.all(Array.from({ length: 9 }, () => sink.send(message(''))));
  const seen = scene.read('seen').trim().split('\n').map(Number);
  assert.equal(seen.length, 9);
  assert.ok(Math.max(...seen) <= 3, String(seen));
});

test('a batch is JSON lines, a message each, at most so many', async (t) => {
  const scene = await CommandScene.set(t);
  const command = scene.script('echo "$STOMPCTL_MESSAGES" >>"$D/sizes"; cat >>"$D/lines"');
  const sink = await scene.sink(command, { shape: { kind: 'batch', most: 4 } });
  const bodies = Array.from({ length: 10 }, (_, number) => `body ${number}\nwith a line end`);
  await Promise.all(bodies.map((body) => sink.send(message(body, { a: 'b' }))));
  assert.deepEqual(scene.read('sizes').trim().split('\n').map(Number), [4, 4, 2]);
  const lines = scene.read('lines').trimEnd().split('\n');
  const decoded = lines.map((line) => decodeMessage(Buffer.from(line), { maxMessageSize: 1000 }));
  assert.deepEqual(
    decoded.map(({ body }) => body.toString()),
    bodies,
  );
  assert.equal(decoded[0]?.header.a, 'b');
});

test('of a batch that fails each message has runs for itself: the poison one alone is rejected', async (t) => {
  const scene = await CommandScene.set(t);
  const command = scene.script(
    'cat >"$D/in.$$"; if grep -q poison "$D/in.$$"; then exit 1; fi; cat "$D/in.$$" >>"$D/done"',
  );
  const sink = await scene.sink(command, { shape: { kind: 'batch', most: 5 } });
  const sent = ['a', 'b', 'poison', 'c', 'd'].map((body) => sink.send(message(body)));
  const results = await Promise.allSettled(sent);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  assert.equal(scene.read('done').trim().split('\n').length, 4);
});

test('many events are one run; those that come during it are the next one', async (t) => {
  const scene = await CommandScene.set(t);
  const command = scene.script(
    'echo "$STOMPCTL_MESSAGES" >>"$D/runs"; until [ -e "$D/go" ]; do sleep 0.02; done; wc -c >>"$D/input"',
  );
  const sink = await scene.sink(command, { shape: { kind: 'coalesced', withinMs: 50 } });
  const first = Array.from({ length: 100 }, () => sink.send(message('body')));
  await eventually(() => scene.read('runs') === '100\n');
  const second = Array.from({ length: 7 }, () => sink.send(message('body')));
  scene.script('', 'go');
  await Promise.all([...first, ...second]);
  assert.equal(scene.read('runs'), '100\n7\n');
  assert.deepEqual(scene.read('input').trim().split('\n').map(Number), [0, 0]);
});

test('a stop does not wait until the time of coalesce is over', async (t) => {
  const scene = await CommandScene.set(t);
  const sink = await scene.sink(scene.script('echo x >>"$D/runs"'), {
    shape: { kind: 'coalesced', withinMs: 3_600_000 },
  });
  const sent = [sink.send(message('')), sink.send(message(''))];
  await sink.flush();
  await Promise.all(sent);
  assert.equal(scene.read('runs'), 'x\n');
});

test('closing gives back what waits, what waits for its next run, and what runs', async (t) => {
  const scene = await CommandScene.set(t);
  const command = scene.script('if [ "$STOMPCTL_HEADER_BAD" ]; then exit 1; fi; : >"$D/begun"; sleep 600');
  const sink = await scene.sink(command, { maxAttempts: 1_000_000 });
  const sent = [sink.send(message('', { bad: '1' })), sink.send(message('')), sink.send(message(''))];
  const ended = Promise.allSettled(sent);
  await eventually(() => scene.troubles.length > 0 && scene.has('begun'));
  await sink.close();
  for (const result of await ended) {
    assert.ok(result.status === 'rejected' && failsWith('SESSION_CLOSED', /called off/)(result.reason));
  }
  await assert.rejects(sink.send(message('')), failsWith('SESSION_CLOSED', /called off/));
});

test('other attempts count from now on', async (t) => {
  const scene = await CommandScene.set(t);
  const sink = await scene.sink(scene.script('exit 1'), { maxAttempts: 1_000_000 });
  const sent = sink.send(message(''));
  sink.tune({ maxAttempts: 2 });
  await assert.rejects(sent, failsWith('COMMAND_FAILED', /the last of [12] runs/));
});
