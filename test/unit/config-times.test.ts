import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OPTION_TABLE } from '../../src/config/options/option-table.js';
import { examineCase, settingsOf } from '../support/config-case.js';

const QUEUES = 'incoming-queue = path=/in\noutgoing-queue = path=/out\n';

describe('a time', () => {
  for (const [text, milliseconds] of [
    ['250ms', 250],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['5 min', 300_000],
    ['1h', 3_600_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['90', 90_000],
  ] as const) {
    it(`may be written as ${text}`, async (t) => {
      assert.equal((await settingsOf(t, { file: `${QUEUES}duration = ${text}\n` })).durationMs, milliseconds);
      assert.equal((await settingsOf(t, { file: QUEUES, args: [`duration=${text}`] })).durationMs, milliseconds);
    });
  }

  for (const text of ['5 parsecs', '5M', 'm', '1h-5m', '5mm', '5 m x', 'infinity']) {
    it(`may not be written as ${text}`, async (t) => {
      const { texts } = await examineCase(t, { file: `${QUEUES}duration = ${text}\n` });
      assert.match(texts.join(), /duration: must be a number of seconds, or a time such as 250ms, 5m or 1h, not "/);
    });
  }

  for (const { name } of OPTION_TABLE.filter(({ kind, unit }) => kind === 'number' && unit === 'seconds')) {
    it(`may be written so for ${name}`, async (t) => {
      const { texts } = await examineCase(t, { file: `${QUEUES}${name} = 1m\n` });
      assert.deepEqual(texts, name === 'reconnect-delay' ? [] : texts.filter((text) => !text.includes(name)));
    });
  }

  it('is kept to the limits of its option', async (t) => {
    const { texts } = await examineCase(t, { file: `${QUEUES}reconnect-delay = 2d\n` });
    assert.deepEqual(texts, ['x.conf:3: reconnect-delay: must be at most 86400, not 172800']);
  });

  it('may be written so for the seconds of a queue', async (t) => {
    const file = 'incoming-queue = path=/in maxlock=10m granularity=060\noutgoing-queue = path=/out maxtemp=1h\n';
    const { source, sink } = await settingsOf(t, { file });
    assert.ok(source.kind === 'queue' && sink.kind === 'queue');
    assert.deepEqual([source.queue.maxLock, source.queue.granularity, sink.queue.maxTemp], [600, 48, 3600]);
  });
});
