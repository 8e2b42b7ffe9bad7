import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { FrameDecoder } from '../../src/stomp/codec/decoder.js';
import type { Frame, FrameLimits, StompVersion } from '../../src/stomp/codec/frame.js';

interface Case {
  readonly name: string;
  readonly version?: StompVersion;
  readonly wire: string;
  /** command, headers, body: of each frame */
  readonly frames: ReadonlyArray<readonly [string, Readonly<Record<string, string>>, string]>;
}

const CASES: readonly Case[] = [
  { name: 'a frame without headers or body', wire: 'RECEIPT\n\n\0', frames: [['RECEIPT', {}, '']] },
  {
    name: 'a body ended by NUL',
    wire: 'MESSAGE\nsubscription:1\n\nhello\0',
    frames: [['MESSAGE', { subscription: '1' }, 'hello']],
  },
  {
    name: 'a counted body with NUL in it',
    wire: 'MESSAGE\ncontent-length:3\n\na\0b\0',
    frames: [['MESSAGE', { 'content-length': '3' }, 'a\0b']],
  },
  {
    name: 'a counted empty body',
    wire: 'MESSAGE\ncontent-length:0\n\n\0',
    frames: [['MESSAGE', { 'content-length': '0' }, '']],
  },
  {
    name: 'line ends around and between frames',
    wire: '\n\r\n\nRECEIPT\n\n\0\n\n\n\r\nRECEIPT\n\n\0\n',
    frames: [
      ['RECEIPT', {}, ''],
      ['RECEIPT', {}, ''],
    ],
  },
  {
    name: 'CR LF line ends on 1.2',
    wire: 'MESSAGE\r\na:b\r\nempty:\r\n\r\nhi\r\n\0',
    frames: [['MESSAGE', { a: 'b', empty: '' }, 'hi\r\n']],
  },
  {
    name: 'CR as data on 1.1',
    version: '1.1',
    wire: 'MESSAGE\na:b\r\n\nhi\0',
    frames: [['MESSAGE', { a: 'b\r' }, 'hi']],
  },
  {
    name: 'CR as data on 1.0',
    version: '1.0',
    wire: 'MESSAGE\na:b\r\n\nhi\0',
    frames: [['MESSAGE', { a: 'b\r' }, 'hi']],
  },
  {
    name: 'escapes of 1.2 in names and values',
    wire: 'MESSAGE\na\\cb:c\\n\\r\\\\n\\c:d\n\n\0',
    frames: [['MESSAGE', { 'a:b': 'c\n\r\\n::d' }, '']],
  },
  {
    name: 'escapes of 1.1',
    version: '1.1',
    wire: 'MESSAGE\na\\cb:c\\n\\\\n\n\n\0',
    frames: [['MESSAGE', { 'a:b': 'c\n\\n' }, '']],
  },
  {
    name: 'an undefined escape kept on 1.1',
    version: '1.1',
    wire: 'MESSAGE\na:C:\\temp\n\n\0',
    frames: [['MESSAGE', { a: 'C:\\temp' }, '']],
  },
  {
    name: 'no escapes on 1.0',
    version: '1.0',
    wire: 'MESSAGE\na:b\\c\\n\\x\n\n\0',
    frames: [['MESSAGE', { a: 'b\\c\\n\\x' }, '']],
  },
  {
    name: 'no escapes in CONNECT and CONNECTED',
    wire: 'CONNECT\nlogin:a\\cb\n\n\0CONNECTED\nsession:\\x\n\n\0',
    frames: [
      ['CONNECT', { login: 'a\\cb' }, ''],
      ['CONNECTED', { session: '\\x' }, ''],
    ],
  },
  {
    name: 'undefined escapes kept in ERROR',
    wire: 'ERROR\nmessage:C:\\temp\n\n\0',
    frames: [['ERROR', { message: 'C:\\temp' }, '']],
  },
  {
    name: 'the first of repeated headers',
    wire: 'MESSAGE\nfoo:World\nfoo:Hello\n\n\0',
    frames: [['MESSAGE', { foo: 'World' }, '']],
  },
  {
    name: 'the first of repeated headers, empty',
    wire: 'MESSAGE\nfoo:\nfoo:Hello\n\n\0',
    frames: [['MESSAGE', { foo: '' }, '']],
  },
  {
    name: 'the first content-length',
    wire: 'MESSAGE\ncontent-length:2\ncontent-length:1\n\nab\0',
    frames: [['MESSAGE', { 'content-length': '2' }, 'ab']],
  },
  {
    name: 'blanks in headers kept',
    wire: 'MESSAGE\n a : b \n\n\0',
    frames: [['MESSAGE', { ' a ': ' b ' }, '']],
  },
  {
    name: 'UTF-8 in headers and body',
    wire: 'MESSAGE\nclé:žluťoučký 🐎\n\nпривет\0',
    frames: [['MESSAGE', { clé: 'žluťoučký 🐎' }, 'привет']],
  },
  {
    name: 'names of Object.prototype as headers',
    wire: 'MESSAGE\nconstructor:a\n__proto__:b\ntoString:c\n\n\0',
    frames: [
      [
        'MESSAGE',
        Object.fromEntries([
          ['constructor', 'a'],
          ['__proto__', 'b'],
          ['toString', 'c'],
        ]),
        '',
      ],
    ],
  },
];

