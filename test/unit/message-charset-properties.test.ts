import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { frameFromMessage, messageFromFrame } from '../../src/message/content-type.js';
import { decodeMessage, encodeMessage } from '../../src/message/json.js';
import { type Message, newHeader } from '../../src/message/message.js';
import { anyText } from '../support/any-text.js';
import { THOROUGH } from '../support/thorough.js';

const iconv = createRequire(import.meta.url)('iconv-lite') as {
  encodingExists(name: string): boolean;
  encodings: Record<string, unknown>;
};
iconv.encodingExists('utf-8');
const CHARSETS = Object.keys(iconv.encodings).filter((name) => !name.startsWith('_') && iconv.encodingExists(name));

function receive(charset: string, body: Buffer): Message {
  return messageFromFrame(newHeader({ 'content-type': `text/plain; charset=${charset}` }), body);
}

/** The same message after a stay in a queue. */
function stored(message: Message): Message {
  return decodeMessage(encodeMessage(message), { maxMessageSize: 1 << 20 });
}

/** Noise, and what looks like text with something wrong in it: half surrogate pairs, marks, characters cut short. */
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .array(
      fc.constantFrom([0xd8, 0x3d], [0x3d, 0xd8], [0xdc, 0], [0, 0x41], [0x41, 0], [0xfe, 0xff], [0xff, 0xfe], [0, 0]),
      {
        maxLength: 12,
      },
    )
    .map((units) => Uint8Array.from(units.flat())),
  anyText(20).map((text) => Buffer.from(text, 'utf16le').swap16()),
);

test(`whatever the charset says, a body leaves as it came (${CHARSETS.length} charsets)`, () => {
  assert.ok(CHARSETS.length > 400);
  fc.assert(
    fc.property(fc.constantFrom(...CHARSETS), bodies, (charset, bytes) => {
      const body = Buffer.from(bytes);
      const message = receive(charset, body);
      assert.deepEqual(frameFromMessage(message).body, body);
      assert.deepEqual(stored(message).body, message.body);
    }),
    { numRuns: THOROUGH ? 20_000 : 4000 },
  );
});

test('through a queue too, but for the byte order of UTF-16 and UTF-32', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CHARSETS), bodies, (charset, bytes) => {
      const body = Buffer.from(bytes);
      const { body: sent } = frameFromMessage(stored(receive(charset, body)));
      if (body.equals(sent)) return;
      assert.match(charset, /^(?:utf16|utf32|ucs4)$/);
      assert.deepEqual(receive(charset, sent).body, receive(charset, body).body);
    }),
    { numRuns: THOROUGH ? 10_000 : 2000 },
  );
});

const LONE: readonly (readonly [charset: string, hex: string])[] = [
  ['utf-16le', '41003dd84200'],
  ['utf-16be', '0041d83d0042'],
  ['ucs2', '00dc'],
  ['utf-16', 'fffe3dd84200'],
  ['utf-32le', '410000003dd80000'],
  ['cesu8', 'eda0bd41'],
];

for (const [charset, hex] of LONE) {
  test(`half a surrogate pair in ${charset} stays bytes`, () => {
    const body = Buffer.from(hex, 'hex');
    const message = receive(charset, body);
    assert.equal(message.text, false);
    assert.equal(message.body, body);
  });
}

const big = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const MARKED: readonly (readonly [charset: string, body: Buffer, text: string | undefined])[] = [
  ['utf-16', big('\ufeffhé🐎'), 'hé🐎'],
  ['UTF-16', Buffer.from('\ufeffhé🐎', 'utf16le'), 'hé🐎'],
  ['utf_16', big('\ufeff\ufeffx'), '\ufeffx'],
  ['utf-16', Buffer.alloc(0), ''],
  ['utf-32', Buffer.from('0000feff00000041', 'hex'), 'A'],
  ['utf-32', Buffer.from('fffe000041000000', 'hex'), 'A'],
  // without a mark the order would be a guess
  ['utf-16', big('plain'), undefined],
  ['utf-16', Buffer.from('feff', 'hex'), undefined],
  ['utf-16le', Buffer.from('\ufeffx', 'utf16le'), '\ufeffx'],
  ['base64', Buffer.from('QUFB'), undefined],
  ['hex', Buffer.from([1, 2]), undefined],
];

for (const [charset, body, text] of MARKED) {
  test(`${charset} ${body.toString('hex')} is ${text === undefined ? 'bytes' : JSON.stringify(text)}`, () => {
    const message = receive(charset, body);
    assert.equal(message.text, text !== undefined);
    if (text !== undefined) assert.equal(message.body.toString(), text);
    assert.deepEqual(frameFromMessage(message).body, body);
  });
}

test('text that was stored or rewritten leaves in big-endian order, with a mark', () => {
  const message = stored(receive('utf-16', Buffer.from('\ufeffhé', 'utf16le')));
  assert.deepEqual(frameFromMessage(message).body, big('\ufeffhé'));
});
