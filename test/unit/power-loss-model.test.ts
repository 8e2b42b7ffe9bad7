import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Change, DiskModel, type Left, type Outcome } from '../power-loss/disk-model.js';
import type { TraceEvent } from '../power-loss/trace.js';

const bytes = Buffer.from('0123456789').toString('base64');
const WRITTEN: readonly TraceEvent[] = [
  { operation: 'open', path: 'q/a.tmp', truncate: false },
  { operation: 'write', open: 0, bytes },
];
const OPEN_FOLDER: TraceEvent = { operation: 'open', path: 'q', truncate: false };

function disk(trace: readonly TraceEvent[], left: (change: Change) => Left): Record<string, string> {
  const model = new DiskModel(new Map(), ['q'], trace);
  return plain(model.after(trace.length, left));
}

function plain(outcome: Outcome): Record<string, string> {
  const files = [...outcome].filter(([path]) => !path.endsWith('/'));
  return Object.fromEntries(files.map(([path, content]) => [path, content.toString()]));
}

test('without a sync a file may be there, whole, half, empty, or not at all', () => {
  assert.deepEqual(
    disk(WRITTEN, () => 'all'),
    { 'q/a.tmp': '0123456789' },
  );
  assert.deepEqual(
    disk(WRITTEN, () => 'half'),
    { 'q/a.tmp': '01234' },
  );
  assert.deepEqual(
    disk(WRITTEN, ({ kind }) => (kind === 'data' ? 'none' : 'all')),
    { 'q/a.tmp': '' },
  );
  assert.deepEqual(
    disk(WRITTEN, () => 'none'),
    {},
  );
});

test('a sync of the file keeps its bytes, one of the folder its name', () => {
  const file: TraceEvent[] = [...WRITTEN, { operation: 'synced', open: 0, started: 2 }];
  assert.deepEqual(
    disk(file, () => 'none'),
    {},
  );
  assert.deepEqual(
    disk(file, ({ kind }) => (kind === 'entry' ? 'all' : 'none')),
    { 'q/a.tmp': '0123456789' },
  );
  const both: TraceEvent[] = [...file, OPEN_FOLDER, { operation: 'synced', open: 3, started: 4 }];
  assert.deepEqual(
    disk(both, () => 'none'),
    { 'q/a.tmp': '0123456789' },
  );
});

test('a sync covers what was done before it began, not before it ended', () => {
  const late: TraceEvent[] = [...WRITTEN, { operation: 'synced', open: 0, started: 1 }];
  assert.deepEqual(
    disk(late, ({ kind }) => (kind === 'entry' ? 'all' : 'none')),
    { 'q/a.tmp': '' },
  );
});

test('a second name and the removal of the first are changes of their own; a rename is two', () => {
  const link: TraceEvent[] = [
    ...WRITTEN,
    { operation: 'link', from: 'q/a.tmp', to: 'q/a' },
    { operation: 'unlink', path: 'q/a.tmp' },
  ];
  assert.deepEqual(Object.keys(disk(link, ({ at }) => (at === 3 ? 'none' : 'all'))).sort(), ['q/a', 'q/a.tmp']);
  assert.deepEqual(Object.keys(disk(link, ({ at }) => (at === 2 ? 'none' : 'all'))), []);
  const rename: TraceEvent[] = [...WRITTEN, { operation: 'rename', from: 'q/a.tmp', to: 'q/a' }];
  const added = (change: Change): Left => (change.kind === 'entry' && change.name === 'a' ? 'none' : 'all');
  assert.deepEqual(
    disk(rename, () => 'all'),
    { 'q/a': '0123456789' },
  );
  assert.deepEqual(disk(rename, added), {});
});

test('what was there before stays, and a removal that is not safe may come back', () => {
  const before = new Map([['q/old', Buffer.from('old')]]);
  const model = new DiskModel(before, ['q'], [{ operation: 'unlink', path: 'q/old' }]);
  assert.deepEqual(plain(model.after(0, () => 'none')), { 'q/old': 'old' });
  assert.deepEqual(plain(model.after(1, () => 'none')), { 'q/old': 'old' });
  assert.deepEqual(plain(model.after(1, () => 'all')), {});
});
