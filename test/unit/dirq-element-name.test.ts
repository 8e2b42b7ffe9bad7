import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ElementNames } from '../../src/dirq/element-name.js';

test('names are 14 hex digits: seconds, microseconds, and the digit given', () => {
  const name = new ElementNames(60, 11).file();
  assert.match(name, /^[0-9a-f]{8}[0-9a-f]{5}b$/);
  const seconds = Number.parseInt(name.slice(0, 8), 16);
  assert.ok(Math.abs(seconds - Date.now() / 1000) < 5);
  assert.ok(Number.parseInt(name.slice(8, 13), 16) < 1_000_000);
});

test('each name is greater than the one before, whichever queue of the process made it', () => {
  const queues = [new ElementNames(60, 15), new ElementNames(1, 0)];
  let last = '';
  for (let index = 0; index < 20_000; index += 1) {
    const name = (queues[index % 2] as ElementNames).file();
    assert.ok(name > last, `${name} after ${last}`);
    last = name;
  }
});

test('names go on when the clock goes back', (t) => {
  const names = new ElementNames(60, undefined);
  const before = names.file();
  const folder = names.folder();
  t.mock.method(Date, 'now', () => 1_000_000_000_000);
  assert.ok(names.file() > before);
  assert.ok(names.folder() >= folder);
});

test('the intermediate folder is the time rounded down to the granularity', (t) => {
  const nowMs = Date.now() + 3_600_000;
  t.mock.method(Date, 'now', () => nowMs);
  const seconds = Math.floor(nowMs / 1000);
  assert.equal(Number.parseInt(new ElementNames(60, 1).folder(), 16), seconds - (seconds % 60));
  assert.equal(Number.parseInt(new ElementNames(0, 1).folder(), 16), seconds);
});
