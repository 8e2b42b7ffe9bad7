import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { duplicateId } from '../../src/message/duplicate-id.js';

const HEADER = { 'amqp-message-id': 'p1', 'message-id': 'T_1@@session-x@@1', 'correlation-id': 'c', order: '7' };

describe('the id of a message', () => {
  it('is by the named header alone, when one is named', () => {
    assert.equal(duplicateId(HEADER, 'source', 'order'), duplicateId({ order: '7' }, undefined, 'order'));
    assert.notEqual(duplicateId(HEADER, 'source', 'order'), duplicateId({ order: '8' }, undefined, 'order'));
    assert.equal(duplicateId(HEADER, 'source', 'missing'), undefined);
    assert.equal(duplicateId({ order: '' }, 'source', 'order'), undefined);
  });

  it('is else what the source knows, else what the producer has set', () => {
    assert.equal(duplicateId(HEADER, 'source', undefined), duplicateId({}, 'source', undefined));
    assert.equal(
      duplicateId(HEADER, undefined, undefined),
      duplicateId({ 'amqp-message-id': 'p1' }, undefined, undefined),
    );
    assert.match(String(duplicateId(HEADER, undefined, undefined)), /^[\w-]{22}$/);
  });

  it('is none by message-id or correlation-id: those are not the message’s alone, at each delivery', () => {
    assert.equal(duplicateId({ 'message-id': '1', 'correlation-id': 'c' }, undefined, undefined), undefined);
  });

  it('is another for another header with the same value', () => {
    const [one, two] = [{ JMSMessageID: 'x' }, { 'amqp-message-id': 'x' }];
    assert.notEqual(duplicateId(one, undefined, undefined), duplicateId(two, undefined, undefined));
  });
});
