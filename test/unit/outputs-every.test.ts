import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { EverySink } from '../../src/outputs/every-sink.js';
import { outputsState } from '../../src/outputs/outputs-state.js';
import { FakeSink, lost, textMessage, type Verdict } from '../support/fake-ends.js';
import { fakeOutputs, Sends } from '../support/fake-outputs.js';

const tooLarge = new StompctlError('MESSAGE_TOO_LARGE', 'send', 'b', 'too large');

function every(test: TestContext, sinks: Readonly<Record<string, FakeSink>>, attempts?: number) {
  const { clock, options } = fakeOutputs(sinks, attempts);
  const sink = new EverySink(options);
  test.after(() => sink.close());
  const sends = new Sends(sink);
  const send = (text: string, id?: string) => sends.send(textMessage(text), id === undefined ? {} : { id });
  return { sink, clock, ended: sends.ended, send };
}

describe('every output', () => {
  it('has a message before it is safe', async (test) => {
    let verdict: Verdict = 'silent';
    const sinks = { a: new FakeSink(), b: new FakeSink(() => verdict) };
    const { sink, clock, send, ended } = every(test, sinks);
    await sink.open();
    send('1');
    await clock.advance(0);
    assert.deepEqual([[...ended], sinks.a.safe], [[], ['1']]);
    verdict = 'safe';
    sinks.b.endSession();
    await clock.advance(1000);
    assert.deepEqual([[...ended], sinks.a.sent, sinks.b.sent], [[['1', 'safe']], ['1'], ['1', '1']]);
  });

  it('is needed: the opening waits for the last one', async (test) => {
    const sinks = { a: new FakeSink(), b: new FakeSink() };
    sinks.b.openFailures = [lost()];
    const { sink, clock } = every(test, sinks);
    let open = false;
    const opening = sink.open().then(() => {
      open = true;
    });
    await clock.advance(500);
    assert.equal(open, false);
    await clock.advance(1000);
    await opening;
  });

  it('that is away makes them all away', async (test) => {
    const sinks = { a: new FakeSink(), b: new FakeSink() };
    const { sink, clock } = every(test, sinks);
    await sink.open();
    sinks.b.openFailures = [lost(), lost()];
    sinks.b.endSession();
    await clock.advance(1500);
    const state = outputsState({ phase: 'open', attempt: 0 }, sink.facts());
    assert.deepEqual([state.phase, state.members?.map(({ phase }) => phase)], ['waiting', ['open', 'waiting']]);
    assert.deepEqual(
      state.members?.map(({ name, called }) => [name, called]),
      [
        ['a (fake sink)', 'a'],
        ['b (fake sink)', 'b'],
      ],
    );
    await clock.advance(10_000);
    assert.equal(outputsState({ phase: 'open', attempt: 0 }, sink.facts()).phase, 'open');
  });

  it('but the one that refuses a message has it, before it is rejected', async (test) => {
    let verdict: Verdict = 'silent';
    const sinks = { a: new FakeSink(() => verdict), b: new FakeSink(() => tooLarge) };
    const { sink, clock, send, ended } = every(test, sinks);
    await sink.open();
    send('1');
    await clock.advance(0);
    assert.deepEqual([...ended], [], 'it is not safe in the other one');
    verdict = 'safe';
    sinks.a.endSession();
    await clock.advance(1000);
    assert.deepEqual([[...ended], sinks.a.safe], [[['1', 'MESSAGE_TOO_LARGE']], ['1']]);
  });

  it('says of a message that a broker refused for good which output it was', async (test) => {
    const refused = new StompctlError('MESSAGE_REFUSED', 'send', 'b', 'no');
    const sinks = { a: new FakeSink(), b: new FakeSink(({ body }) => (body.toString() === 'bad' ? refused : 'safe')) };
    const { sink, clock, send, ended } = every(test, sinks);
    await sink.open();
    send('bad');
    for (const text of ['1', '2', '3', '4', '5', '6', '7', '8']) {
      send(text);
      await clock.advance(5000);
    }
    assert.equal(ended.get('bad'), 'OUTPUT_REFUSED');
    assert.equal(sinks.a.sent.filter((text) => text === 'bad').length, 1);
    assert.equal([...ended.values()].filter((end) => end === 'safe').length, 8);
  });

  it('is asked once for a message that comes again while another one has not answered', async (test) => {
    let verdict: Verdict = 'silent';
    const sinks = { a: new FakeSink(), b: new FakeSink(() => verdict) };
    const { sink, clock, send, ended } = every(test, sinks);
    await sink.open();
    send('1', 'id');
    await clock.advance(0);
    send('1 again', 'id');
    await clock.advance(0);
    assert.deepEqual([sinks.a.sent, sinks.b.sent], [['1'], ['1']]);
    verdict = 'safe';
    sinks.b.endSession();
    await clock.advance(1000);
    assert.deepEqual([...ended.values()], ['safe', 'safe']);
    send('1 anew', 'id');
    await clock.advance(0);
    assert.deepEqual(sinks.a.safe, ['1', '1 anew'], 'what is safe in all of them is forgotten');
  });

  it('that has a message is not sent it again after it was given back', async (test) => {
    const sinks = { a: new FakeSink(), b: new FakeSink(() => 'silent') };
    const { sink, clock, send, ended } = every(test, sinks);
    await sink.open();
    send('1', 'id');
    await clock.advance(0);
    await sink.recall();
    await clock.advance(0);
    assert.deepEqual([...ended], [['1', 'SESSION_CLOSED']]);
    send('1 again', 'id');
    await clock.advance(0);
    assert.deepEqual([sinks.a.sent, sinks.b.sent], [['1'], ['1', '1 again']]);
  });

  it('that is given up ends all of them', async (test) => {
    const sinks = { a: new FakeSink(), b: new FakeSink() };
    sinks.b.openFailures = [lost(), lost(), lost()];
    const { sink, clock } = every(test, sinks, 2);
    const opening = assert.rejects(sink.open(), { code: 'SESSION_LOST' });
    await clock.advance(60_000);
    await opening;
    assert.equal(sink.givenUp, true);
  });
});
