import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { propertiesOf } from '../../src/amqp/header-table.js';
import { newHeader } from '../../src/message/message.js';

const OPTIONS = { persistent: true, omit: new Set(['receipt']), frameMax: 131_072 };

const REFUSED: readonly (readonly [what: string, header: Record<string, string>, reason: RegExp])[] = [
  ['a property over 255 bytes', { 'correlation-id': 'é'.repeat(128) }, /header correlation-id has 256 bytes/],
  ['a name over 255 bytes', { ['n'.repeat(256)]: '' }, /the name of the header "n+"… has 256 bytes/],
  ['a priority over 255', { priority: '256' }, /priority is not a whole number up to 255/],
  ['a timestamp that is a date', { timestamp: '2026-01-01' }, /timestamp is not a whole number/],
  ['an expiration that is none', { expiration: 'soon' }, /expiration is not a whole number of milliseconds/],
  ['headers over 64 KiB', { a: 'x'.repeat(40_000), b: 'x'.repeat(40_000) }, /more than 65536/],
];

describe('the properties of a message for AMQP', () => {
  it('are taken out of the headers, the others are fields, and some stay here', () => {
    const header = newHeader({
      destination: '/queue/q',
      receipt: '7',
      priority: '4',
      'amqp-message-id': 'm',
      persistent: 'yes',
      'x-a': '1',
      CC: '["a","b"]',
      BCC: 'c',
    });
    const { headers, ...properties } = propertiesOf(header, OPTIONS);
    assert.deepEqual(properties, { mandatory: true, deliveryMode: 2, messageId: 'm', priority: 4 });
    assert.deepEqual({ ...headers }, { 'x-a': '1', CC: ['a', 'b'], BCC: ['c'] });
  });

  it('say nothing of what the message says nothing of', () => {
    const { headers, ...properties } = propertiesOf(newHeader(), { ...OPTIONS, persistent: undefined });
    assert.deepEqual([properties, { ...headers }], [{ mandatory: true }, {}]);
  });

  for (const [what, header, reason] of REFUSED) {
    it(`have no room for ${what}`, () => {
      assert.throws(() => propertiesOf(newHeader(header), OPTIONS), { code: 'MESSAGE_BAD_HEADER', message: reason });
    });
  }

  it('have no room for more than a frame of this broker', () => {
    const header = newHeader({ a: 'x'.repeat(5000) });
    const small = { ...OPTIONS, frameMax: 4096 };
    assert.throws(() => propertiesOf(header, small), {
      code: 'MESSAGE_BAD_HEADER',
      message: /frames of 4096 \(frame-max\)/,
    });
  });
});
