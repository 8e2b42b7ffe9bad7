import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATHS, type PathName, toSeveral, withBroker } from '../matrix/paths.js';
import { allPlaces, BROKERS, nameOf, type Place, sampleFirst } from '../matrix/plan.js';

const SEEDS = [1, 2, 3, 4, 5];
/** two at a time, six seconds each, in the five minutes that CI has */
const MOST_CELLS = 85;

const KILL = /SIGKILL|SIGSTOP|two stompctl/;

/** The paths, the brokers where they count, and whether a fault is a kill. */
function kindsOf(places: readonly Place[]): Set<string> {
  return new Set(
    places.map((place) => {
      const broker = toSeveral(place.path) ? 'any' : place.broker;
      return `${place.path}, ${broker}, ${KILL.test(nameOf(place)) ? 'a kill' : 'no kill'}`;
    }),
  );
}

test('a sample has a kill and something else of every path, with every broker but for several outputs', () => {
  const brokersOf = (path: PathName) => (toSeveral(path) ? ['any'] : withBroker(path) ? BROKERS : [undefined]);
  for (const seed of SEEDS) {
    const all = allPlaces(seed);
    const [sample, rest] = sampleFirst(all, seed);
    assert.equal(sample.length + rest.length, all.length);
    const met = kindsOf(sample);
    for (const path of PATHS) {
      for (const broker of brokersOf(path)) {
        for (const kind of ['a kill', 'no kill']) {
          assert.ok(met.has(`${path}, ${broker}, ${kind}`), `seed ${seed}: ${path}, ${broker}, ${kind}`);
        }
      }
    }
  }
});

test('a sample is over in the time that CI has for it', () => {
  for (const seed of SEEDS) {
    const [sample] = sampleFirst(allPlaces(seed), seed);
    assert.ok(sample.length <= MOST_CELLS, `seed ${seed}: ${sample.length} cells`);
  }
});
