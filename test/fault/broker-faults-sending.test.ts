import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  brokerAcceptsAndSaysNothing,
  brokerAnswersError,
  brokerAnswersWrongVersion,
  brokerClosesAfterFrames,
  brokerDelaysReceipts,
  brokerDeliversTwice,
  brokerFallsSilent,
  brokerReordersReceipts,
  brokerSendsEndlessHeader,
  brokerSendsHalfFrame,
  brokerSendsMalformedFrame,
  brokerSendsOversizedFrame,
  brokerWithholdsReceipt,
} from '../../src/broker/faults.js';
import { eventually } from '../support/eventually.js';
import { connectRaw, messages, openRaw, RawBytes, send, subscribe } from '../support/raw-client.js';
import { headerOf } from '../support/raw-stomp.js';
import { startedBroker } from '../support/started-broker.js';

const QUEUE = '/queue/f';
const HELLO = 'CONNECT\naccept-version:1.2\n\n\0';

test('brokerWithholdsReceipt: the message is stored, its receipt missing, the next ones come', async (t) => {
  const fault = brokerWithholdsReceipt({ after: 1 });
  const broker = await startedBroker(t, { faults: [fault] });
  const client = await connectRaw(t, broker);
  for (const receipt of ['1', '2', '3']) client.frame('SEND', { destination: QUEUE, receipt });
  const receipts = [await client.next(), await client.next()].map((frame) => headerOf(frame, 'receipt-id'));
  assert.deepEqual(receipts, ['1', '3']);
  assert.equal(broker.depth(QUEUE).ready, 3);
  assert.equal(fault.fired, 1);
});

test('brokerDelaysReceipts: they come, later and in order', async (t) => {
  const fault = brokerDelaysReceipts({ delayMs: 30 });
  const broker = await startedBroker(t, { faults: [fault] });
  const client = await connectRaw(t, broker);
  const start = performance.now();
  for (const receipt of ['1', '2']) client.frame('SEND', { destination: QUEUE, receipt });
  const receipts = [await client.next(), await client.next()].map((frame) => headerOf(frame, 'receipt-id'));
  assert.deepEqual(receipts, ['1', '2']);
  assert.ok(performance.now() - start >= 29);
  assert.equal(fault.fired, 2);
});

test('brokerReordersReceipts: each batch comes last first, also an incomplete one', async (t) => {
  const fault = brokerReordersReceipts({ batch: 3 });
  const client = await connectRaw(t, await startedBroker(t, { faults: [fault] }));
  for (const receipt of ['1', '2', '3', '4', '5']) client.frame('SEND', { destination: QUEUE, receipt });
  const receipts: (string | undefined)[] = [];
  for (let count = 0; count < 5; count += 1) receipts.push(headerOf(await client.next(), 'receipt-id'));
  assert.deepEqual(receipts, ['3', '2', '1', '5', '4']);
});

test('brokerAnswersWrongVersion: once, then the genuine one', async (t) => {
  const fault = brokerAnswersWrongVersion({ version: '9.9' });
  const broker = await startedBroker(t, { faults: [fault] });
  for (const version of ['9.9', '1.2']) {
    const client = await openRaw(t, broker);
    client.write(HELLO);
    assert.equal(headerOf(await client.next(), 'version'), version);
  }
});

test('brokerClosesAfterFrames: so many frames arrive, then the end', async (t) => {
  const fault = brokerClosesAfterFrames({ frames: 3 });
  const broker = await startedBroker(t, { faults: [fault] });
  const client = new RawBytes(t, broker);
  client.write(HELLO);
  for (const receipt of ['1', '2', '3', '4']) client.write(`SEND\ndestination:${QUEUE}\nreceipt:${receipt}\n\n\0`);
  await client.untilClosed();
  assert.equal(client.text.split('\0').length - 1, 3);
  assert.match(client.text, /receipt-id:2\n\n\0$/);
  assert.equal((await send(await connectRaw(t, broker), QUEUE)).command, 'RECEIPT', 'the next session is served');
});

for (const then of ['close', 'silence'] as const) {
  test(`brokerSendsHalfFrame: half a MESSAGE, then ${then}; the message comes again to the next session`, async (t) => {
    const fault = brokerSendsHalfFrame({ command: 'MESSAGE', after: 1, afterwards: then });
    const broker = await startedBroker(t, { faults: [fault] });
    broker.publish(QUEUE, {}, 'whole');
    broker.publish(QUEUE, {}, 'x'.repeat(1000));
    const client = new RawBytes(t, broker);
    client.write(`${HELLO}SUBSCRIBE\nid:0\ndestination:${QUEUE}\nack:client\n\n\0`);
    const text = await client.until('xxxxx');
    assert.match(text, /whole\0MESSAGE\n[^\0]*x$/);
    if (then === 'close') {
      await client.untilClosed();
    } else {
      client.write(`SEND\ndestination:${QUEUE}\nreceipt:1\n\n\0`);
      await eventually(() => fault.fired === 1);
      assert.equal(client.closed, false);
      client.socket.destroy();
    }
    const next = await connectRaw(t, broker);
    await eventually(() => broker.depth(QUEUE).ready === 2);
    await subscribe(next, { destination: QUEUE, id: '0' });
    assert.deepEqual(
      (await messages(next, 2)).map((frame) => frame.body.length),
      [5, 1000],
    );
    assert.equal(client.text.length, text.length, 'nothing came after the half frame');
  });
}

