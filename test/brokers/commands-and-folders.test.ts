import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { brokerKinds, useBroker } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';

const COUNT = 120;

for (const kind of brokerKinds()) {
  describe(`files as requests, a command as the server, replies as files, on ${kind}`, () => {
    const broker = useBroker(kind);

    it('each file has its reply, though all three transfers are killed', async (test) => {
      const { uri, user, pass } = broker();
      const scene = await RealScene.set(test, broker());
      const [from, to] = [scene.path('from'), scene.path('to')];
      for (const path of [from, to]) mkdirSync(path);
      for (let number = 0; number < COUNT; number += 1) {
        writeFileSync(join(from, `f${number}.json`), JSON.stringify({ 'correlation-id': `c${number}` }));
        writeFileSync(join(from, `f${number}`), `question ${number}`);
      }
      const [requests, replies] = [`${scene.destination}.requests`, `${scene.destination}.replies`];
      const auth = { scheme: 'plain', name: user, pass };
      const quick = { 'reconnect-delay': 0.05, 'reconnect-max-delay': 0.5, window: 20 };
      const configurations = {
        'ask.yaml': {
          'incoming-folder': { path: from, stable: 0, sidecar: 'json', body: 'text' },
          'folder-headers': { destination: requests, 'reply-to': replies },
          'outgoing-broker': { uri, auth },
          loop: true,
        },
        'serve.yaml': {
          'incoming-broker': { uri, auth },
          subscribe: { destination: requests },
          'outgoing-command': { command: 'tr a-z A-Z', output: 'reply', concurrency: 3 },
        },
        'listen.yaml': {
          'incoming-broker': { uri, auth },
          subscribe: { destination: replies },
          'outgoing-folder': { path: to, name: '%{correlation-id}' },
        },
      };
      const start = () =>
        Object.entries(configurations).map(([name, options]) => {
          writeFileSync(scene.path(name), JSON.stringify({ ...options, ...quick }), { mode: 0o600 });
          return scene.start(['--config', scene.path(name)]);
        });
      const arrived = () => new Set(readdirSync(to).flatMap((name) => /^c\d+/.exec(name)?.[0] ?? []));
      for (const point of [20, 60]) {
        const runs = start();
        await eventually(() => arrived().size >= point, { everyMs: 2 });
        await Promise.all(runs.map((run) => run.stop('SIGKILL')));
      }
      const runs = start();
      await eventually(() => arrived().size === COUNT && readdirSync(from).every((name) => name.startsWith('.')));
      for (const run of runs) await stopsWell(run);
      assert.deepEqual(readdirSync(from), []);
      for (let number = 0; number < COUNT; number += 1) {
        assert.equal(readFileSync(join(to, `c${number}`), 'utf8'), `QUESTION ${number}`);
      }
    });
  });
}
