import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { decodeMessage, encodeForNow, encodeMessage, largestFile } from '../../src/message/json.js';
import { Message, newHeader } from '../../src/message/message.js';

const LIMITS = { maxMessageSize: 1000 };

function message(body: Buffer | string, text: boolean, header: Record<string, string> = {}): Message {
  return new Message(newHeader(header), Buffer.from(body as string), text);
}

const WRITTEN: readonly (readonly [name: string, message: Message, file: string])[] = [
  ['the empty message', message('', false), '{}'],
  ['an empty text', message('', true), '{"text":true}'],
  ['a header alone', message('', false, { a: 'b' }), '{"header":{"a":"b"}}'],
  ['text', message('hi', true, { a: 'b' }), '{"body":"hi","header":{"a":"b"},"text":true}'],
  ['text that is not ASCII', message('žluťoučký 🐎', true), '{"body":"žluťoučký 🐎","text":true}'],
  ['text with control characters', message('\0\x07\x7f"\\', true), '{"body":"\\u0000\\u0007\x7f\\"\\\\","text":true}'],
  ['plain bytes', message('a\tb\r\nc ~', false), '{"body":"a\\tb\\r\\nc ~"}'],
  ['bytes with NUL', message('a\0', false), '{"body":"YQA=","encoding":"base64"}'],
  ['bytes with DEL', message('\x7f', false), '{"body":"fw==","encoding":"base64"}'],
  ['bytes with a vertical tab', message('\x0b', false), '{"body":"Cw==","encoding":"base64"}'],
  ['bytes over 0x7f', message(Buffer.from([0xe9]), false), '{"body":"6Q==","encoding":"base64"}'],
  [
    'bytes said to be text',
    message(Buffer.from([0xff]), true, { a: 'é' }),
    '{"body":"/w==","encoding":"base64","header":{"a":"é"}}',
  ],
  [
    'awkward header names',
    message('', false, { ['__proto__']: '1', 'a"b': '\n' }),
    '{"header":{"__proto__":"1","a\\"b":"\\n"}}',
  ],
];

for (const [name, given, file] of WRITTEN) {
  test(`writes ${name}`, () => assert.equal(encodeMessage(given).toString('utf8'), file));
}

test('writes every character as JSON does', () => {
  for (let code = 0; code < 0x3000; code += 1) {
    const body = `<${String.fromCharCode(code)}>`;
    assert.equal(encodeMessage(message(body, true)).toString('utf8'), JSON.stringify({ body, text: true }));
  }
});

// four bytes are looked at together, where they stand in memory as a word
test('writes every byte as JSON does, wherever it stands in a body and a body in memory', () => {
  const memory = Buffer.alloc(64, 'x');
  for (const piece of [
    ...Array.from({ length: 0x80 }, (_, code) => String.fromCharCode(code)),
    'é',
    '€',
    '🎈',
    '\u{10ffff}',
  ]) {
    for (const next of ['', '"', '\u007f', '\u001f', 'é']) {
      for (let start = 0; start < 4; start += 1) {
        for (let before = 0; before < 8; before += 1) {
          const characters = `${'y'.repeat(before)}${piece}${next}z`;
          const body = memory.subarray(start, start + memory.write(characters, start));
          const file = encodeMessage(new Message(newHeader(), body, true));
          if (file.toString() !== JSON.stringify({ body: characters, text: true })) {
            assert.fail(`${JSON.stringify(characters)} at ${start}: ${file.toString()}`);
          }
        }
      }
    }
  }
});

test('writes bytes that are not said to be text as they are only when all are plain', () => {
  for (let before = 0; before < 8; before += 1) {
    for (let code = 0; code < 0x100; code += 1) {
      const body = Buffer.from(`${'y'.repeat(before)}${String.fromCharCode(code)}\n"z`, 'latin1');
      const plain = code === 9 || code === 10 || code === 13 || (code >= 0x20 && code < 0x7f);
      const written = plain ? { body: body.toString('latin1') } : { body: body.toString('base64'), encoding: 'base64' };
      assert.equal(encodeMessage(new Message(newHeader(), body, false)).toString(), JSON.stringify(written));
    }
  }
});

