import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import type { Message } from '../../src/message/message.js';
import { FirstSink } from '../../src/outputs/first-sink.js';
import { SupervisedSink } from '../../src/transfer/supervised-sink.js';
import { Supervisor } from '../../src/transfer/supervisor.js';
import { FakeSink, lost, textMessage } from '../support/fake-ends.js';
import { fakeOutputs, Sends } from '../support/fake-outputs.js';

const silent = () => 'silent' as const;

function first(test: TestContext, sinks: Readonly<Record<string, FakeSink>>, attempts?: number) {
  const { clock, logger, options } = fakeOutputs(sinks, attempts);
  const sink = new FirstSink(options);
  test.after(() => sink.close());
  const sends = new Sends(sink);
  return { sink, clock, logger, ended: sends.ended, send: (text: string) => sends.send(textMessage(text)) };
}

describe('the first output that is up', () => {
  it('gets everything, though another is open sooner', async (test) => {
    const sinks = { a: new FakeSink(), b: new FakeSink() };
    let opened = () => {};
    const slow = new Promise<void>((resolve) => {
      opened = resolve;
    });
    sinks.a.open = () => slow;
    const { sink, clock, send, ended } = first(test, sinks);
    let isOpen = false;
    const opening = sink.open().then(() => {
      isOpen = true;
    });
    await clock.advance(0);
    assert.equal(isOpen, false, 'the first has not been tried');
    opened();
    await opening;
    send('1');
    await clock.advance(0);
    assert.deepEqual([[...ended], sinks.a.safe, sinks.b.safe], [[['1', 'safe']], ['1'], []]);
  });

  it('is the next one when the first attempt fails, and the first again when it is back', async (test) => {
    const sinks = { a: new FakeSink(), b: new FakeSink() };
    sinks.a.openFailures = [lost()];
    const { sink, clock, send } = first(test, sinks);
    await sink.open();
    send('1');
    await clock.advance(1000);
    send('2');
    await clock.advance(0);
    assert.deepEqual([sinks.a.safe, sinks.b.safe], [['2'], ['1']]);
  });

  it('hands on what was unsettled when it is lost', async (test) => {
    const sinks = { a: new FakeSink(silent), b: new FakeSink() };
    const { sink, clock, send, ended } = first(test, sinks);
    const gone: string[] = [];
    await sink.open((error) => gone.push(error.code));
    send('1');
    send('2');
    await clock.advance(0);
    sinks.a.endSession();
    await clock.advance(0);
    assert.deepEqual([sinks.b.safe, [...ended.values()], gone], [['1', '2'], ['safe', 'safe'], []]);
  });

  it('is none when two are lost at once: the sends are given back, and the loss is told', async (test) => {
    const sinks = { a: new FakeSink(silent), b: new FakeSink(silent) };
    const { sink, clock, send, ended } = first(test, sinks);
    const gone: string[] = [];
    await sink.open((error) => gone.push(error.code));
    send('1');
    await clock.advance(0);
    sinks.b.endSession();
    sinks.a.endSession();
    await clock.advance(0);
    assert.deepEqual([[...ended], gone], [[['1', 'SESSION_LOST']], ['SESSION_LOST']]);
    const again = sink.open();
    await clock.advance(1000);
    await again;
    assert.equal(sink.givenUp, false);
  });

  it('rejects a message that is at fault, and no other output is asked', async (test) => {
    const tooLarge = new StompctlError('MESSAGE_TOO_LARGE', 'send', 'a', 'too large');
    const sinks = { a: new FakeSink(() => tooLarge), b: new FakeSink() };
    const { sink, clock, send, ended } = first(test, sinks);
    await sink.open();
    send('1');
    await clock.advance(0);
    assert.deepEqual([[...ended], sinks.b.sent], [[['1', 'MESSAGE_TOO_LARGE']], []]);
  });

  it('is not asked again about a message that it has refused by the end of its session, though it is back', async (test) => {
    const refusal = new StompctlError('MESSAGE_REFUSED', 'send', 'a', 'refused');
    const sinks = {
      a: new FakeSink((message) => (message.body.toString() === '1' ? refusal : 'safe')),
      b: new FakeSink(),
    };
    const { clock, options } = fakeOutputs(sinks);
    const sink = new FirstSink(options);
    test.after(() => sink.close());
    await sink.open();
    const message = textMessage('1');
    await assert.rejects(sink.send(message), { code: 'MESSAGE_REFUSED' });
    await clock.advance(2000);
    await sink.send(message);
    await sink.send(textMessage('2'));
    assert.deepEqual([sinks.a.safe, sinks.b.safe], [['2'], ['1']]);
  });

  for (const code of ['QUEUE_IO', 'QUEUE_PERMISSION', 'QUEUE_MISSING'] as const) {
    it(`is passed over when it fails with ${code}, and opened again`, async (test) => {
      let broken = true;
      const failure = new StompctlError(code, 'write', 'a', 'it cannot');
      const sinks = { a: new FakeSink(() => (broken ? failure : 'safe')), b: new FakeSink() };
      const { sink, clock, send, ended } = first(test, sinks);
      await sink.open();
      send('1');
      await clock.advance(0);
      assert.deepEqual([[...ended], sinks.b.safe], [[['1', 'safe']], ['1']]);
      broken = false;
      await clock.advance(2000);
      send('2');
      await clock.advance(0);
      assert.deepEqual(sinks.a.safe, ['2']);
    });
  }

  it('ends the run when there is a fault of the program', async (test) => {
    const sinks = { a: new FakeSink(() => new StompctlError('INTERNAL', 'x', 'a', 'a fault')), b: new FakeSink() };
    const { sink, clock, send, ended } = first(test, sinks);
    await sink.open();
    send('1');
    await clock.advance(0);
    assert.deepEqual([[...ended], sink.givenUp], [[['1', 'INTERNAL']], true]);
  });

  it('is left when it is given up, which is told; when all are, nothing is up any more', async (test) => {
    const sinks = { a: new FakeSink(), b: new FakeSink() };
    sinks.a.openFailures = [lost(), lost()];
    const { sink, clock, send, ended, logger } = first(test, sinks, 2);
    await sink.open();
    await clock.advance(5000);
    assert.deepEqual(
      logger.events('output-failed').map(({ fields }) => fields.output),
      ['a'],
    );
    send('1');
    await clock.advance(0);
    assert.deepEqual([...ended], [['1', 'safe']]);
    sinks.b.openFailures = [lost(), lost(), lost()];
    sinks.b.endSession();
    await clock.advance(60_000);
    assert.equal(sink.givenUp, true);
    await assert.rejects(sink.open(), { code: 'SESSION_LOST' });
  });

  it('keeps what is recalled: it is not handed on', async (test) => {
    const sinks = { a: new FakeSink(silent), b: new FakeSink() };
    const { sink, clock, send, ended } = first(test, sinks);
    await sink.open();
    send('1');
    await clock.advance(0);
    await sink.recall();
    sinks.a.endSession();
    await clock.advance(0);
    assert.deepEqual([[...ended], sinks.b.sent], [[['1', 'SESSION_LOST']], []]);
  });
});

