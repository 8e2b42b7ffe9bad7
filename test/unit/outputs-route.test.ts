import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { RouteSink } from '../../src/outputs/route-sink.js';
import { FakeSink, lost, textMessage } from '../support/fake-ends.js';
import { fakeOutputs, Sends } from '../support/fake-outputs.js';

function route(test: TestContext, sinks: Readonly<Record<string, FakeSink>>) {
  const { clock, options } = fakeOutputs(sinks);
  const sink = new RouteSink(options);
  test.after(() => sink.close());
  const sends = new Sends(sink);
  const send = (text: string, to?: string) => sends.send(textMessage(text), to === undefined ? {} : { to });
  return { sink, clock, ended: sends.ended, send };
}

describe('the output that a message is for', () => {
  it('gets it, and the first one what is for none', async (test) => {
    const sinks = { a: new FakeSink(), b: new FakeSink() };
    const { sink, clock, send } = route(test, sinks);
    await sink.open();
    send('1', 'b');
    send('2');
    send('3', 'a');
    await clock.advance(0);
    assert.deepEqual([sinks.a.safe, sinks.b.safe], [['2', '3'], ['1']]);
  });

  it('is there, or the message is rejected', async (test) => {
    const sinks = { audit: new FakeSink(), main: new FakeSink() };
    const { sink } = route(test, sinks);
    await sink.open();
    for (const to of ['mian', '', '__proto__', '../main', 'x'.repeat(1e6)]) {
      await assert.rejects(sink.send(textMessage('1'), undefined, to), { code: 'OUTPUT_UNKNOWN' });
    }
    await assert.rejects(
      sink.send(textMessage('1'), undefined, 'mian'),
      /there are audit, main: did you mean "main"\?/,
    );
    assert.deepEqual([sinks.audit.sent, sinks.main.sent], [[], []]);
  });

  it('keeps its messages waiting when it is away, and no others', async (test) => {
    const sinks = { a: new FakeSink(), b: new FakeSink() };
    sinks.b.openFailures = [lost()];
    const { sink, clock, send, ended } = route(test, sinks);
    await sink.open();
    send('1', 'b');
    send('2', 'a');
    await clock.advance(0);
    assert.deepEqual([...ended], [['2', 'safe']]);
    await clock.advance(1000);
    assert.deepEqual(
      [...ended],
      [
        ['2', 'safe'],
        ['1', 'safe'],
      ],
    );
  });
});
