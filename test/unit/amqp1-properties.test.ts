import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import rhea, { type Typed } from 'rhea';
import { readSections } from '../../src/amqp1/codec/sections.js';
import { headerFromSections, sectionsOf } from '../../src/amqp1/property-table.js';
import { newHeader } from '../../src/message/message.js';

const { message, types } = rhea;
const SENDING = { broker: 'other', address: 'q', persistent: true, omit: new Set(['receipt']) } as const;
const RECEIVED = { broker: 'other', subscribed: '/queue/q', subscription: '1', deliveryId: 7 } as const;
const OF_DELIVERY = { destination: '/queue/q', 'message-id': '1@@7', subscription: '1', redelivered: 'false' };

/** There and back. */
function passed(header: Readonly<Record<string, string>>, broker: 'other' | 'rabbitmq' = 'other') {
  const sections = sectionsOf(newHeader(header), { ...SENDING, broker }, types);
  const payload = message.encode({ ...sections, body: message.data_section(Buffer.from('x')) });
  return { ...headerFromSections(readSections(payload), { ...RECEIVED, broker }) };
}

/** What a producer has sent. */
function read(sent: Record<string, unknown>) {
  return readSections(message.encode(sent));
}

const HEADER = {
  'content-type': 'text/plain',
  'content-encoding': 'identity',
  'correlation-id': 'c',
  'reply-to': '/queue/answers',
  'amqp-message-id': 'm',
  'user-id': 'žofie',
  priority: '7',
  expiration: '86400000',
  timestamp: '1700000000000',
  'group-id': 'g',
  'group-sequence': '3',
  'reply-to-group-id': 'r',
  'absolute-expiry-time': '4000000000000',
  type: 'a type',
  'x-a': 'žluťoučký 🐎',
  'x-empty': '',
  __proto__x: '1',
  constructor: '2',
};

describe('the properties of a message for AMQP 1.0', () => {
  for (const broker of ['other', 'rabbitmq'] as const) {
    it(`are taken out of the headers, and become these again (${broker})`, () => {
      assert.deepEqual(passed({ ...HEADER, receipt: '1', destination: 'q' }, broker), {
        ...HEADER,
        ...OF_DELIVERY,
        persistent: 'true',
      });
    });
  }

  it('a header __proto__ is one like any other', () => {
    const header = newHeader();
    Object.defineProperty(header, '__proto__', { value: 'x', enumerable: true });
    assert.equal(Object.getOwnPropertyDescriptor(passed(header), '__proto__')?.value, 'x');
  });

  for (const id of [
    'ID:AMQP_ULONG:18446744073709551615',
    'ID:AMQP_BINARY:00FF',
    'ID:AMQP_UUID:f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
  ]) {
    it(`an identifier keeps its kind: ${id}`, () => {
      const sections = sectionsOf(newHeader({ 'correlation-id': id }), SENDING, types);
      assert.notEqual(typeof sections.correlation_id, 'string');
      assert.equal(passed({ 'correlation-id': id })['correlation-id'], id);
    });
  }

  const values: readonly (readonly [what: string, value: unknown, text: string])[] = [
    ['a number of 64 bits', types.wrap_ulong(Buffer.from('ffffffffffffffff', 'hex')), '18446744073709551615'],
    ['a negative one', types.wrap_long(Buffer.from('8000000000000001', 'hex')), '-9223372036854775807'],
    ['a small one', types.wrap_byte(-3), '-3'],
    ['a fraction', types.wrap_double(0.5), '0.5'],
    ['a truth value', true, 'true'],
    ['nothing', null, ''],
    ['a symbol', types.wrap_symbol('s'), 's'],
    ['a time', types.wrap_timestamp(1_700_000_000_000), '1700000000000'],
    ['bytes', Buffer.from([0xff, 0x41]), 'ÿA'],
    ['a character', types.wrap_char(0x1f40e), '🐎'],
    [
      'a uuid',
      types.wrap_uuid(Buffer.from('f81d4fae7dec11d0a76500a0c91e6bf6', 'hex')),
      'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
    ],
    ['a map', { a: [1, 'x', null] }, '{"a":[1,"x",null]}'],
  ];
  for (const [what, value, text] of values) {
    it(`of a producer, ${what} becomes a text`, () => {
      const header = headerFromSections(read({ application_properties: { v: value }, body: '' }), RECEIVED);
      assert.equal(header.v, text);
    });
  }

  it('tell of a delivery that is a second one', () => {
    for (const section of [{ delivery_count: 1 }, { first_acquirer: false }]) {
      assert.equal(headerFromSections(read({ ...section, body: '' }), RECEIVED).redelivered, 'true');
    }
  });

  it('tell where a message went that came by a pattern', () => {
    const subscribed = { ...RECEIVED, subscribed: '/topic/a.*' };
    assert.equal(headerFromSections(read({ to: 'topic://a.b', body: '' }), subscribed).destination, '/topic/a.b');
  });

  it('have no routing key among them that RabbitMQ tells of what came over another protocol', () => {
    const header = headerFromSections(read({ subject: 'q', body: '' }), { ...RECEIVED, broker: 'rabbitmq' });
    assert.deepEqual({ ...header }, OF_DELIVERY);
  });

  for (const [what, header, broker, reason] of [
    ['a priority over 255', { priority: '256' }, 'other', /priority is not a whole number up to 255/],
    ['an expiration over 32 bits', { expiration: '4294967296' }, 'other', /expiration is not a whole number/],
    ['a content type that is not ASCII', { 'content-type': 'ž' }, 'other', /content-type is not ASCII/],
    ['a property over 255 bytes', { 'reply-to': 'x'.repeat(256) }, 'rabbitmq', /RabbitMQ has room for 255/],
  ] as const) {
    it(`have no room for ${what}`, () => {
      const refused = () => sectionsOf(newHeader(header), { ...SENDING, broker }, types);
      assert.throws(refused, { code: 'MESSAGE_BAD_HEADER', message: reason });
    });
  }
});

describe('the body of a message of AMQP 1.0', () => {
  const bodies: readonly (readonly [what: string, body: unknown, bytes: string])[] = [
    ['bytes', message.data_section(Buffer.from('abc')), 'abc'],
    ['bytes in two sections', message.data_sections([Buffer.from('ab'), Buffer.from('c')]), 'abc'],
    ['nothing in a section', message.data_section(Buffer.alloc(0)), ''],
    ['a text', 'žluť', 'žluť'],
    ['a value of bytes', Buffer.from('abc') as unknown as Typed, 'abc'],
    ['a map', { a: 1 }, '{"a":1}'],
    ['sequences', message.sequence_sections([[1, 'a'], [true]]), '[1,"a",true]'],
    ['nothing', null, ''],
  ];
  for (const [what, body, bytes] of bodies) {
    it(`may be ${what}`, () => assert.equal(read({ body }).body.toString(), bytes));
  }

  for (const [what, bytes] of [
    ['a section that ends too early', '00537 5a005 61'],
    ['a value without a descriptor', 'a10161'],
    ['a list that is shorter than it says', '005370c00502414141 41'],
    ['a million empty values', '005377f00000000a000f4240 40'],
    ['lists in lists', `005377${'c00201'.repeat(40)}`],
    ['a value of an unknown kind', '0053773f'],
  ] as const) {
    it(`is not read when it is ${what}`, () => {
      assert.throws(() => readSections(Buffer.from(bytes.replaceAll(' ', ''), 'hex')), RangeError);
    });
  }
});
