import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrameDecoder } from '../../src/stomp/codec/decoder.js';
import type { Frame } from '../../src/stomp/codec/frame.js';

const AFTER = 'MESSAGE\nn:2\ncontent-length:2\n\nab\0';
const LIMITS = { bodyBytes: 10, skippedBytes: 1000 };

const CASES = [
  {
    name: 'with content-length',
    wire: `MESSAGE\nn:1\ncontent-length:30\n\n${'x\0y'.repeat(10)}\0\n${AFTER}`,
    bytes: 30,
  },
  { name: 'with CR LF', wire: `MESSAGE\r\nn:1\r\ncontent-length:30\r\n\r\n${'x\n\n'.repeat(10)}\0${AFTER}`, bytes: 30 },
  { name: 'without content-length', wire: `MESSAGE\nn:1\n\n${'x\n\n'.repeat(10)}\0${AFTER}`, bytes: 30 },
  { name: 'one byte over the limit', wire: `MESSAGE\nn:1\n\n${'x'.repeat(11)}\0${AFTER}`, bytes: 11 },
];

function told(frames: readonly Frame[]): unknown {
  return frames.map(({ header, body, skippedBytes }) => [header.n, body.toString(), skippedBytes]);
}

describe('FrameDecoder skips a body over the limit', () => {
  for (const { name, wire, bytes } of CASES) {
    const expected = [
      ['1', '', bytes],
      ['2', 'ab', undefined],
    ];
    it(`${name}, cut in two at every byte`, () => {
      const all = Buffer.from(wire);
      for (let at = 0; at <= all.length; at++) {
        const decoder = new FrameDecoder({ limits: LIMITS, skipOversized: true });
        const got = [...decoder.push(all.subarray(0, at)), ...decoder.push(all.subarray(at))];
        assert.deepEqual(told(got), expected, `cut at ${at}`);
      }
    });

    it(`${name}, byte by byte`, () => {
      const decoder = new FrameDecoder({ limits: LIMITS, skipOversized: true });
      assert.deepEqual(told([...Buffer.from(wire)].flatMap((byte) => decoder.push(Buffer.of(byte)))), expected);
    });
  }

  it('without keeping it: a body of 1 GB costs no memory', () => {
    const decoder = new FrameDecoder({ limits: { bodyBytes: 1000 }, skipOversized: true });
    const piece = Buffer.alloc(1_000_000, 'x');
    const before = process.memoryUsage().arrayBuffers;
    decoder.push(Buffer.from('MESSAGE\ncontent-length:1000000000\n\n'));
    for (let count = 0; count < 1000; count++) decoder.push(piece);
    const [frame] = decoder.push(Buffer.of(0));
    assert.equal(frame?.skippedBytes, 1_000_000_000);
    assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000);
  });

  for (const { name, wire, code } of [
    { name: 'of another frame', wire: `RECEIPT\ncontent-length:11\n\n${'x'.repeat(11)}\0`, code: 'FRAME_TOO_LARGE' },
    { name: 'of another frame, without end', wire: `ERROR\n\n${'x'.repeat(11)}\0`, code: 'FRAME_TOO_LARGE' },
    {
      name: 'announced with more than can be skipped',
      wire: 'MESSAGE\ncontent-length:1001\n\n',
      code: 'FRAME_TOO_LARGE',
    },
    { name: 'that has no end', wire: `MESSAGE\n\n${'x'.repeat(1001)}`, code: 'FRAME_TOO_LARGE' },
    {
      name: 'longer than announced',
      wire: `MESSAGE\ncontent-length:11\n\n${'x'.repeat(12)}\0`,
      code: 'FRAME_MALFORMED',
    },
  ]) {
    it(`but not one ${name}`, () => {
      const decoder = new FrameDecoder({ limits: LIMITS, skipOversized: true });
      assert.throws(() => decoder.push(Buffer.from(wire)), { code });
    });
  }
});
