import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EndpointChooser } from '../../src/stomp/transport/endpoint-chooser.js';

const URIS = ['stomp://a', 'stomp://b', 'stomp://c'] as const;

function choices(chooser: EndpointChooser, count: number): string {
  return Array.from({ length: count }, () => chooser.choose(URIS).uri.at(-1)).join('');
}

describe('EndpointChooser', () => {
  it('goes round in order', () => {
    assert.equal(choices(new EndpointChooser(), 7), 'abcabca');
  });

  it('gives each its turn, also at random', () => {
    const seed = [0.9, 0.1, 0.5, 0.99, 0, 0.7];
    const chooser = new EndpointChooser({ randomize: true, random: () => seed.shift() ?? 0 });
    const rounds = [choices(chooser, 3), choices(chooser, 3)];
    for (const round of rounds) assert.equal([...round].sort().join(''), 'abc');
    assert.notEqual(rounds[0], 'abc');
  });

  it('tries a broker that was added before one comes again', () => {
    const chooser = new EndpointChooser();
    assert.equal(chooser.choose(['a', 'b']).uri, 'a');
    assert.equal(chooser.choose(['a', 'b']).uri, 'b');
    assert.equal(chooser.choose(['a', 'new', 'b']).uri, 'new');
  });

  it('forgets a broker that was taken away', () => {
    const chooser = new EndpointChooser();
    chooser.choose(['a', 'b']);
    assert.equal(chooser.choose(['a']).uri, 'a');
  });

  it('says why', () => {
    const chooser = new EndpointChooser();
    assert.match(chooser.choose(['a']).why, /only one/);
    assert.match(chooser.choose(['a', 'b']).why, /not tried/);
    assert.match(chooser.choose(['a', 'b']).why, /again/);
  });
});
