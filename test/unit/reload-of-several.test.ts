import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reloader } from '../../src/cli/run/reload.js';
import { resolveConfiguration } from '../../src/config/resolve-settings.js';
import { MemoryLogger } from '../support/memory-logger.js';

const OPTIONS: readonly (readonly [string, readonly string[]])[] = [
  ['incoming-queue', ['path=/nowhere/in']],
  ['outgoing-queue', ['path=/nowhere/out']],
];

test('of several transfers one does not say that it takes over what belongs to the process', async () => {
  const configuration = (...more: [string, string[]][]) =>
    resolveConfiguration({ commandLine: new Map([...OPTIONS, ...more]), env: {} });
  const logger = new MemoryLogger();
  const reloader = new Reloader({
    start: await configuration(),
    read: () => configuration(['window', ['7']], ['log-level', ['debug']], ['metrics-listen', ['127.0.0.1:0']]),
    built: { reload: async () => ({ source: false, sink: false }) },
    logger,
    ofSeveral: true,
    changed: () => undefined,
    service: { reloading: () => undefined, reloaded: () => undefined },
  });
  const { outcome, text } = await reloader.ask();
  assert.deepEqual([outcome, text], ['applied', 'taken over: window']);
  assert.match(logger.events('configuration')[0]?.text ?? '', /log-level belongs to the process/);
});
