import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { StompctlError } from '../../src/base/errors.js';
import { decodeMessage, encodeMessage } from '../../src/message/json.js';
import { Message, newHeader } from '../../src/message/message.js';

const LIMITS = { maxMessageSize: 1 << 20 };
const headers = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }));
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc.string({ unit: 'grapheme', maxLength: 500 }).map((text) => Buffer.from(text)),
  fc.string({ maxLength: 500 }).map((text) => Buffer.from(text)),
);

test('what was written is read as it was', () => {
  fc.assert(
    fc.property(headers, bytes, fc.boolean(), (header, body, text) => {
      const given = new Message(newHeader(header), Buffer.from(body), text);
      const read = decodeMessage(encodeMessage(given), LIMITS);
      assert.deepEqual({ ...read.header }, { ...header });
      assert.deepEqual(read.body, given.body);
      // bytes that are no text lose the flag, never themselves
      assert.equal(read.text, text && isUtf8(given.body));
    }),
  );
});

test('whatever a file holds, reading it answers or throws a StompctlError', () => {
  const files = fc.oneof(
    fc.uint8Array(),
    fc.json(),
    fc.record({
      header: fc.json(),
      body: fc.string(),
      text: fc.boolean(),
      encoding: fc.constantFrom('base64', 'utf8', 'x'),
    }),
  );
  fc.assert(
    fc.property(files, (file) => {
      const json = file instanceof Uint8Array ? file : typeof file === 'string' ? file : JSON.stringify(file);
      try {
        decodeMessage(Buffer.from(json as string), LIMITS);
      } catch (error) {
        assert.ok(error instanceof StompctlError);
      }
    }),
  );
});
