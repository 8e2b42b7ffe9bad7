import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { StompctlError } from '../../src/base/errors.js';
import { decodeMessage, encodeMessage } from '../../src/message/json.js';
import { Message, newHeader } from '../../src/message/message.js';

const seeds = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 }).map((text) => Buffer.from(text)),
  fc
    .string({ unit: fc.constantFrom('\\', '"', '\n', '\0', '\x7f', 'u', '/', 'é'), minLength: 1 })
    .map((text) => Buffer.from(text)),
);

function repeated(seed: Buffer, length: number): Buffer {
  return Buffer.alloc(length - (length % seed.length), seed);
}

// text of up to a megabyte that has escapes is read as a small one is, text without is not
for (const length of [70_000, 1_200_000]) {
  const limits = { maxMessageSize: length * 7 };

  test(`a message of ${length} bytes is written as a small one would be, and read as it was`, () => {
    fc.assert(
      fc.property(seeds, fc.boolean(), (seed, text) => {
        const message = new Message(newHeader({ a: '}"\\,{' }), repeated(seed, length), text);
        const file = encodeMessage(message);
        const json = JSON.parse(file.toString('utf8'));
        if (json.encoding === undefined) {
          assert.deepEqual(Buffer.from(json.body, json.text ? 'utf8' : 'latin1'), message.body);
          const plain = { body: json.body, header: message.header, ...(json.text ? { text: true } : {}) };
          assert.equal(file.toString('utf8'), JSON.stringify(plain));
        }
        const read = decodeMessage(file, limits);
        assert.deepEqual(read.body, message.body);
        assert.deepEqual({ ...read.header }, { ...message.header });
        assert.equal(read.text, json.text ?? false);
      }),
      { numRuns: 20 },
    );
  });

  const X = 'x'.repeat(length);
  const NOISE = Buffer.alloc(length);
  for (let index = 0; index < length; index += 1) NOISE[index] = (index * 2_654_435_761) >>> 24;

  const READ: readonly (readonly [name: string, file: string, body: string | Buffer])[] = [
    ['blanks everywhere', ` {\n"text" : true ,\t"body" : "${X}" , "header" : { "a" : [] } } `.replace('[]', '"b"'), X],
    ['wide escapes', `{"text":true,"body":"\\u00e9\\ud83d\\udc0e${X}"}`, `é🐎${X}`],
    ['a solidus escaped', `{"text":true,"body":"a\\/b${X}"}`, `a/b${X}`],
    ['upper case escapes', `{"text":true,"body":"\\u004A\\u000A${X}"}`, `J\n${X}`],
    ['bytes over U+007F', `{"body":"é\\u00ff${X}"}`, Buffer.concat([Buffer.from([0xe9, 0xff]), Buffer.from(X)])],
    ['two bodies', `{"body":"a${X}","body":"b${X}"}`, `b${X}`],
    ['an escaped key', `{"b\\u006fdy":"a${X}"}`, `a${X}`],
    ['base64 as text', `{"text":true,"body":"${Buffer.from(X).toString('base64')}","encoding":"base64"}`, X],
    [
      'base64 with escapes',
      `{"body":"${Buffer.alloc(length, 255).toString('base64').replaceAll('/', '\\/')}","encoding":"base64"}`,
      Buffer.alloc(length, 255),
    ],
    ['an empty encoding', `{"body":"${X}","encoding":""}`, X],
    ['zlib', `{"body":"${deflateSync(NOISE).toString('base64')}","encoding":"base64+zlib"}`, NOISE],
  ];

  for (const [name, file, body] of READ) {
    test(`reads a file of over ${length} bytes with ${name}`, () => {
      const expected = Buffer.from(body as string);
      assert.ok(decodeMessage(Buffer.from(file), limits).body.equals(expected));
    });
  }

  const BASE64 = 'AAAA'.repeat(length / 4);
  const REFUSED: readonly (readonly [name: string, file: string, code: string])[] = [
    ['cut off', `{"body":"${X}`, 'ELEMENT_UNDECODABLE'],
    ['something after the object', `{"body":"${X}"} x`, 'ELEMENT_UNDECODABLE'],
    ['a control character', `{"text":true,"body":"${X}\n"}`, 'ELEMENT_UNDECODABLE'],
    ['an unknown escape', `{"text":true,"body":"${X}\\x41"}`, 'ELEMENT_UNDECODABLE'],
    ['half an escape', `{"text":true,"body":"${X}\\u00"}`, 'ELEMENT_UNDECODABLE'],
    ['half a surrogate pair', `{"text":true,"body":"${X}\\ud83d"}`, 'ELEMENT_UNDECODABLE'],
    ['an unknown field', `{"body":"${X}","x":1}`, 'ELEMENT_UNDECODABLE'],
    ['base64 with a blank inside', `{"body":"${BASE64}AA A","encoding":"base64"}`, 'ELEMENT_UNDECODABLE'],
    ['base64 of the alphabet of URLs', `{"body":"${BASE64}-_-_","encoding":"base64"}`, 'ELEMENT_UNDECODABLE'],
    ['base64 with padding inside', `{"body":"AA==${BASE64}","encoding":"base64"}`, 'ELEMENT_UNDECODABLE'],
    ['base64 without its pad', `{"body":"${BASE64}AA","encoding":"base64"}`, 'ELEMENT_UNDECODABLE'],
    ['too much text', `{"text":true,"body":"${X.repeat(8)}"}`, 'MESSAGE_TOO_LARGE'],
    ['too much base64', `{"body":"${BASE64.repeat(10)}","encoding":"base64"}`, 'MESSAGE_TOO_LARGE'],
  ];

  for (const [name, file, code] of REFUSED) {
    test(`refuses a file of over ${length} bytes with ${name}`, () => {
      assert.throws(
        () => decodeMessage(Buffer.from(file), limits),
        (error) => error instanceof StompctlError && error.code === code && error.message.length < 200,
      );
    });
  }
}
