import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { decodeMessage, encodeMessage } from '../../src/message/json.js';
import { Message, newHeader } from '../../src/message/message.js';

const LIMITS = { maxMessageSize: 1000 };

function file(body: Buffer | string, encoding: string, text = false): Buffer {
  const field = typeof body === 'string' ? body : body.toString('base64');
  return Buffer.from(JSON.stringify({ body: field, encoding, text }));
}

const bytes = (...parts: readonly (number | string)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from([part]))));

const READ: readonly (readonly [name: string, file: Buffer, body: string | Buffer])[] = [
  ['zlib', file(deflateSync(Buffer.from([0, 255])), 'base64+zlib'), Buffer.from([0, 255])],
  ['zlib of text that is not ASCII', file(deflateSync(Buffer.from('é🐎')), 'base64+utf8+zlib', true), 'é🐎'],
  ['zlib of text with one byte a character', file(deflateSync(Buffer.from([0xe9])), 'base64+zlib', true), 'é'],
  ['zlib of nothing', file(deflateSync(Buffer.alloc(0)), 'base64+zlib'), ''],
  ['zlib that is not base64', file(deflateSync(Buffer.from('x')).toString('latin1'), 'zlib'), 'x'],
  ['lz4 as Perl writes it', file('AAEAAB9BAQDnUEFBQUFB', 'base64+lz4'), 'A'.repeat(256)],
  ['lz4 with literals only', file(bytes(3, 0, 0, 0, 0x30, 'abc'), 'base64+lz4'), 'abc'],
  ['lz4 with a long literal', file(bytes(20, 0, 0, 0, 0xf0, 5, 'x'.repeat(20)), 'base64+lz4'), 'x'.repeat(20)],
  ['lz4 of nothing', file(bytes(0, 0, 0, 0, 0), 'base64+lz4'), ''],
  ['snappy with a literal', file(bytes(3, 0x08, 'abc'), 'base64+snappy'), 'abc'],
  ['snappy with a long literal', file(bytes(70, 0xf0, 69, 'x'.repeat(70)), 'base64+snappy'), 'x'.repeat(70)],
  ['snappy with a copy of 1 byte', file(bytes(7, 0x08, 'abc', 0x01, 3), 'base64+snappy'), 'abcabca'],
  ['snappy with a copy of 2 bytes', file(bytes(20, 0, 'A', 0x4a, 1, 0), 'base64+snappy'), 'A'.repeat(20)],
  ['snappy with a copy of 4 bytes', file(bytes(6, 0x08, 'abc', 0x0b, 3, 0, 0, 0), 'base64+snappy'), 'abcabc'],
];

for (const [name, given, body] of READ) {
  test(`reads ${name}`, () => assert.deepEqual(decodeMessage(given, LIMITS).body, Buffer.from(body as string)));
}

