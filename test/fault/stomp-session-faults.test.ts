import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Fault } from '../../src/broker/fault.js';
import {
  brokerAcceptsAndSaysNothing,
  brokerAnswersError,
  brokerAnswersWrongVersion,
  brokerClosesOnReading,
  brokerFallsSilent,
  brokerNeverCloses,
  brokerRefusesLogin,
  brokerSendsEndlessHeader,
  brokerSendsHalfFrame,
  brokerSendsMalformedFrame,
  brokerSendsOversizedFrame,
  brokerStopsHeartBeats,
  brokerStopsReading,
  brokerWithholdsReceipt,
} from '../../src/broker/faults.js';
import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import { StompSession } from '../../src/stomp/session.js';
import type { SessionOptions } from '../../src/stomp/session-options.js';
import { eventually } from '../support/eventually.js';
import { startedBroker } from '../support/started-broker.js';
import type { Cleaning } from '../support/temp-folder.js';

const halfFrame = brokerSendsHalfFrame({ command: 'RECEIPT', afterwards: 'close' });

const TO = { destination: '/queue/a' };

async function session(
  test: Cleaning,
  faults: readonly Fault[],
  options: Partial<SessionOptions> = {},
  broker: BrokerOptions = {},
): Promise<StompSession> {
  const server = await startedBroker(test, { faults, ...broker });
  const endpoint = { transport: 'tcp', host: '127.0.0.1', port: server.port } as const;
  const opened = await StompSession.connect({ endpoint, ...options });
  test.after(async () => opened.abort('end of the test'));
  return opened;
}

