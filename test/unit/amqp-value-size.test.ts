import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FieldReader, fieldText } from '../../src/amqp/codec/field-value.js';
import { readSections } from '../../src/amqp1/codec/sections.js';
import { headerFromSections } from '../../src/amqp1/property-table.js';
import { longText, shortText } from '../support/amqp-peer.js';

const RECEIVED = { broker: 'other', subscribed: '/queue/q', subscription: '1', deliveryId: 7 } as const;
/** An escaped character takes six, a double in an array 25 for 8 bytes, `false` in one six for none: a list of those is limited by itself. */
const GROWTH = 8;

const of = (...bytes: number[]): Buffer => Buffer.of(...bytes);

/** AMQP 1.0, part 1, section 1.6: lists (0xc0, 0xd0), maps (0xc1, 0xd1). */
function compound(code: 0xc0 | 0xc1, values: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(values);
  if (bytes.length < 255) return Buffer.concat([of(code, bytes.length + 1, values.length), bytes]);
  const head = Buffer.alloc(9, code + 0x10);
  head.writeUInt32BE(bytes.length + 4, 1);
  head.writeUInt32BE(values.length, 5);
  return Buffer.concat([head, bytes]);
}

const string = (text: string): Buffer => Buffer.concat([of(0xb1), longText(Buffer.from(text))]);
const described = (value: Buffer): Buffer => Buffer.concat([of(0, 0x53, 1), value]);
const map = (key: Buffer): Buffer => compound(0xc1, [key, of(0x41)]);
const bodyOf = (value: Buffer): Buffer => Buffer.concat([of(0, 0x53, 0x77), value]);
const propertyOf = (value: Buffer): Buffer => Buffer.concat([of(0, 0x53, 0x74), compound(0xc1, [string('p'), value])]);

function nested(levels: number, around: (value: Buffer) => Buffer): Buffer {
  let value = string('"');
  for (let level = 0; level < levels; level += 1) value = around(value);
  return value;
}

/** bytes of all that is made of a message */
function textBytes(payload: Buffer): number {
  const sections = readSections(payload);
  const header = headerFromSections(sections, RECEIVED);
  return Object.values(header).reduce((sum, text) => sum + Buffer.byteLength(text), sections.body.length);
}

describe('what is made of a message of AMQP 1.0', () => {
  for (const [what, value] of [
    ['maps as keys of maps', nested(14, map)],
    ['lists of maps as keys', nested(14, (value) => map(compound(0xc0, [value])))],
    ['described maps as keys', nested(14, (value) => map(described(value)))],
  ] as const) {
    for (const [where, payload] of [
      ['body', bodyOf(value)],
      ['property', propertyOf(value)],
    ] as const) {
      it(`is nothing: ${what}, in a ${where}, cannot be read`, () => {
        assert.throws(() => textBytes(payload), { name: 'RangeError', message: /a list or map as a key/ });
      });
    }
  }

  it('has the keys that JSON has: texts, and what is written as one', () => {
    const value = compound(0xc1, [described(string('a')), of(0x41), of(0x54, 7), of(0x41), of(0x40), of(0x41)]);
    assert.equal(readSections(bodyOf(value)).body.toString(), '{"a":true,"7":true,"":true}');
  });

  it('has all that stands in a sequence', () => {
    const values = Buffer.alloc(12, 0xf0);
    values.writeUInt32BE(5, 1);
    values.writeUInt32BE(99_990, 5);
    const sequence = Buffer.concat([of(0, 0x53, 0x76), values.subarray(0, 9), of(0x41)]);
    assert.equal((JSON.parse(readSections(sequence).body.toString()) as unknown[]).length, 99_990);
  });

  const { value } = fc.letrec<{ value: Buffer<ArrayBufferLike> }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 8, depthSize: 'small' },
      fc.constantFrom<Buffer>(of(0x40), of(0x42), of(0x54, 0x80), Buffer.from('82c00fffffffffffff', 'hex')),
      fc.string({ unit: 'binary', maxLength: 8 }).map((text) => string(`\0"\\${text}`)),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.concat([of(0xa0, bytes.length), bytes])),
      fc.array(tie('value'), { maxLength: 4 }).map((values) => compound(0xc0, values)),
      fc.array(tie('value'), { maxLength: 6 }).map((values) => compound(0xc1, values.slice(values.length % 2))),
      tie('value').map(described),
    ),
  }));

  it('grows no faster than the message does', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(bodyOf, propertyOf), (each, where) => {
        const payload = where(each);
        let bytes: number;
        try {
          bytes = textBytes(payload);
        } catch (error) {
          assert.match(String(error), /RangeError: a map with a list or map as a key/);
          return;
        }
        assert.ok(bytes <= GROWTH * payload.length + 100, `${bytes} bytes of ${payload.length}`);
      }),
    );
  });
});

describe('what is made of a field of AMQP 0-9-1', () => {
  const inTable = (value: Buffer): Buffer =>
    Buffer.concat([Buffer.from('F'), longText(Buffer.concat([shortText('"'), value]))]);
  const inArray = (value: Buffer): Buffer => Buffer.concat([Buffer.from('A'), longText(value)]);
  const decimal = (places: number): Buffer => Buffer.concat([Buffer.from('D'), of(places, 0, 0, 0, 5)]);
  const textOf = (field: Buffer): string => fieldText(new FieldReader(field).value(0));

  function fields(levels: number, around: (value: Buffer) => Buffer): Buffer {
    let field: Buffer = Buffer.concat([Buffer.from('S'), longText(of(0, 0x22))]);
    for (let level = 0; level < levels; level += 1) field = around(field);
    return field;
  }

  for (const [what, field] of [
    ['tables in tables', fields(5000, inTable)],
    ['arrays in arrays', fields(5000, inArray)],
    ['both in turn', fields(2500, (value) => inTable(inArray(value)))],
    ['numbers with places behind the point', inArray(Buffer.concat(Array.from({ length: 1000 }, () => decimal(255))))],
    ['truth values', inArray(Buffer.alloc(1000, 't\0'))],
    ['nothing, often', inArray(Buffer.alloc(1000, 'V'))],
  ] as const) {
    it(`of ${what} grows no faster than the field does`, () => {
      const text = textOf(field);
      assert.ok(text.length <= GROWTH * field.length, `${text.length} characters of ${field.length} bytes`);
      JSON.parse(text);
    });
  }

  it('that is nested deeper than 32 has the bytes below as hexadecimal digits', () => {
    const text = textOf(fields(34, inArray));
    // two arrays, and the text within
    assert.equal(text, `${'['.repeat(32)}"0x410000000753000000020022"${']'.repeat(32)}`);
  });

  it('is a number with as many places as it had', () => {
    assert.deepEqual(
      [0, 2, 20, 255].map((places) => textOf(decimal(places))),
      ['5', '0.05', '0.00000000000000000005', '5e-255'],
    );
  });
});
