import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TapSink } from '../../src/sinks/queue/tap-sink.js';
import { FakeSink, lost, textMessage } from '../support/fake-ends.js';

test('every message goes to both, and is safe when it is safe in both', async () => {
  const [main, tap] = [new FakeSink(), new FakeSink()];
  const sink = new TapSink(main, tap);
  await sink.open();
  await Promise.all(['1', '2'].map((text) => sink.send(textMessage(text))));
  assert.deepEqual(
    [main.safe, tap.safe],
    [
      ['1', '2'],
      ['1', '2'],
    ],
  );
  await sink.flush();
  await sink.close();
  assert.deepEqual([main.closed, tap.closed, main.opened, tap.opened], [1, 1, 1, 1]);
});

for (const which of ['main', 'tap'] as const) {
  test(`what the ${which} sink refuses is not safe`, async () => {
    const fakes = { main: new FakeSink(), tap: new FakeSink() };
    fakes[which] = new FakeSink(() => lost());
    await assert.rejects(new TapSink(fakes.main, fakes.tap).send(textMessage('1')), { code: 'SESSION_LOST' });
  });
}
