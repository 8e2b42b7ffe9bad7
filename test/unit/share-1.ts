import '../support/unit-guard.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerFolder } from '../support/folder-tests.js';
import { refusals } from '../support/unit-guard.js';

await registerFolder(import.meta.dirname, 1, 2);

test('test/unit opens no socket, and starts no process, worker thread or sandbox', () => {
  assert.deepEqual(refusals(), []);
});
