import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { NumberLimits, OptionRow } from '../../src/config/options/option.js';
import { OPTION_TABLE } from '../../src/config/options/option-table.js';
import { examineCase } from '../support/config-case.js';

const QUEUES = 'incoming-queue = path=/in\noutgoing-queue = path=/out\n';
const RECEIVER = 'incoming-broker-uri = stomp://h\nsubscribe = destination=/queue/a\noutgoing-queue = path=/out\n';

interface Numeric {
  readonly title: string;
  readonly limits: NumberLimits;
  /** a configuration in which it has this value */
  readonly file: (value: number) => string;
}

function ofRow(row: OptionRow): Numeric[] {
  if (row.kind === 'number' || row.kind === 'size') {
    const base = row.name === 'prefetch' ? RECEIVER : QUEUES;
    // the two delays are compared
    const other = row.name === 'reconnect-delay' ? 'reconnect-max-delay = 86400\n' : '';
    const small = row.name === 'reconnect-max-delay' ? 'reconnect-delay = 0\n' : '';
    const limits = row.kind === 'size' ? { ...row, integer: true } : row;
    return [{ title: row.name, limits, file: (value) => `${base}${other}${small}${row.name} = ${value}\n` }];
  }
  return (row.keys ?? [])
    .filter(({ kind }) => kind === 'integer' || kind === 'size')
    .map((key) => {
      const side = /^(?:incoming|outgoing)-/.exec(row.name)?.[0] ?? row.name;
      const others = QUEUES.split('\n').filter((line) => !line.startsWith(side));
      const base = `${others.join('\n')}\n`;
      const needed = row.keys?.find(({ required }) => required)?.name ?? 'path';
      const file = (value: number) => `${base}${row.name} = ${needed}=/x ${key.name}=${value}\n`;
      return { title: `${row.name}, ${key.name}`, limits: { ...key, integer: true }, file };
    });
}

/** What was found wrong with it. */
async function problems(test: TestContext, file: string): Promise<string> {
  const { texts, settings } = await examineCase(test, { file });
  if (texts.length === 0) assert.ok(settings !== undefined);
  return texts.join('\n');
}

for (const { title, limits, file } of OPTION_TABLE.flatMap(ofRow)) {
  describe(`the number ${title}`, () => {
    const { min = Number.NaN, max = Number.NaN, integer = false } = limits;
    const step = integer ? 1 : 0.001;

    it('has a range', () => {
      assert.ok(Number.isFinite(min) && Number.isFinite(max) && min < max, `${min} to ${max}`);
    });

    for (const value of new Set([min, min + step, max])) {
      it(`may be ${value}`, async (test) => {
        assert.equal(await problems(test, file(value)), '');
      });
    }

    it('may not be below its range; the error names the bound', async (test) => {
      const below = min - step;
      // a size has no sign
      const expected = below < 0 ? /must be (at least|a number of bytes)/ : new RegExp(`must be at least ${min}\\b`);
      assert.match(await problems(test, file(below)), expected);
    });

    if (max < Number.MAX_SAFE_INTEGER) {
      it('may not be above its range; the error names the bound', async (test) => {
        assert.match(await problems(test, file(max + step)), new RegExp(`must be at most ${max}\\b`));
      });
    }
  });
}

describe('times that are not 0', () => {
  it('are never rounded to nothing', async (test) => {
    const file = `${QUEUES}duration = 0.0001\ntimeout-linger = 0.0004\ntimeout-inactivity = 0.0001\n`;
    const { settings } = await examineCase(test, { file });
    assert.deepEqual([settings?.durationMs, settings?.timeouts.lingerMs, settings?.timeouts.inactivityMs], [1, 1, 1]);
  });

  it('may be a year, in milliseconds', async (test) => {
    const { settings } = await examineCase(test, { file: `${QUEUES}duration = 31536000\n` });
    assert.equal(settings?.durationMs, 31_536_000_000);
  });
});