/** It has no room: what is sent waits, until somebody has a better place for it. */
class FullSink extends FakeSink {
  #waiting: ((error: StompctlError) => void)[] = [];

  override send(message: Message): Promise<void> {
    this.sent.push(message.body.toString());
    return new Promise((_resolve, reject) => this.#waiting.push(reject));
  }

  retract(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const reject of waiting) reject(new StompctlError('SESSION_CLOSED', 'write', 'full', 'given back before'));
  }
}

describe('what waits for room in an output', () => {
  it('goes to an earlier one that is up again, in order, also when it came from there; a later one is left alone', async (test) => {
    const sinks = { a: new FakeSink(silent), b: new FullSink(), c: new FakeSink() };
    const { sink, clock, send, ended } = first(test, sinks);
    const gone: string[] = [];
    await sink.open((error) => gone.push(error.code));
    const texts = ['1', '2', '3'];
    for (const text of texts) send(text);
    await clock.advance(0);
    sinks.a.endSession();
    await clock.advance(0);
    assert.deepEqual([sinks.b.sent, ended.size], [texts, 0]);
    await clock.advance(1000);
    assert.deepEqual([sinks.a.sent, sinks.b.opened], [[...texts, ...texts], 1]);
    // lost there anew: it waits here again, and whoever supervises them all hears nothing
    sinks.a.endSession();
    await clock.advance(0);
    assert.deepEqual([sinks.b.sent, ended.size, gone], [[...texts, ...texts], 0, []]);
    assert.deepEqual(sinks.c.sent, []);
  });

  it('stays there when the earlier one has refused it', async (test) => {
    const refusal = new StompctlError('MESSAGE_REFUSED', 'send', 'a', 'refused');
    const sinks = { a: new FakeSink(() => refusal), b: new FullSink() };
    const { clock, options } = fakeOutputs(sinks);
    const sink = new FirstSink(options);
    test.after(() => sink.close());
    await sink.open();
    const message = textMessage('1');
    await assert.rejects(sink.send(message), { code: 'MESSAGE_REFUSED' });
    let isOver = false;
    sink.send(message).finally(() => {
      isOver = true;
    });
    await clock.advance(2000);
    assert.deepEqual([sinks.a.sent, new Set(sinks.b.sent), isOver], [['1'], new Set(['1']), false]);
  });

  it('is given back when it is recalled, and not handed on', async (test) => {
    const sinks = { a: new FakeSink(), b: Object.assign(new FullSink(), { recall: async () => sinks.b.retract() }) };
    sinks.a.openFailures = [lost()];
    const { sink, clock, send, ended } = first(test, sinks);
    await sink.open();
    send('1');
    await sink.recall();
    await clock.advance(2000);
    assert.deepEqual([[...ended], sinks.a.sent], [[['1', 'SESSION_CLOSED']], []]);
  });
});

describe('what the first output gives back', () => {
  for (const together of [true, false]) {
    it(`is sent again ${together ? 'at once where it goes together' : 'one by one'}`, async (test) => {
      let away = true;
      const a = Object.assign(new FakeSink(() => (away ? lost() : 'silent')), { together });
      const { clock, logger, options } = fakeOutputs({ a });
      const supervisor = new Supervisor({
        delayMs: 1000,
        maxDelayMs: 1000,
        attempts: undefined,
        bounded: false,
        clock,
        logger,
      });
      const sink = new SupervisedSink(new FirstSink(options), { supervisor, maxAttempts: 3, logger });
      test.after(() => sink.close());
      await sink.open();
      const sends = new Sends(sink);
      for (const text of ['1', '2', '3']) sends.send(textMessage(text));
      // two sessions in which nothing was accepted: a message may be to blame
      for (let session = 0; session < 2; session += 1) await clock.advance(5000);
      away = false;
      const before = a.sent.length;
      await clock.advance(60_000);
      assert.equal(a.sent.length - before, together ? 3 : 1);
    });
  }
});
