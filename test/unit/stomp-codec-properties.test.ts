import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StompctlError } from '../../src/base/errors.js';
import { FrameDecoder } from '../../src/stomp/codec/decoder.js';
import { encodeFrame } from '../../src/stomp/codec/encoder.js';
import { type Frame, newFrameHeader, type StompVersion } from '../../src/stomp/codec/frame.js';
import { anyText } from '../support/any-text.js';

/** Strings of well-formed Unicode, rich in what the versions treat specially. */
const text = fc.string({
  unit: fc.oneof(fc.constantFrom(':', '\n', '\r', '\\', '\\n', ' ', '\t', '\0', 'c'), anyText(3)),
  maxLength: 12,
});

/** What a version can carry: on 1.0 no LF, nor `:` in names; CR at the end of a line is a line end only on 1.2, which escapes it. */
function headers(version: StompVersion): fc.Arbitrary<[string, string][]> {
  const fit = (part: string) => (version === '1.0' ? part.replaceAll('\n', '_') : part);
  const name = text.map((part) => `n${version === '1.0' ? fit(part).replaceAll(':', '_') : part}`);
  return fc.uniqueArray(fc.tuple(name, text.map(fit)), { selector: ([key]) => key, maxLength: 8 });
}

const body = fc
  .oneof(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 10, max: 3 }))
  .map((b) => Buffer.from(b));
const command = fc.constantFrom('SEND', 'MESSAGE', 'RECEIPT', 'ERROR', 'ACK', 'SUBSCRIBE');

interface Given {
  readonly command: string;
  readonly header: [string, string][];
  readonly body: Buffer;
  readonly contentLength: boolean;
}

function given(version: StompVersion): fc.Arbitrary<Given[]> {
  return fc.array(fc.record({ command, header: headers(version), body, contentLength: fc.boolean() }), {
    maxLength: 4,
  });
}

function encodeAll(frames: readonly Given[], version: StompVersion): Buffer {
  return Buffer.concat(
    frames.map((frame) =>
      encodeFrame(
        frame.command,
        newFrameHeader(Object.fromEntries(frame.header)),
        frame.body,
        version,
        frame.contentLength,
      ),
    ),
  );
}

function seen(frames: readonly Frame[]): unknown {
  return frames.map(({ command, header, body }) => [
    command,
    Object.entries(header).filter(([name]) => name !== 'content-length'),
    body.toString('hex'),
  ]);
}

function meant(frames: readonly Given[]): unknown {
  return frames.map(({ command, header, body }) => [
    command,
    Object.entries(Object.fromEntries(header)),
    body.toString('hex'),
  ]);
}

/** Cuts `bytes` into pieces of the sizes given, over and over. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });

describe('the frame codec', () => {
  for (const version of ['1.0', '1.1', '1.2'] as const) {
    it(`decodes what it encodes on ${version}, cut anywhere`, () => {
      fc.assert(
        fc.property(given(version), sizes, (frames, pieces) => {
          const wire = encodeAll(frames, version);
          const decoder = new FrameDecoder({ version });
          const got = cut(wire, pieces).flatMap((piece) => decoder.push(piece));
          assert.deepEqual(seen(got), meant(frames));
          assert.equal(decoder.atBoundary, true);
        }),
        { numRuns: 300 },
      );
    });
  }

  it('answers random bytes with frames or a typed error, whatever the cut', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc
        .array(
          fc.constantFrom('MESSAGE\n', 'a:b\n', '\n', '\0', ':', '\r', '\\', 'content-length:', '3\n', 'x', '\xff'),
        )
        .map((parts) => Buffer.from(parts.join(''), 'latin1')),
    );
    const outcome = (pieces: readonly Buffer[]): unknown => {
      const decoder = new FrameDecoder({ limits: { headerBytes: 60, headerCount: 5, bodyBytes: 20 } });
      const got: Frame[] = [];
      try {
        for (const piece of pieces) decoder.feed(piece, (frame) => got.push(frame));
      } catch (error) {
        assert.ok(error instanceof StompctlError && /^FRAME_/.test(error.code), String(error));
        return [seen(got), error.code];
      }
      return [seen(got)];
    };
    fc.assert(
      fc.property(noise, sizes, (bytes, pieces) => {
        assert.deepEqual(outcome(cut(bytes, pieces)), outcome([bytes]));
      }),
      { numRuns: 1000 },
    );
  });
});