test('brokerAcceptsAndSaysNothing: no CONNECTED, no ERROR, no end', async (t) => {
  const fault = brokerAcceptsAndSaysNothing({ times: 1 });
  const broker = await startedBroker(t, { faults: [fault], connectTimeoutMs: 1000 });
  const silent = new RawBytes(t, broker);
  silent.write(HELLO);
  await eventually(() => fault.fired === 1);
  const other = await connectRaw(t, broker);
  assert.equal((await send(other, QUEUE)).command, 'RECEIPT');
  // the broker would have given it up by then
  assert.equal(await other.noneOf('ERROR', 1100), undefined);
  assert.deepEqual([silent.text, silent.closed], ['', false]);
});

test('brokerFallsSilent: after CONNECTED nothing comes, also no heart-beat', async (t) => {
  const fault = brokerFallsSilent({ after: 1 });
  const broker = await startedBroker(t, { faults: [fault] });
  const silent = await connectRaw(t, broker, '1.2', { 'heart-beat': '0,10' });
  silent.frame('SEND', { destination: QUEUE, receipt: '1' });
  await eventually(() => fault.fired === 1);
  silent.frame('SEND', { destination: QUEUE, receipt: '2' });
  assert.equal(await silent.noneOf('RECEIPT', 40), undefined);
  assert.equal(silent.closed, false);
  assert.equal(broker.received(QUEUE).received, 1);
});

test('brokerDeliversTwice: the same frame, and one ACK settles it', async (t) => {
  const fault = brokerDeliversTwice({ after: 1 });
  const broker = await startedBroker(t, { faults: [fault] });
  const client = await connectRaw(t, broker);
  await subscribe(client, { destination: QUEUE, id: '0', ack: 'client' });
  for (const body of ['1', '2', '3']) broker.publish(QUEUE, {}, body);
  const frames = await messages(client, 4);
  assert.deepEqual(
    frames.map((frame) => frame.body.toString()),
    ['1', '2', '2', '3'],
  );
  assert.deepEqual(frames[1], frames[2]);
  await client.request('ACK', { id: headerOf(frames[3] as never, 'ack') ?? '' });
  assert.equal(broker.depth(QUEUE).unacknowledged, 0);
});

const KINDS = [
  ['unknown command', 'this is not STOMP'],
  ['no colon', 'MESSAGE\nmessage-id\n\n'],
  ['undefined escape', 'a\\tb'],
  ['bad content-length', 'content-length:ten'],
  ['body longer than content-length', 'content-length:2\n\n0123456789'],
] as const;

for (const [kind, bytes] of KINDS) {
  test(`brokerSendsMalformedFrame: ${kind}`, async (t) => {
    const client = new RawBytes(t, await startedBroker(t, { faults: [brokerSendsMalformedFrame({ kind, after: 1 })] }));
    client.write(`${HELLO}SEND\ndestination:${QUEUE}\nreceipt:1\n\n\0`);
    assert.doesNotMatch(await client.until(bytes), /RECEIPT/);
  });
}

test('brokerSendsOversizedFrame: a length beyond every limit', async (t) => {
  const fault = brokerSendsOversizedFrame({ command: 'RECEIPT', bytes: 10 ** 12 });
  const client = new RawBytes(t, await startedBroker(t, { faults: [fault] }));
  client.write(`${HELLO}SEND\ndestination:${QUEUE}\nreceipt:1\n\n\0`);
  await client.until('content-length:1000000000000\n\nthe first');
});

test('brokerSendsEndlessHeader: until the client hangs up', async (t) => {
  const broker = await startedBroker(t, { faults: [brokerSendsEndlessHeader({ command: 'RECEIPT' })] });
  const client = new RawBytes(t, broker);
  client.write(`${HELLO}SEND\ndestination:${QUEUE}\nreceipt:1\n\n\0`);
  await eventually(() => client.length > 2_000_000);
  assert.match(client.text, /^CONNECTED\n[^\0]*\0MESSAGE\nendless:x{1000}/);
  client.socket.destroy();
  await eventually(() => broker.connections === 0);
});

test('faults come and go while the broker runs', async (t) => {
  const broker = await startedBroker(t, { closeAfterError: false });
  const client = await connectRaw(t, broker);
  const fault = brokerAnswersError({ times: Number.POSITIVE_INFINITY });
  const answers = [(await send(client, QUEUE)).command];
  broker.addFault(fault);
  answers.push((await send(client, QUEUE)).command);
  broker.removeFault(fault);
  answers.push((await send(client, QUEUE)).command);
  assert.deepEqual([answers, fault.fired], [['RECEIPT', 'ERROR', 'RECEIPT'], 1]);
});
