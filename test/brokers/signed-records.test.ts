import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { brokerKinds, useBroker } from '../support/real-brokers.js';
import { RealScene, stopsWell } from '../support/real-scene.js';
import { SignedRecords } from '../support/signed-records.js';

const COUNT = 24;

for (const kind of brokerKinds()) {
  describe(`signed records, on ${kind}`, () => {
    const broker = useBroker(kind);

    it('are each verified and there once, though sender and receiver are killed', async (test) => {
      const scene = await RealScene.set(test, broker());
      const records = new SignedRecords(scene.folder, broker(), scene.destination);
      records.makeHost('host', true);
      for (let number = 0; number < COUNT; number += 1) records.sign('host', `Site: S${number}\n`);
      const start = () =>
        ['signed-sender.conf', 'signed-receiver.conf'].map((name) => scene.start(['--config', scene.path(name)]));
      const taken = () => readdirSync(records.path('stompctl/records')).filter((name) => !name.startsWith('.'));
      for (const point of [4, 10, 16]) {
        const runs = start();
        await eventually(() => taken().length >= point, { everyMs: 1 });
        await Promise.all(runs.map((run) => run.stop('SIGKILL')));
      }
      const runs = start();
      const waiting = () => readdirSync(records.path('stompctl/signed-sender')).filter((name) => !name.startsWith('.'));
      await eventually(() => taken().length === COUNT && waiting().length === 0);
      for (const run of runs) await stopsWell(run);
      const texts = taken().map((name) => readFileSync(join(records.path('stompctl/records'), name), 'utf8'));
      assert.deepEqual(texts.sort(), Array.from({ length: COUNT }, (_, number) => `Site: S${number}\n`).sort());
      assert.deepEqual(scene.messages('spool/stompctl/signed-receiver-failures'), []);
      assert.deepEqual(scene.messages('spool/stompctl/signed-sender-failures'), []);
    });
  });
}
