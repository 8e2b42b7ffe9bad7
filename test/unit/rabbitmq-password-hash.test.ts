import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { hashingOf, hashPassword, isHashOf } from '../../src/rabbitmq/password-hash.js';

describe('the hash of a password', () => {
  it('is that of the documentation of RabbitMQ', () => {
    // "Computing Password Hash": salt 90 8D C6 0A, password test12
    const hash = 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR';
    assert.equal(isHashOf({ hash, hashing: 'rabbit_password_hashing_sha256' }, 'test12'), true);
    assert.equal(isHashOf({ hash, hashing: 'rabbit_password_hashing_sha256' }, 'test13'), false);
    assert.equal(isHashOf({ hash, hashing: 'rabbit_password_hashing_md5' }, 'test12'), false);
  });

  it('has a salt of its own each time, and is known again', () => {
    const [one, two] = [hashPassword('žluť'), hashPassword('žluť')];
    assert.notEqual(one.hash, two.hash);
    for (const each of [one, two]) {
      assert.equal(isHashOf(each, 'žluť'), true);
      assert.equal(isHashOf(each, 'žlut'), false);
    }
  });

  for (const algorithm of ['md5', 'sha256', 'sha512'] as const) {
    it(`may be made with ${algorithm}`, () => {
      const salt = Buffer.from([1, 2, 3, 4]);
      const digest = createHash(algorithm)
        .update(Buffer.concat([salt, Buffer.from('pass')]))
        .digest();
      const hash = Buffer.concat([salt, digest]).toString('base64');
      assert.equal(hashingOf(hash), `rabbit_password_hashing_${algorithm}`);
      assert.equal(isHashOf({ hash, hashing: `rabbit_password_hashing_${algorithm}` }, 'pass'), true);
    });
  }

  it('is not what is no Base64, or of another length', () => {
    for (const text of ['', 'AAAA', '****', 'A'.repeat(48).slice(1)]) assert.equal(hashingOf(text), undefined, text);
    assert.equal(isHashOf({ hash: '', hashing: 'rabbit_password_hashing_sha256' }, ''), false);
  });
});
