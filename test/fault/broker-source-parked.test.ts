import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { eventually } from '../support/eventually.js';
import { NEVER, sourcePair, take } from '../support/source-pair.js';

const POISON = new StompctlError('CALLBACK_THREW', 'check', 'x', 'poison');
const ALL = { deliveries: 1000, bytes: 1_000_000 };
const TWO = ['/queue/a', '/queue/b'].map((destination) => ({ header: { destination } }));

describe('rejected messages without a failure queue', () => {
  it('end the run when they are all that the broker sends to one of several subscriptions', async (test) => {
    const options = { subscriptions: TWO, window: 2, maxParked: 6 };
    const { server, source } = await sourcePair(test, {}, options);
    for (let count = 0; count < 10; count++) server.publish('/queue/a', {}, 'x');
    await source.open();
    // its share of window and max-parked
    for (const delivery of await take(source, 4)) delivery.reject(POISON);
    const blocked = { code: 'TOO_MANY_PARKED', message: /4 rejected messages of \/queue\/a .*failure-queue/ };
    await assert.rejects(source.next(ALL, NEVER), blocked);
  });

  it('do not end it while each subscription still gets more', async (test) => {
    const options = { subscriptions: TWO, window: 2, maxParked: 7 };
    const { server, source, events } = await sourcePair(test, {}, options);
    for (const { header } of TWO) for (let count = 0; count < 3; count++) server.publish(header.destination, {}, 'x');
    await source.open();
    for (const delivery of await take(source, 6)) delivery.reject(POISON);
    server.publish('/queue/b', {}, 'good');
    const [good] = await take(source, 1);
    assert.equal(good?.message.body.toString(), 'good');
    assert.equal(events.at(-1), 'parked 6');
  });

  it('end it by the header that the operator gave to one subscription', async (test) => {
    const header = { destination: '/queue/a', 'prefetch-count': '2' };
    const { server, source } = await sourcePair(test, {}, { subscriptions: [{ header }], prefetch: 50 });
    for (let count = 0; count < 3; count++) server.publish('/queue/a', {}, 'x');
    await source.open();
    for (const delivery of await take(source, 2)) delivery.reject(POISON);
    await assert.rejects(source.next(ALL, NEVER), { code: 'TOO_MANY_PARKED' });
  });

  it('count in bytes where the broker sends ahead by bytes', async (test) => {
    const broker = { server: 'ActiveMQ-Artemis/2.28' };
    const { server, source } = await sourcePair(test, broker, { windowBytes: 2000 });
    for (let count = 0; count < 3; count++) server.publish('/queue/a', {}, Buffer.alloc(1000));
    await source.open();
    for (const delivery of await take(source, 2)) delivery.reject(POISON);
    await assert.rejects(source.next(ALL, NEVER), { code: 'TOO_MANY_PARKED' });
  });

  it('end it at once where acknowledgements are cumulative, as they hold up all others', async (test) => {
    const { server, source } = await sourcePair(test, { versions: ['1.0'], server: 'Unheard/1' });
    for (let count = 0; count < 3; count++) server.publish('/queue/a', {}, 'x');
    await source.open();
    const [first, ...others] = await take(source, 3);
    first?.reject(POISON);
    for (const delivery of others) delivery.ack();
    const blocked = { code: 'TOO_MANY_PARKED', message: /all earlier messages too.*failure-queue/ };
    await assert.rejects(source.next(ALL, NEVER), blocked);
    assert.equal(server.seen('ACK').length, 0);
  });

  it('hold up nothing where a failure queue takes them, though acknowledgements are cumulative', async (test) => {
    const deadLetters = { store: async () => undefined };
    const { server, source } = await sourcePair(test, { versions: ['1.0'], server: 'Unheard/1' }, { deadLetters });
    for (let count = 0; count < 3; count++) server.publish('/queue/a', {}, 'x');
    await source.open();
    const [first, ...others] = await take(source, 3);
    first?.reject(POISON);
    for (const delivery of others) delivery.ack();
    await source.settle();
    await eventually(() => server.depth('/queue/a').unacknowledged === 0);
  });
});

describe('subscribe with an ack of its own, when reliable,', () => {
  for (const { ack, server, versions, used, warned } of [
    { ack: 'auto', server: 'RabbitMQ/3.10.8', versions: ['1.2'], used: 'client-individual', warned: 1 },
    { ack: 'client', server: 'RabbitMQ/3.10.8', versions: ['1.1'], used: 'client-individual', warned: 1 },
    { ack: 'client', server: 'ActiveMQ/5.17.2', versions: ['1.0'], used: 'client-individual', warned: 1 },
    { ack: 'auto', server: 'Unheard/1', versions: ['1.0'], used: 'client', warned: 1 },
    { ack: 'client', server: 'Unheard/1', versions: ['1.0'], used: 'client', warned: 0 },
    { ack: 'client-individual', server: 'Unheard/1', versions: ['1.2'], used: 'client-individual', warned: 0 },
  ] as const) {
    it(`uses ${used} for ${ack} on ${server} and STOMP ${versions.join()}, and warns ${warned} times`, async (test) => {
      const subscriptions = TWO.map(({ header }) => ({ header: { ...header, ack } }));
      const { server: broker, source, warnings } = await sourcePair(test, { server, versions }, { subscriptions });
      await source.open();
      const seen = broker.seen('SUBSCRIBE').map(({ header }) => header.ack);
      assert.deepEqual(seen, [used, used]);
      assert.equal(
        warnings.filter((text) => text.startsWith(`ack-replaced: subscribe with ack=${ack}`)).length,
        warned,
      );
    });
  }

  it('is left alone when not reliable', async (test) => {
    const subscriptions = [{ header: { destination: '/queue/a', ack: 'client' } }];
    const { server, source, warnings } = await sourcePair(test, {}, { subscriptions, reliable: false });
    await source.open();
    assert.equal(server.seen('SUBSCRIBE')[0]?.header.ack, 'client');
    assert.deepEqual(warnings, []);
  });
});

describe('prefetch', () => {
  it('is warned of once where it is not known how the broker is told', async (test) => {
    const { source, warnings } = await sourcePair(test, { server: 'Unheard/1' }, { prefetch: 7, subscriptions: TWO });
    await source.open();
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^prefetch-ignored: .*at most 7 .*Unheard\/1.*incoming-broker-type/);
  });

  it('is not warned of where none was asked for', async (test) => {
    const { source, warnings } = await sourcePair(test, { server: 'Unheard/1' });
    await source.open();
    assert.deepEqual(warnings, []);
  });
});
