import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configureLog, Reloader, type ReloadParts } from '../../src/cli/run/reload.js';
import { resolveConfiguration } from '../../src/config/resolve-settings.js';
import { eventually } from '../support/eventually.js';
import { MemoryLogger } from '../support/memory-logger.js';

const OPTIONS: readonly (readonly [string, readonly string[]])[] = [
  ['incoming-queue', ['path=/nowhere/in']],
  ['outgoing-queue', ['path=/nowhere/out']],
];

test('a log that cannot be opened anew refuses no reload that was taken over: it is applied, with a warning', async () => {
  const configuration = (...more: [string, string[]][]) =>
    resolveConfiguration({ commandLine: new Map([...OPTIONS, ...more]), env: {} });
  const start = await configuration();
  const logger = new MemoryLogger();
  const told: string[] = [];
  const parts: ReloadParts = {
    start,
    read: () => configuration(['window', ['7']], ['log-format', ['syslog']]),
    built: { reload: async () => ({ source: false, sink: false }) },
    logger,
    configureLog: (settings) =>
      configureLog(
        { configure: () => Promise.reject(new Error('no syslog at /dev/log, pass=hunter2')) },
        false,
        settings,
      ),
    ofSeveral: false,
    changed: () => undefined,
    service: { reloading: () => undefined, reloaded: (text) => told.push(text) },
  };
  const reloader = new Reloader(parts);
  void reloader.ask();
  await eventually(() => reloader.state.done === 1);
  assert.equal(reloader.state.outcome, 'applied');
  assert.equal(reloader.refused, undefined);
  assert.equal(reloader.running.settings.window, 7);
  assert.match(reloader.state.text ?? '', /^taken over: .*window.*; the log goes on in its old form, .*no syslog/);
  assert.match(told.join(), /^HUP: applied: /);
  assert.deepEqual(
    logger.lines.map(({ level, event }) => [level, event]),
    [
      ['info', 'reload-begin'],
      ['warn', 'configuration'],
      ['info', 'reload'],
    ],
  );
  assert.doesNotMatch(JSON.stringify([logger.lines, reloader.state, told]), /hunter2/);
});
