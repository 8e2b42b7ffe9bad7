import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { RunMetrics } from '../../src/metrics/run-metrics.js';
import { Latency } from '../../src/transfer/latency.js';
import { Statistics } from '../../src/transfer/statistics.js';
import { ManualClock } from '../support/manual-clock.js';
import { tempFolder } from '../support/temp-folder.js';

const ROOT = join(import.meta.dirname, '../../..');
const RULES = join(ROOT, 'etc/monitoring/stompctl-rules.yml');
const MINUTE_MS = 60_000;

function promtool(args: readonly string[], input = ''): string {
  return execFileSync('promtool', args, { input, encoding: 'utf8', timeout: MINUTE_MS });
}

describe('promtool', () => {
  it('finds the rules of etc/monitoring valid', () => {
    assert.match(promtool(['check', 'rules', RULES]), /SUCCESS: 14 rules found/);
  });

  it('sees them alert when they should, and not before', async (test) => {
    const file = join(await tempFolder(test), 'test.yml');
    const text = readFileSync(join(ROOT, 'test/fixtures/monitoring/rules-test.yml'), 'utf8');
    writeFileSync(file, text.replace('- RULES', `- ${RULES}`));
    assert.match(promtool(['test', 'rules', file]), /SUCCESS/);
  });

  it('can read the metrics, and finds nothing wrong with their names', async () => {
    const statistics = new Statistics(new ManualClock());
    statistics.dropped('a "reason"\nwith \\ in it');
    const metrics = await RunMetrics.open({ version: '1', ofProcess: false, labels: { file: 'a"b\\c' } });
    const ends = [{ role: 'sink', name: 'broker "b"', phase: 'open', attempt: 0 }] as const;
    const facts = { stopping: false, ends, full: [], inFlight: 0, parked: 0, rejected: 0 };
    const health = () => ({ ...facts, counted: statistics.snapshot() });
    metrics.show(() => [{ health, latency: () => new Latency().snapshot() }]);
    assert.equal(promtool(['check', 'metrics'], await metrics.endText(0)), '');
  });
});
