import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { encodeFrame } from '../../src/stomp/codec/encoder.js';
import { newFrameHeader, type StompVersion } from '../../src/stomp/codec/frame.js';

const isBadHeader = (error: unknown) => error instanceof StompctlError && error.code === 'MESSAGE_BAD_HEADER';

function wire(version: StompVersion, header: Record<string, string>, body = '', contentLength?: boolean): string {
  return encodeFrame('SEND', newFrameHeader(header), Buffer.from(body), version, contentLength).toString();
}

describe('encodeFrame', () => {
  it('escapes as 1.2 does', () => {
    assert.equal(wire('1.2', { 'a:b': 'c\n\r\\:' }), 'SEND\na\\cb:c\\n\\r\\\\\\c\n\n\0');
  });
  it('escapes as 1.1 does: a CR is data', () => {
    assert.equal(wire('1.1', { 'a:b': 'c\n\r\\:' }), 'SEND\na\\cb:c\\n\r\\\\\\c\n\n\0');
  });
  it('escapes nothing on 1.0', () => {
    assert.equal(wire('1.0', { a: 'c\r\\:' }), 'SEND\na:c\r\\:\n\n\0');
  });
  for (const header of [{ 'a:b': '' }, { 'a\nb': '' }, { a: 'b\nc' }, { '': 'b' }]) {
    it(`refuses ${JSON.stringify(header)} on 1.0`, () => {
      assert.throws(() => wire('1.0', header), isBadHeader);
    });
  }
  it('refuses an empty name on 1.2', () => {
    assert.throws(() => wire('1.2', { '': 'b' }), isBadHeader);
  });
  for (const command of ['CONNECT', 'CONNECTED']) {
    it(`escapes nothing in ${command}, and refuses what would need it`, () => {
      assert.equal(
        encodeFrame(command, newFrameHeader({ passcode: 'a:b\\c' })).toString(),
        `${command}\npasscode:a:b\\c\n\n\0`,
      );
      assert.throws(() => encodeFrame(command, newFrameHeader({ passcode: 'a\nb:c' })), isBadHeader);
      assert.throws(() => encodeFrame(command, newFrameHeader({ 'a:b': 'c' })), isBadHeader);
    });
  }
  it('counts the bytes of the body', () => {
    assert.equal(wire('1.2', { a: 'b' }, 'žluť'), 'SEND\na:b\ncontent-length:6\n\nžluť\0');
  });
  it('leaves content-length out when asked', () => {
    assert.equal(wire('1.2', { a: 'b' }, 'text', false), 'SEND\na:b\n\ntext\0');
  });
  it('counts a body with a NUL even when asked not to', () => {
    assert.equal(wire('1.2', { a: 'b' }, 'te\0xt', false), 'SEND\na:b\ncontent-length:5\n\nte\0xt\0');
  });
  it('never writes a content-length that was handed over', () => {
    assert.equal(wire('1.2', { 'content-length': '99' }, 'text'), 'SEND\ncontent-length:4\n\ntext\0');
  });
});