/** A server on a thread of its own, which beats whatever this thread does. Resolves to its port. */
async function beatingServer(test: Cleaning): Promise<number> {
  const code = `
    const { createServer } = require('node:net');
    const { parentPort } = require('node:worker_threads');
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write('CONNECTED\\nversion:1.2\\nheart-beat:20,0\\n\\n\\0');
        setInterval(() => socket.write('\\n'), 20);
      });
    });
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;
  const worker = new Worker(code, { eval: true });
  test.after(async () => {
    await worker.terminate();
  });
  return new Promise((resolve) => worker.once('message', resolve));
}

describe('StompSession.connect', () => {
  it('names host and port when nobody listens', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    await assert.rejects(StompSession.connect({ endpoint: { transport: 'tcp', host: '127.0.0.1', port } }), {
      code: 'CONNECT_FAILED',
      message: new RegExp(`127.0.0.1:${port}.*ECONNREFUSED.*broker running`),
    });
  });

  it('says that the host is unknown', async () => {
    const endpoint = { transport: 'tcp', host: 'no-such-host.invalid', port: 1 } as const;
    await assert.rejects(StompSession.connect({ endpoint }), {
      code: 'HOST_UNKNOWN',
      message: /no-such-host\.invalid:1/,
    });
  });

  it('gives up on brokerAcceptsAndSaysNothing', async (test) => {
    await assert.rejects(session(test, [brokerAcceptsAndSaysNothing()], { connectTimeoutMs: 60 }), {
      code: 'CONNECT_TIMEOUT',
      message: /no CONNECTED within 0\.06 s/,
    });
  });

  it('is called off by its signal', async (test) => {
    const off = new AbortController();
    const opening = session(test, [brokerAcceptsAndSaysNothing()], { signal: off.signal });
    setTimeout(() => off.abort(), 20);
    await assert.rejects(opening, { code: 'SESSION_CLOSED' });
  });

  it('recognises brokerRefusesLogin', async (test) => {
    const login = { login: 'me', passcode: 'x' };
    const refused = session(test, [brokerRefusesLogin()], login);
    await assert.rejects(refused, { code: 'LOGIN_REFUSED', message: /check user, password and virtual host$/ });
    const without = session(test, [brokerRefusesLogin()]);
    await assert.rejects(without, { code: 'LOGIN_REFUSED', message: /no login was given: set auth/ });
  });

  it('recognises a wrong password, without telling it', async (test) => {
    const refused = session(test, [], { login: 'me', passcode: 'wrong!' }, { users: { me: 'right' } });
    await assert.rejects(refused, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'LOGIN_REFUSED');
      assert.doesNotMatch(error.message, /wrong!/);
      return true;
    });
  });

  it('refuses brokerAnswersWrongVersion', async (test) => {
    await assert.rejects(session(test, [brokerAnswersWrongVersion({ version: '1.3' })]), { code: 'BROKER_ERROR' });
  });

  it('says when the versions offered are not known', async (test) => {
    await assert.rejects(session(test, [], { versions: ['1.0'] }, { versions: ['1.2'] }), { code: 'BROKER_ERROR' });
  });

  for (const [name, options] of [
    ['login', { login: 'a\nb' }],
    ['passcode', { passcode: 'a\0b' }],
    ['host', { vhost: 'a\rb' }],
  ] as const) {
    it(`refuses a line end or NUL in ${name} before connecting`, async () => {
      const endpoint = { transport: 'tcp', host: '127.0.0.1', port: 1 } as const;
      await assert.rejects(StompSession.connect({ endpoint, ...options }), {
        code: 'CREDENTIAL_INVALID',
        message: new RegExp(name),
      });
    });
  }

  for (const [name, reply, code] of [
    ['a web server', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'FRAME_MALFORMED'],
    ['TLS', '\x15\x03\x01\0\x02\x02F', 'FRAME_MALFORMED'],
  ] as const) {
    it(`recognises that ${name} answers`, async (test) => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.write(reply, 'latin1');
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      test.after(async () => {
        server.close();
      });
      const { port } = server.address() as { port: number };
      const endpoint = { transport: 'tcp', host: '127.0.0.1', port } as const;
      await assert.rejects(StompSession.connect({ endpoint }), { code, message: /STOMP port/ });
    });
  }
});

describe('an open StompSession', () => {
  it('ends on brokerWithholdsReceipt, after the time-out', async (test) => {
    const opened = await session(test, [brokerWithholdsReceipt()], { receiptTimeoutMs: 80 });
    await assert.rejects(opened.send(TO), { code: 'RECEIPT_TIMEOUT', message: /SEND \/queue\/a/ });
    assert.equal((await opened.ended)?.code, 'RECEIPT_TIMEOUT');
  });

  it('rejects only the message that brokerAnswersError names, the others with it in flight as lost', async (test) => {
    const fault = brokerAnswersError({ after: 1, receiptId: true });
    const opened = await session(test, [fault]);
    const sends = await Promise.allSettled([opened.send(TO), opened.send(TO), opened.send(TO)]);
    const codes = sends.map((send) => (send.status === 'fulfilled' ? 'safe' : (send.reason as { code: string }).code));
    assert.deepEqual(codes, ['safe', 'MESSAGE_REFUSED', 'SESSION_LOST']);
  });

  it('rejects everything in flight on an ERROR that names nothing, though the broker leaves the socket open', async (test) => {
    const fault = brokerAnswersError({ after: 1, receiptId: false });
    const opened = await session(test, [fault, brokerNeverCloses()]);
    const sends = await Promise.allSettled([opened.send(TO), opened.send(TO), opened.send(TO)]);
    const codes = sends.map((send) => (send.status === 'fulfilled' ? 'safe' : (send.reason as { code: string }).code));
    assert.deepEqual(codes, ['safe', 'BROKER_ERROR', 'BROKER_ERROR']);
    assert.equal((await opened.ended)?.code, 'BROKER_ERROR');
  });

  for (const [fault, code] of [
    [brokerClosesOnReading({ command: 'SEND' }), 'SESSION_LOST'],
    [halfFrame, 'SESSION_LOST'],
    [brokerSendsMalformedFrame({ command: 'RECEIPT' }), 'FRAME_MALFORMED'],
    [brokerSendsOversizedFrame({ command: 'RECEIPT' }), 'FRAME_TOO_LARGE'],
    [brokerSendsEndlessHeader({ command: 'RECEIPT' }), 'FRAME_TOO_LARGE'],
  ] as const) {
    it(`ends on ${fault.name} with ${code}`, async (test) => {
      const opened = await session(test, [fault], { maxMessageSize: 1000, receiptTimeoutMs: 5000 });
      await opened.listen({ destination: '/queue/a' }, () => undefined).catch(() => undefined);
      await opened.send(TO, Buffer.from('x')).catch(() => undefined);
      assert.equal((await opened.ended)?.code, code);
    });
  }

  it('ends on brokerStopsHeartBeats, and says how late its own loop was', async (test) => {
    const opened = await session(
      test,
      [brokerStopsHeartBeats()],
      { heartBeat: { clientMs: 0, serverMs: 20 } },
      {
        heartBeat: [20, 0],
      },
    );
    const error = await opened.ended;
    assert.equal(error?.code, 'HEARTBEAT_MISSED');
    assert.match(error?.message ?? '', /event loop late by \d+ ms/);
  });

  it('lives through a loop that was busy for many heart-beats', async (test) => {
    const port = await beatingServer(test);
    const endpoint = { transport: 'tcp', host: '127.0.0.1', port } as const;
    const opened = await StompSession.connect({ endpoint, heartBeat: { clientMs: 0, serverMs: 100 } });
    test.after(async () => opened.abort('end of the test'));
    const until = performance.now() + 500;
    while (performance.now() < until);
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(opened.over, undefined);
  });

  it('keeps a broker content that wants heart-beats', async (test) => {
    const opened = await session(test, [], { heartBeat: { clientMs: 100, serverMs: 100 } }, { heartBeat: [100, 100] });
    const until = performance.now() + 600;
    await eventually(() => performance.now() > until);
    assert.equal(opened.over, undefined);
    await opened.send(TO);
  });

  it('does not take its own pause for silence of the broker', async (test) => {
    const opened = await session(test, [], { heartBeat: { clientMs: 0, serverMs: 100 } }, { heartBeat: [100, 0] });
    opened.pause();
    for (let round = 0; round < 8; round++) await new Promise((resolve) => setTimeout(resolve, 40));
    assert.equal(opened.over, undefined);
    opened.resume();
    await opened.send(TO);
  });

  it('does not miss a receipt while it pauses itself', async (test) => {
    const opened = await session(test, [], { receiptTimeoutMs: 40 });
    opened.pause();
    const sent = opened.send(TO);
    for (let round = 0; round < 5; round++) await new Promise((resolve) => setTimeout(resolve, 30));
    opened.resume();
    await sent;
  });

  it('ends a pause that lasts too long', async (test) => {
    const opened = await session(test, [], { pauseTimeoutMs: 30 });
    opened.pause();
    assert.equal((await opened.ended)?.code, 'SESSION_LOST');
  });

  it('ends on brokerStopsReading, also without receipts', async (test) => {
    const opened = await session(test, [brokerStopsReading({ command: 'SEND' })], { receiptTimeoutMs: 100 });
    const body = Buffer.alloc(30_000_000);
    await opened.send(TO);
    await assert.rejects(opened.send(TO, body, { receipt: false }), { code: 'SESSION_LOST', message: /read nothing/ });
  });

  it('closes on brokerFallsSilent, by force after the time-out', async (test) => {
    const opened = await session(test, [brokerFallsSilent({ command: 'RECEIPT' })], { disconnectTimeoutMs: 50 });
    await opened.close();
    assert.equal(await opened.ended, undefined);
  });

  it('closes on brokerNeverCloses', async (test) => {
    const opened = await session(test, [brokerNeverCloses()], { disconnectTimeoutMs: 50 });
    await opened.close();
    assert.equal(await opened.ended, undefined);
  });

  it('tells the message of an ERROR, not its stack trace', async (test) => {
    const fault = brokerAnswersError({ message: 'no such queue' });
    const opened = await session(test, [fault], {}, { server: 'ActiveMQ/5.17.2' });
    await assert.rejects(opened.send(TO), (error: Error) => {
      assert.match(error.message, /no such queue$/);
      return true;
    });
  });

  it('tells the message of an ERROR in one line, and not all of a long one', async (test) => {
    const fault = brokerAnswersError({ message: `first\nsecond ${'x'.repeat(5000)}` });
    const opened = await session(test, [fault]);
    await assert.rejects(opened.send(TO), (error: Error) => {
      assert.match(error.message, /first second xxx/);
      assert.doesNotMatch(error.message, /\n/);
      assert.ok(error.message.length < 500);
      return true;
    });
  });

  it('takes a receipt that nobody asked for, whatever its headers', async (test) => {
    const port = await answering(test, 'RECEIPT\nreceipt-id:a\\nb\nx\\cy:z\n\n\0');
    const endpoint = { transport: 'tcp', host: '127.0.0.1', port } as const;
    const opened = await StompSession.connect({ endpoint });
    test.after(async () => opened.abort('end of the test'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(opened.over, undefined);
  });
});

/** A server that answers CONNECT by CONNECTED and `more`. Resolves to its port. */
async function answering(test: Cleaning, more: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(`CONNECTED\nversion:1.2\n\n\0${more}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(async () => {
    server.close();
  });
  return (server.address() as { port: number }).port;
}
