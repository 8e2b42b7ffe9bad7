import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, it } from 'node:test';
import { Scene, upTo } from '../support/scene.js';

describe('a sender of datagrams', () => {
  it('ends with 75 and keeps its queue when nobody listens', async (test) => {
    const scene = await Scene.set(test);
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const { port } = socket.address();
    await new Promise<void>((resolve) => socket.close(resolve));
    scene.fill('in', 50);
    const ends = ['--incoming-queue', `path=${scene.path('in')}`, '--outgoing-broker-uri', `udp://127.0.0.1:${port}`];
    const ended = await scene.run([...ends, '--remove', '--no-reliable']);
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /DATAGRAM_REFUSED/);
    assert.deepEqual(scene.stored('in'), upTo(50));
  });
});