function plain(frames: readonly Frame[]): unknown {
  return frames.map((frame) => [frame.command, Object.entries(frame.header), frame.body.toString()]);
}

function expected(frames: Case['frames']): unknown {
  return frames.map(([command, header, body]) => [command, Object.entries(header), body]);
}

describe('FrameDecoder', () => {
  for (const { name, version = '1.2', wire, frames } of CASES) {
    it(`reads ${name}`, () => {
      assert.deepEqual(plain(new FrameDecoder({ version }).push(Buffer.from(wire))), expected(frames));
    });

    it(`reads ${name}, split in two at every byte`, () => {
      const bytes = Buffer.from(wire);
      for (let at = 0; at <= bytes.length; at++) {
        const decoder = new FrameDecoder({ version });
        const got = [...decoder.push(bytes.subarray(0, at)), ...decoder.push(bytes.subarray(at))];
        assert.deepEqual(plain(got), expected(frames), `split at ${at}`);
      }
    });

    it(`reads ${name}, byte by byte`, () => {
      const decoder = new FrameDecoder({ version });
      const got = [...Buffer.from(wire)].flatMap((byte) => decoder.push(Buffer.of(byte)));
      assert.deepEqual(plain(got), expected(frames));
    });
  }

  it('takes another version from the next frame on, within one piece', () => {
    const decoder = new FrameDecoder();
    const got: Frame[] = [];
    decoder.feed(Buffer.from('CONNECTED\nversion:1.0\n\n\0MESSAGE\na:\\x\n\n\0'), (frame) => {
      got.push(frame);
      decoder.version = '1.0';
    });
    assert.equal(got[1]?.header.a, '\\x');
  });

  it('hands over a body within one piece without copying it', () => {
    const wire = Buffer.from('MESSAGE\ncontent-length:5\n\nhello\0');
    const [frame] = new FrameDecoder().push(wire);
    assert.equal(frame?.body.buffer, wire.buffer);
  });

  it('tells whether a frame has begun', () => {
    const decoder = new FrameDecoder();
    assert.equal(decoder.atBoundary, true);
    decoder.push(Buffer.from('\nRECEIPT\n'));
    assert.equal(decoder.atBoundary, false);
    decoder.push(Buffer.from('\n\0\n'));
    assert.equal(decoder.atBoundary, true);
  });

  it('puts 32 MiB together from pieces of 64 kB', () => {
    const length = 32 * 1024 * 1024;
    const piece = Buffer.alloc(65_536, 'x');
    for (const head of [`MESSAGE\ncontent-length:${length}\n\n`, 'MESSAGE\n\n']) {
      const decoder = new FrameDecoder();
      const got = decoder.push(Buffer.from(head));
      for (let sent = 0; sent < length; sent += piece.length) got.push(...decoder.push(piece));
      got.push(...decoder.push(Buffer.of(0)));
      assert.equal(got[0]?.body.length, length);
    }
  });
});

