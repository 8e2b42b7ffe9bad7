import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameFromMessage, isTextContentType, messageFromFrame } from '../../src/message/content-type.js';
import { Message, newHeader } from '../../src/message/message.js';

const TYPES: readonly (readonly [contentType: string | undefined, text: boolean])[] = [
  [undefined, false],
  ['', false],
  ['text/plain', true],
  ['TEXT/Plain', true],
  ['text/', false],
  ['text/plain; format=flowed', false],
  ['text/plain; charset=utf-8', true],
  ['application/json', false],
  ['application/json;charset=utf-8', true],
  ['application/json; charset="UTF-8"', true],
  ['application/octet-stream', false],
];

for (const [contentType, text] of TYPES) {
  test(`${contentType} is ${text ? 'text' : 'bytes'}`, () => assert.equal(isTextContentType(contentType), text));
}

const FRAMES: readonly (readonly [name: string, contentType: string, body: Buffer, text: boolean, decoded: Buffer])[] =
  [
    ['ASCII', 'text/plain', Buffer.from('hi'), true, Buffer.from('hi')],
    ['UTF-8', 'text/plain;charset=UTF-8', Buffer.from('é'), true, Buffer.from('é')],
    ['Latin-1', 'text/plain;charset=iso-8859-1', Buffer.from([0xe9]), true, Buffer.from('é')],
    ['Latin-2', 'text/xml; charset=ISO-8859-2', Buffer.from([0xbe]), true, Buffer.from('ž')],
    ['UTF-16', 'text/plain;charset=utf-16le', Buffer.from('hé', 'utf16le'), true, Buffer.from('hé')],
    ['ASCII in UTF-16', 'text/plain;charset=utf-16le', Buffer.from('ab'), true, Buffer.from('扡')],
    ['bytes that are not the UTF-8 they claim to be', 'text/plain', Buffer.from([0xff]), false, Buffer.from([0xff])],
    ['half a UTF-16 character', 'text/plain;charset=utf-16le', Buffer.from([1, 2, 3]), false, Buffer.from([1, 2, 3])],
    ['an unknown charset', 'text/plain;charset=klingon', Buffer.from('hi'), false, Buffer.from('hi')],
  ];

for (const [name, contentType, body, text, decoded] of FRAMES) {
  test(`a frame with ${name} becomes a message, and the same frame again`, () => {
    const header = newHeader({ 'content-type': contentType });
    const message = messageFromFrame(header, body);
    assert.equal(message.text, text);
    assert.deepEqual(message.body, decoded);
    assert.equal(message.header, header);
    const frame = frameFromMessage(message);
    assert.equal(frame.header, header);
    assert.deepEqual(frame.body, body);
  });
}

test('bodies that need no decoding are not copied', () => {
  const body = Buffer.from('hi');
  assert.equal(messageFromFrame(newHeader(), body).body, body);
  assert.equal(messageFromFrame(newHeader({ 'content-type': 'text/plain' }), body).body, body);
});

test('a text message without content-type gets text/unknown, in a header of its own', () => {
  const message = new Message(newHeader({ a: 'b' }), Buffer.from('hi'), true);
  const { header } = frameFromMessage(message);
  assert.deepEqual({ ...header }, { a: 'b', 'content-type': 'text/unknown' });
  assert.deepEqual({ ...message.header }, { a: 'b' });
});

test('bytes keep their content-type, and need none', () => {
  const message = new Message(newHeader({ 'content-type': 'text/plain;charset=utf-16le' }), Buffer.from([1]), false);
  const frame = frameFromMessage(message);
  assert.equal(frame.header, message.header);
  assert.equal(frame.body, message.body);
});

test('text that its charset cannot say is refused', () => {
  const message = new Message(newHeader({ 'content-type': 'text/plain;charset=iso-8859-1' }), Buffer.from('ž'), true);
  assert.throws(() => frameFromMessage(message), { code: 'MESSAGE_BAD_HEADER', action: 'reject' });
});
