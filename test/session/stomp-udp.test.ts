import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, it } from 'node:test';
import { FrameDecoder } from '../../src/stomp/codec/decoder.js';
import { UdpSender } from '../../src/stomp/udp-sender.js';
import { eventually } from '../support/eventually.js';
import type { Cleaning } from '../support/temp-folder.js';

async function pair(test: Cleaning) {
  const datagrams: Buffer[] = [];
  const receiver = createSocket('udp4', (bytes) => datagrams.push(bytes));
  await new Promise<void>((resolve) => receiver.bind(0, '127.0.0.1', resolve));
  const sender = await UdpSender.open({
    endpoint: { transport: 'udp', host: '127.0.0.1', port: receiver.address().port },
  });
  let open = true;
  receiver.once('close', () => {
    open = false;
  });
  test.after(async () => {
    await sender.close();
    if (open) receiver.close();
  });
  return { datagrams, sender, receiver };
}

/** A port of this machine where nobody listens for datagrams. */
async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

describe('UdpSender', () => {
  it('sends each message as one datagram, without a session or receipt', async (test) => {
    const { datagrams, sender } = await pair(test);
    await sender.send({ destination: '/queue/a', receipt: '1', 'message-id': '2', x: 'a:b' }, Buffer.from('one\0'));
    await eventually(() => datagrams.length === 1);
    const [frame] = new FrameDecoder().push(datagrams[0] as Buffer);
    assert.equal(frame?.command, 'SEND');
    assert.deepEqual({ ...frame?.header }, { destination: '/queue/a', x: 'a:b', 'content-length': '4' });
    assert.equal(frame?.body.toString(), 'one\0');
  });

  it('carries a frame of 65,507 bytes, and rejects a larger one', async (test) => {
    const { datagrams, sender } = await pair(test);
    const head = 'SEND\ndestination:/queue/a\ncontent-length:65448\n\n'.length + 1;
    await sender.send({ destination: '/queue/a' }, Buffer.alloc(65_507 - head));
    await eventually(() => datagrams[0]?.length === 65_507);
    await assert.rejects(sender.send({ destination: '/queue/a' }, Buffer.alloc(65_508 - head)), {
      code: 'MESSAGE_TOO_LARGE',
      message: /65507/,
    });
  });

  it('refuses every message when nobody listens, the first one too', async (test) => {
    const deaf = await UdpSender.open({
      endpoint: { transport: 'udp', host: '127.0.0.1', port: await freeUdpPort() },
    });
    test.after(() => deaf.close());
    const refused = { code: 'DATAGRAM_REFUSED', action: 'stop', message: /nobody listens/ };
    const sends = [1, 2, 3].map(() => assert.rejects(deaf.send({ destination: '/queue/a' }), refused));
    await Promise.all(sends);
    await assert.rejects(deaf.send({ destination: '/queue/a' }), refused);
  });

  it('refuses what is sent once nobody listens any more', async (test) => {
    const { datagrams, sender, receiver } = await pair(test);
    await sender.send({ destination: '/queue/a' });
    await eventually(() => datagrams.length === 1);
    await new Promise<void>((resolve) => receiver.close(resolve));
    await assert.rejects(
      async () => {
        for (let count = 0; count < 100; count++) await sender.send({ destination: '/queue/a' });
      },
      { code: 'DATAGRAM_REFUSED' },
    );
  });

  it('says that a host is unknown', async () => {
    const endpoint = { transport: 'udp', host: 'no-such-host.invalid', port: 1 } as const;
    await assert.rejects(UdpSender.open({ endpoint }), { code: 'HOST_UNKNOWN' });
  });

  it('sends nothing once closed', async (test) => {
    const { sender } = await pair(test);
    await sender.close();
    await assert.rejects(sender.send({ destination: '/queue/a' }), { code: 'SESSION_CLOSED' });
  });
});