const BAD: ReadonlyArray<{
  name: string;
  code: string;
  wire: string;
  limits?: Partial<FrameLimits>;
  version?: StompVersion;
}> = [
  { name: 'a command in lower case', code: 'FRAME_MALFORMED', wire: 'connected\n\n\0' },
  { name: 'an answer of HTTP', code: 'FRAME_MALFORMED', wire: 'HTTP/1.1 400 Bad Request\r\n\r\n' },
  { name: 'a TLS alert', code: 'FRAME_MALFORMED', wire: '\x15\x03\x01\x00\x02\x02\x46' },
  { name: 'a command without end', code: 'FRAME_MALFORMED', wire: 'A'.repeat(100) },
  { name: 'a header without colon', code: 'FRAME_MALFORMED', wire: 'MESSAGE\nfoo\n\n\0' },
  { name: 'an undefined escape on 1.2', code: 'FRAME_MALFORMED', wire: 'MESSAGE\na:\\t\n\n\0' },
  { name: 'a backslash at the end on 1.2', code: 'FRAME_MALFORMED', wire: 'MESSAGE\na:b\\\n\n\0' },
  { name: 'a body longer than its content-length', code: 'FRAME_MALFORMED', wire: 'MESSAGE\ncontent-length:1\n\nab\0' },
  { name: 'a negative content-length', code: 'FRAME_MALFORMED', wire: 'MESSAGE\ncontent-length:-1\n\n\0' },
  { name: 'a content-length in hexadecimal', code: 'FRAME_MALFORMED', wire: 'MESSAGE\ncontent-length:0x1\n\na\0' },
  { name: 'a NUL where a frame should begin', code: 'FRAME_MALFORMED', wire: 'RECEIPT\n\n\0\0' },
  {
    name: 'headers without end',
    code: 'FRAME_TOO_LARGE',
    wire: `MESSAGE\n${'a:b\n'.repeat(50)}`,
    limits: { headerBytes: 100 },
  },
  {
    name: 'one header line without end',
    code: 'FRAME_TOO_LARGE',
    wire: `MESSAGE\na:${'b'.repeat(200)}`,
    limits: { headerBytes: 100 },
  },
  {
    name: 'too many headers',
    code: 'FRAME_TOO_LARGE',
    wire: `MESSAGE\n${'a:b\n'.repeat(11)}\n\0`,
    limits: { headerCount: 10 },
  },
  {
    name: 'a counted body over the limit, before it comes',
    code: 'FRAME_TOO_LARGE',
    wire: 'MESSAGE\ncontent-length:11\n\n',
    limits: { bodyBytes: 10 },
  },
  {
    name: 'a body without end',
    code: 'FRAME_TOO_LARGE',
    wire: 'MESSAGE\n\n12345678901',
    limits: { bodyBytes: 10 },
  },
];

describe('FrameDecoder refuses', () => {
  for (const { name, code, wire, limits = {}, version = '1.2' } of BAD) {
    it(name, () => {
      const isIt = (error: unknown) => error instanceof StompctlError && error.code === code;
      const decoder = new FrameDecoder({ version, limits });
      assert.throws(() => decoder.push(Buffer.from(wire)), isIt);
      assert.throws(() => decoder.push(Buffer.from('RECEIPT\n\n\0')), isIt, 'and stays refused');
      const drip = new FrameDecoder({ version, limits });
      assert.throws(
        () => {
          for (const byte of Buffer.from(wire)) drip.push(Buffer.of(byte));
        },
        isIt,
        'byte by byte',
      );
    });
  }

  it('nothing at the limits', () => {
    const limits = { headerBytes: 'MESSAGE\na:b\ncontent-length:10\n\n'.length, headerCount: 2, bodyBytes: 10 };
    const wire = 'MESSAGE\na:b\ncontent-length:10\n\n1234567890\0';
    assert.equal(new FrameDecoder({ limits }).push(Buffer.from(`${wire}${wire}`)).length, 2);
  });
});
