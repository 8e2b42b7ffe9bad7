import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Delivery } from '../../src/flow/delivery.js';
import { Ledger } from '../../src/transfer/ledger.js';
import { textMessage } from '../support/fake-ends.js';

function delivery(size: number): Delivery {
  const nothing = () => undefined;
  return { message: textMessage('x'), name: 'x', size, ack: nothing, release: nothing, reject: nothing };
}

async function resolves(promise: Promise<void>): Promise<boolean> {
  const pending = new Promise<'pending'>((resolve) => setImmediate(() => resolve('pending')));
  return (await Promise.race([promise, pending])) !== 'pending';
}

describe('the ledger', () => {
  const demands: readonly { name: string; sizes: number[]; demand: { deliveries: number; bytes: number } }[] = [
    { name: 'empty', sizes: [], demand: { deliveries: 4, bytes: 100 } },
    { name: 'partly full', sizes: [10, 20], demand: { deliveries: 2, bytes: 70 } },
    { name: 'full by number, exactly', sizes: [1, 1, 1, 1], demand: { deliveries: 0, bytes: 96 } },
    { name: 'full by bytes', sizes: [100], demand: { deliveries: 0, bytes: 0 } },
    { name: 'over its bytes with one large delivery', sizes: [500], demand: { deliveries: 0, bytes: 0 } },
  ];
  for (const { name, sizes, demand } of demands) {
    it(`asks for ${demand.deliveries} deliveries when ${name}`, () => {
      const ledger = new Ledger(4, 100);
      for (const size of sizes) ledger.add(delivery(size));
      assert.deepEqual(ledger.demand(), demand);
    });
  }

  it('hands a delivery to the first taker only', () => {
    const ledger = new Ledger(4, 100);
    const one = delivery(10);
    ledger.add(one);
    assert.equal(ledger.take(one), true);
    assert.equal(ledger.take(one), false);
    assert.deepEqual([ledger.count, ledger.bytes], [0, 0]);
  });

  it('has room again once an eighth of the window is free', async () => {
    const ledger = new Ledger(16, 1000);
    const all = Array.from({ length: 16 }, () => delivery(1));
    for (const one of all) ledger.add(one);
    const room = ledger.room();
    ledger.take(all[0] as Delivery);
    assert.equal(await resolves(room), false);
    ledger.take(all[1] as Delivery);
    assert.equal(await resolves(room), true);
  });

  it('tells when it is empty, also when it was over its bytes', async () => {
    const ledger = new Ledger(4, 100);
    ledger.add(delivery(1));
    ledger.add(delivery(200));
    const [empty, room] = [ledger.empty(), ledger.room()];
    assert.equal(await resolves(empty), false);
    for (const one of ledger.all()) ledger.take(one);
    assert.equal(await resolves(empty), true);
    assert.equal(await resolves(room), true);
  });

  it('is eased while what deliveries grew by is less than half of the window in bytes', async () => {
    const ledger = new Ledger(16, 1000);
    const [one, other] = [delivery(10), delivery(10)];
    for (const each of [one, other]) ledger.add(each);
    ledger.grow(one, 5);
    assert.equal(await resolves(ledger.eased()), true, 'it became smaller');
    ledger.grow(one, 400);
    assert.equal(await resolves(ledger.eased()), true);
    ledger.grow(other, 400);
    const eased = ledger.eased();
    assert.equal(await resolves(eased), false);
    assert.deepEqual(ledger.demand(), { deliveries: 14, bytes: 980 }, 'what is asked of the source stays');
    ledger.take(one);
    assert.equal(await resolves(eased), true);
    ledger.grow(one, 5000);
    assert.equal(await resolves(ledger.eased()), true, 'settled already');
  });
});
