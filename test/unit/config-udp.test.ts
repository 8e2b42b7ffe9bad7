import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { examineCase } from '../support/config-case.js';

describe('a configuration over UDP', () => {
  it('is neither reliable nor logged in, and has no heart-beats', async (t) => {
    const file =
      'incoming-queue = path=/in\noutgoing-broker-uri = udp://h:1\nreliable = true\noutgoing-broker-auth = none\n';
    const { texts } = await examineCase(t, { file });
    assert.deepEqual(texts, [
      'x.conf:3: reliable is not possible over UDP',
      'x.conf:4: outgoing-broker-auth is not possible over UDP',
    ]);
    const { settings } = await examineCase(t, { file: 'incoming-queue = path=/in\noutgoing-broker-uri = udp://h:1\n' });
    assert.deepEqual([settings?.reliable, settings?.heartBeat], [false, false]);
  });
});
