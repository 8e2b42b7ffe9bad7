import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Account } from '../matrix/account.js';
import { type Parcel, parcels } from '../matrix/corpus.js';
import { Random } from '../support/random.js';

function accountOf(count: number): { account: Account; all: Parcel[] } {
  const account = new Account();
  const all = parcels(new Random(1), 0, count);
  for (const parcel of all) account.put(parcel);
  return { account, all };
}

test('what is found once is complete, and nothing is wrong', () => {
  const { account, all } = accountOf(5);
  for (const parcel of all) account.found('sink', parcel, 'here');
  assert.equal(account.complete, true);
  const { once, duplicates, lost, spoilt } = account.verdict();
  assert.deepEqual({ once, duplicates, lost, spoilt }, { once: 5, duplicates: 0, lost: [], spoilt: [] });
});

test('what is nowhere is lost; what is at the source or in the failure queue is not', () => {
  const { account, all } = accountOf(3);
  const [, second, third] = all as [Parcel, Parcel, Parcel];
  account.found('failure queue', second, 'here');
  account.found('source', third, 'here');
  const { lost, failed, atSource } = account.verdict();
  assert.deepEqual({ lost, failed, atSource }, { lost: ['m0'], failed: 1, atSource: 1 });
  assert.equal(account.complete, false);
});

test('copies too many are counted, less those that the harness may have put in itself', () => {
  const { account, all } = accountOf(2);
  const [first, second] = all as [Parcel, Parcel];
  account.put(second);
  for (let copy = 0; copy < 3; copy += 1) account.found('sink', first, 'here');
  for (let copy = 0; copy < 2; copy += 1) account.found('sink', second, 'here');
  const { repeated, duplicates, once } = account.verdict();
  assert.deepEqual({ repeated, duplicates, once }, { repeated: 1, duplicates: 2, once: 1 });
});

test('an altered body, an altered header and a message that nobody put in are spoilt', () => {
  const { account, all } = accountOf(2);
  const [first, second] = all as [Parcel, Parcel];
  account.found('sink', { ...first, body: Buffer.concat([first.body, Buffer.from('x')]) }, 'here');
  account.found('sink', { ...second, note: `${second.note}x` }, 'here');
  account.found('sink', { ...second, id: 'm99' }, 'here');
  assert.equal(account.verdict().spoilt.length, 3);
});

test('where every sink is to have a message, it is lost when one has not got it, and copies of each count', () => {
  const account = new Account(['sink', 'second sink'], 'every');
  const all = parcels(new Random(1), 0, 3);
  for (const parcel of all) account.put(parcel);
  const [first, second, third] = all as [Parcel, Parcel, Parcel];
  for (const sink of ['sink', 'second sink'] as const) account.found(sink, first, 'here');
  for (let copy = 0; copy < 3; copy += 1) account.found('second sink', second, 'here');
  account.found('sink', third, 'here');
  account.found('source', third, 'here');
  assert.equal(account.complete, false);
  const { once, duplicates, repeated, lost, atSource } = account.verdict();
  assert.deepEqual(
    { once, duplicates, repeated, lost, atSource },
    { once: 1, duplicates: 2, repeated: 1, lost: ['m1'], atSource: 1 },
  );
});

test('where one of two sinks is to have a message, either is enough, and both are one too many', () => {
  const account = new Account(['sink', 'second sink'], 'first');
  const all = parcels(new Random(1), 0, 3);
  for (const parcel of all) account.put(parcel);
  const [first, second] = all as [Parcel, Parcel];
  account.found('second sink', first, 'here');
  account.found('sink', second, 'here');
  account.found('second sink', second, 'here');
  assert.equal(account.missing, 1);
  const { once, duplicates, repeated, lost } = account.verdict();
  assert.deepEqual({ once, duplicates, repeated, lost }, { once: 1, duplicates: 1, repeated: 1, lost: ['m2'] });
});