const REFUSED: readonly (readonly [name: string, file: Buffer, code: string])[] = [
  [
    'zlib that is cut off',
    file(deflateSync(Buffer.from('hello')).subarray(0, 8), 'base64+zlib'),
    'ELEMENT_UNDECODABLE',
  ],
  [
    'zlib with more behind it',
    file(Buffer.concat([deflateSync(Buffer.from('hello')), Buffer.from('more')]), 'base64+zlib'),
    'ELEMENT_UNDECODABLE',
  ],
  [
    'zlib twice',
    file(Buffer.concat([deflateSync(Buffer.from('one')), deflateSync(Buffer.from('two'))]), 'base64+zlib'),
    'ELEMENT_UNDECODABLE',
  ],
  ['zlib that is none', file(Buffer.from('hello'), 'base64+zlib'), 'ELEMENT_UNDECODABLE'],
  ['a zlib bomb', file(deflateSync(Buffer.alloc(1_000_000)), 'base64+zlib'), 'MESSAGE_TOO_LARGE'],
  ['lz4 without a size', file(bytes(1, 2), 'base64+lz4'), 'ELEMENT_UNDECODABLE'],
  ['an lz4 bomb', file(bytes(0, 0, 0, 0x7f, 0), 'base64+lz4'), 'MESSAGE_TOO_LARGE'],
  ['lz4 with fewer bytes than said', file(bytes(4, 0, 0, 0, 0x30, 'abc'), 'base64+lz4'), 'ELEMENT_UNDECODABLE'],
  ['lz4 with more bytes than said', file(bytes(2, 0, 0, 0, 0x30, 'abc'), 'base64+lz4'), 'ELEMENT_UNDECODABLE'],
  ['lz4 that ends in a literal', file(bytes(3, 0, 0, 0, 0x30, 'ab'), 'base64+lz4'), 'ELEMENT_UNDECODABLE'],
  ['lz4 that ends in a length', file(bytes(99, 0, 0, 0, 0xf0, 255), 'base64+lz4'), 'ELEMENT_UNDECODABLE'],
  ['lz4 that ends in an offset', file(bytes(9, 0, 0, 0, 0x10, 'a', 1), 'base64+lz4'), 'ELEMENT_UNDECODABLE'],
  [
    'lz4 that copies from before its start',
    file(bytes(9, 0, 0, 0, 0x10, 'a', 2, 0, 0), 'base64+lz4'),
    'ELEMENT_UNDECODABLE',
  ],
  ['lz4 with offset 0', file(bytes(9, 0, 0, 0, 0x10, 'a', 0, 0, 0), 'base64+lz4'), 'ELEMENT_UNDECODABLE'],
  ['snappy without a size', file(bytes(0xff), 'base64+snappy'), 'ELEMENT_UNDECODABLE'],
  ['a snappy bomb', file(bytes(0xff, 0xff, 0xff, 0x7f), 'base64+snappy'), 'MESSAGE_TOO_LARGE'],
  ['snappy that ends in a literal', file(bytes(3, 0x08, 'ab'), 'base64+snappy'), 'ELEMENT_UNDECODABLE'],
  ['snappy that ends in an offset', file(bytes(7, 0x08, 'abc', 0x02, 1), 'base64+snappy'), 'ELEMENT_UNDECODABLE'],
  ['two compressions', file('', 'lz4+snappy'), 'ELEMENT_UNDECODABLE'],
];

for (const [name, given, code] of REFUSED) {
  test(`refuses ${name}`, () => assert.throws(() => decodeMessage(given, LIMITS), { code }));
}

const LONG = 'žluťoučký kůň '.repeat(40);

test('writes a long body compressed, text as text', () => {
  const message = new Message(newHeader({ a: 'b' }), Buffer.from(LONG), true);
  const written = JSON.parse(encodeMessage(message, 'zlib').toString());
  assert.equal(written.encoding, 'base64+utf8+zlib');
  assert.equal(written.text, true);
  assert.deepEqual(written.header, { a: 'b' });
  assert.deepEqual(decodeMessage(encodeMessage(message, 'zlib'), LIMITS), message);
});

test('writes a long body of bytes compressed', () => {
  const message = new Message(newHeader(), Buffer.alloc(500, 200), false);
  assert.equal(JSON.parse(encodeMessage(message, 'zlib').toString()).encoding, 'base64+zlib');
  assert.deepEqual(decodeMessage(encodeMessage(message, 'zlib'), LIMITS), message);
});

test('compresses neither what is short nor what does not get smaller, unless forced', () => {
  const short = new Message(newHeader(), Buffer.alloc(255, 'x'), true);
  assert.deepEqual(encodeMessage(short, 'zlib'), encodeMessage(short));
  const noise = new Message(
    newHeader(),
    Buffer.from(Array.from({ length: 300 }, (_, index) => (index * index * 7) % 251)),
  );
  const packed = encodeMessage(noise, 'zlib');
  assert.ok(packed.length <= encodeMessage(noise).length);
  assert.deepEqual(decodeMessage(encodeMessage(short, 'zlib!'), LIMITS), short);
  assert.equal(JSON.parse(encodeMessage(short, 'zlib!').toString()).encoding, 'base64+zlib');
});