// 524,288 bytes are put together in one place that all share; what may be larger is not
for (const [what, piece, most] of [
  ['each byte takes six', '\u0001', 6],
  ['each takes one', 'x', 6],
  ['base64', '\xff', 4 / 3],
] as const) {
  test(`writes a body as it is at whatever size, where ${what}`, () => {
    for (let around = -40; around <= 40; around += 1) {
      const body = Buffer.alloc(Math.floor(524_288 / most) + around, piece, 'latin1');
      const given = message(body, what !== 'base64', { name: 'é'.repeat(10) });
      const limits = { maxMessageSize: body.length };
      assert.deepEqual(decodeMessage(encodeMessage(given), limits), given);
    }
  });
}

test('what was written stays as it is when another is written', () => {
  const first = encodeMessage(message('first', true));
  encodeMessage(message('other', true));
  assert.equal(first.toString(), '{"body":"first","text":true}');
  const now = encodeForNow(message('first', true));
  assert.deepEqual(now, first);
});

const READ: readonly (readonly [name: string, file: string | Buffer, body: string | Buffer, text?: boolean])[] = [
  ['the empty message', '{}', ''],
  ['an encoding of a body that is not there', '{"encoding":"base64+zlib"}', ''],
  ['the same as text', '{"encoding":"base64+utf8+lz4","text":true}', '', true],
  ['blanks around', ' {\n"body" : "x" }\r\n\t', 'x'],
  ['a number as body', '{"body":12.5}', '12.5'],
  ['a number that JavaScript would round', '{"body":12345678901234567890}', '12345678901234567890'],
  ['one-byte characters', '{"body":"\\u00e9\\u00ff"}', Buffer.from([0xe9, 0xff])],
  ['the same not escaped', '{"body":"éÿ"}', Buffer.from([0xe9, 0xff])],
  ['text', '{"body":"é🐎","text":true}', 'é🐎', true],
  ['escaped text', '{"body":"\\u00e9\\ud83d\\udc0e","text":true}', 'é🐎', true],
  ['base64', '{"body":"AP+A","encoding":"base64"}', Buffer.from([0, 0xff, 0x80])],
  ['base64 with one pad', '{"body":"AP8=","encoding":"base64"}', Buffer.from([0, 0xff])],
  ['base64 with two pads', '{"body":"AA==","encoding":"base64"}', Buffer.from([0])],
  ['base64 and utf8 as text', '{"body":"w6k=","encoding":"base64+utf8","text":true}', 'é', true],
  ['encodings in any order', '{"body":"w6k=","encoding":"utf8+base64","text":true}', 'é', true],
  ['base64 without utf8 as text: each byte a character', '{"body":"6Q==","encoding":"base64","text":true}', 'é', true],
  ['base64 and utf8 as bytes', '{"body":"w6k=","encoding":"base64+utf8"}', Buffer.from([0xe9])],
  ['utf8 alone', '{"body":"Ã©","encoding":"utf8","text":true}', 'é', true],
  ['an empty encoding', '{"body":"x","encoding":""}', 'x'],
  ['the last of two keys', '{"body":"x","body":"y"}', 'y'],
  ['text false', '{"body":"x","text":false}', 'x', false],
];

for (const [name, file, body, text = false] of READ) {
  test(`reads ${name}`, () => {
    const read = decodeMessage(Buffer.from(file as string), LIMITS);
    assert.deepEqual(read.body, Buffer.from(body as string));
    assert.equal(read.text, text);
  });
}

test('reads headers, numbers among them, into an object without prototype', () => {
  const { header } = decodeMessage(
    Buffer.from('{"header":{"a":"b","n":7,"big":12345678901234567890,"constructor":"c","__proto__":"p"}}'),
    LIMITS,
  );
  assert.equal(Object.getPrototypeOf(header), null);
  assert.deepEqual(Object.entries(header), [
    ['a', 'b'],
    ['n', '7'],
    ['big', '12345678901234567890'],
    ['constructor', 'c'],
    ['__proto__', 'p'],
  ]);
});

