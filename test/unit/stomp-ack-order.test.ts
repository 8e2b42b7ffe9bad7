import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Frame, newFrameHeader, type StompVersion } from '../../src/stomp/codec/frame.js';
import { Listeners } from '../../src/stomp/listeners.js';

function frame(number: number): Frame {
  const id = String(number);
  return {
    command: 'MESSAGE',
    header: newFrameHeader({ subscription: 's', 'message-id': id, ack: id }),
    body: Buffer.alloc(0),
  };
}

/** A subscription with cumulative acknowledgements that got the messages 0 to `count` - 1. */
function delivered(count: number, version: StompVersion = '1.2'): Listeners {
  const listeners = new Listeners(version);
  listeners.add({ id: 's', destination: '/queue/a', ack: 'client', onMessage: () => undefined });
  for (let number = 0; number < count; number++) listeners.deliver(frame(number));
  return listeners;
}

const written = (listeners: Listeners, steps: readonly (readonly ['ACK' | 'NACK', number])[]) =>
  steps.map(([command, number]) =>
    listeners.settling(command, frame(number)).map((settling) => `${settling.command} ${settling.header.id}`),
  );

describe('cumulative acknowledgements', () => {
  it('name the last one of those that are settled from the first on', () => {
    const steps = [
      ['ACK', 2],
      ['ACK', 1],
      ['ACK', 0],
      ['ACK', 3],
    ] as const;
    assert.deepEqual(written(delivered(4), steps), [[], [], ['ACK 2'], ['ACK 3']]);
  });

  it('go on after a NACK', () => {
    const steps = [
      ['NACK', 0],
      ['ACK', 1],
      ['ACK', 2],
    ] as const;
    assert.deepEqual(written(delivered(3), steps), [['NACK 0'], ['ACK 1'], ['ACK 2']]);
  });

  it('hold a NACK back while an earlier delivery is in work, which it would refuse too', () => {
    const steps = [
      ['NACK', 2],
      ['ACK', 1],
      ['ACK', 3],
      ['ACK', 0],
    ] as const;
    assert.deepEqual(written(delivered(4), steps), [[], [], [], ['ACK 1', 'NACK 2', 'ACK 3']]);
  });

  it('count the first settling of a delivery', () => {
    const steps = [
      ['NACK', 1],
      ['ACK', 1],
      ['ACK', 0],
    ] as const;
    assert.deepEqual(written(delivered(2), steps), [[], [], ['ACK 0', 'NACK 1']]);
  });

  it('are given up when too many wait for one', () => {
    const count = 65_538;
    const listeners = delivered(count);
    for (let number = 1; number < count - 1; number++) listeners.settling('ACK', frame(number));
    assert.equal(listeners.overfull, undefined);
    listeners.settling('ACK', frame(count - 1));
    assert.equal(listeners.overfull, '/queue/a');
  });
});
