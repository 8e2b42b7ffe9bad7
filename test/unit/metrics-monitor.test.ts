import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Monitor, type MonitoredProcess } from '../../src/metrics/monitor.js';
import { Latency } from '../../src/transfer/latency.js';
import type { HealthFacts } from '../../src/transfer/verdict.js';
import { eventually } from '../support/eventually.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { MemoryLogger } from '../support/memory-logger.js';
import { tempFolder } from '../support/temp-folder.js';

async function opened(test: TestContext, before: (folder: string) => void = () => undefined) {
  const folder = await tempFolder(test);
  before(folder);
  const textfile = join(folder, 'x.prom');
  const [clock, logger] = [new ManualClock(), new MemoryLogger()];
  const monitor = await Monitor.open({
    listen: undefined,
    remote: false,
    textfile,
    version: '1',
    clock,
    logger,
    several: false,
  });
  return { monitor, clock, logger, folder, text: () => readFileSync(textfile, 'utf8') };
}

function run(health: () => HealthFacts): MonitoredProcess {
  return {
    runs: () => [{ health, latency: () => new Latency().snapshot() }],
    status: () => ({ state: 'idle', reason: '' }),
    unready: () => undefined,
    options: () => [],
  };
}

const IDLE: HealthFacts = { stopping: false, ends: [], full: [], inFlight: 0, parked: 0, rejected: 0 };

describe('the text file of metrics', () => {
  it('is written again each fifteen seconds, and a last time at the end', async (test) => {
    const { monitor, clock, text } = await opened(test);
    let inFlight = 1;
    monitor.show(run(() => ({ ...IDLE, inFlight })));
    await eventually(() => text().includes('stompctl_in_flight_messages{file="x"} 1\n'));
    inFlight = 2;
    await settled();
    await clock.advance(14_900);
    assert.match(text(), /stompctl_in_flight_messages\{file="x"\} 1\n/);
    await clock.advance(200);
    await eventually(() => text().includes('stompctl_in_flight_messages{file="x"} 2\n'));
    await monitor.end(1);
    assert.match(text(), /^stompctl_run_exit_code\{file="x"\} 1$/m);
    await clock.advance(60_000);
    await settled();
    assert.match(text(), /^stompctl_run_exit_code\{file="x"\} 1$/m, 'and not again');
  });

  it('begins by removing what a killed process has left half written', async (test) => {
    const { monitor, folder } = await opened(test, (made) =>
      writeFileSync(join(made, 'x.prom.2147483646.tmp'), 'stom'),
    );
    monitor.show(run(() => IDLE));
    await eventually(() => readdirSync(folder).join() === 'x.prom');
  });

  it('never ends a run: what goes wrong with it is told', async (test) => {
    const { monitor, logger } = await opened(test);
    monitor.show(
      run(() => {
        throw new Error('no facts');
      }),
    );
    await eventually(() => logger.lines.some(({ event }) => event === 'metrics-fault'));
    await monitor.end(0);
    assert.equal(logger.lines.filter(({ text }) => text === 'metrics-textfile: no facts').length, 2);
  });
});