const REFUSED: readonly (readonly [name: string, file: string | Buffer, reason: RegExp])[] = [
  ['nothing', '', /not JSON/],
  ['cut off JSON', '{"body":"secret', /not JSON/],
  ['something after the object', '{} x', /not JSON/],
  ['an array', '[]', /not a JSON object/],
  ['null', 'null', /not a JSON object/],
  ['a byte order mark', '\ufeff{}', /not JSON/],
  ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), /not valid UTF-8/],
  ['an unknown field', '{"bdy":"x"}', /unknown field "bdy"/],
  ['text as a number', '{"text":1}', /"text"/],
  ['text as null', '{"text":null}', /"text"/],
  ['a header that is a list', '{"header":[]}', /"header"/],
  ['a header value that is null', '{"header":{"a":null}}', /header "a"/],
  ['a header value that is true', '{"header":{"a":true}}', /header "a"/],
  ['a body that is null', '{"body":null}', /"body"/],
  ['an encoding that is a list', '{"body":"","encoding":[]}', /"encoding"/],
  ['an unknown encoding', '{"body":"x","encoding":"rot13"}', /unknown encoding "rot13"/],
  ['an unknown encoding of no body', '{"encoding":"rot13"}', /unknown encoding/],
  ['an empty name in an encoding', '{"body":"","encoding":"base64+"}', /unknown encoding/],
  ['base64 without its pad', '{"body":"AA","encoding":"base64"}', /not base64/],
  ['base64 with a line break', '{"body":"AAAA\\nAAA","encoding":"base64"}', /not base64/],
  ['base64 of the alphabet of URLs', '{"body":"-_-_","encoding":"base64"}', /not base64/],
  ['base64 with padding inside', '{"body":"AA==AAAA","encoding":"base64"}', /not base64/],
  ['base64 with a character that ends in the same byte', '{"body":"AA\\u0141A","encoding":"base64"}', /not base64/],
  ['a body of bytes over U+00FF', '{"body":"\\u0100"}', /U\+00FF/],
  ['the same, not escaped', '{"body":"Ā"}', /U\+00FF/],
  ['utf8 that is not', '{"body":"6Q==","encoding":"base64+utf8","text":true}', /not valid UTF-8/],
  ['half a surrogate pair in the body', '{"body":"\\ud83d","text":true}', /surrogate/],
  ['halves of a surrogate pair in a name and its value', '{"header":{"a\\ud83d":"\\ude00b"}}', /surrogate/],
  ['half a surrogate pair in a header', '{"header":{"a":"\\udc0e"}}', /surrogate/],
];

test('of what is no message file at all it says what may be done instead, and of a message at fault it does not', () => {
  const told = (file: string) => {
    try {
      return decodeMessage(Buffer.from(file), LIMITS, 'x', 'do this').header;
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  };
  assert.equal(told('hello'), "decode(x): not JSON: Unexpected token 'h'; do this");
  const long = `{"body": ${'x'.repeat(100)}}`;
  assert.equal(told(long), "decode(x): not JSON: Unexpected token 'x'; do this");
  assert.equal(told('{"temperature":1}'), 'decode(x): unknown field "temperature"; do this');
  assert.equal(told('{"body":null}'), 'decode(x): field "body" is not a string');
});

for (const [name, file, reason] of REFUSED) {
  test(`refuses ${name}, without quoting the body`, () => {
    assert.throws(
      () => decodeMessage(Buffer.from(file as string), LIMITS, '5f000000/5f000000000000'),
      (error) => {
        assert.ok(error instanceof StompctlError);
        assert.equal(error.code, 'ELEMENT_UNDECODABLE');
        assert.match(error.message, /^decode\(5f000000\/5f000000000000\): /);
        assert.match(error.message, reason);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  });
}

const TOO_LARGE: readonly (readonly [name: string, file: string])[] = [
  ['bytes', JSON.stringify({ body: 'x'.repeat(1001) })],
  ['text, counted in bytes', JSON.stringify({ body: 'é'.repeat(501), text: true })],
  ['base64', JSON.stringify({ body: Buffer.alloc(1001).toString('base64'), encoding: 'base64' })],
  ['a whole file', ' '.repeat(largestFile(1000) + 1)],
];

for (const [name, file] of TOO_LARGE) {
  test(`refuses too much: ${name}`, () => {
    assert.throws(() => decodeMessage(Buffer.from(file), LIMITS), { code: 'MESSAGE_TOO_LARGE' });
  });
}

test('takes a body of exactly the limit', () => {
  const body = Buffer.alloc(1000, 0xff);
  assert.deepEqual(decodeMessage(encodeMessage(message(body, false)), LIMITS).body, body);
});

test('refuses to write a header that is not Unicode', () => {
  assert.throws(() => encodeMessage(message('', false, { a: '\ud83d' })), { code: 'MESSAGE_BAD_HEADER' });
  assert.equal(encodeMessage(message('', false, { a: '\\ud83d' })).toString(), '{"header":{"a":"\\\\ud83d"}}');
});
