import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { EVENTS } from '../../src/observe/events.js';

const ROOT = new URL('../../../', import.meta.url);
const LIST = 'observe/events.ts';
const SOURCES = readdirSync(new URL('src/', ROOT), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && name !== LIST)
  .map((name) => readFileSync(new URL(`src/${name}`, ROOT), 'utf8'));

/** Level and event of each line that the source logs with a level of its own. */
function* loggedInSource(): Generator<readonly [level: string, event: string]> {
  for (const text of SOURCES) {
    for (const [, level = '', event = ''] of text.matchAll(
      /(?:log|logger)\.(trace|debug|info|warn|error)\(\s*'([a-z][a-z-]*)'/g,
    )) {
      yield [level, event];
    }
  }
}

describe('the list of events', () => {
  it('has every event that the program logs, at its level', () => {
    const levels: Readonly<Record<string, { readonly levels: readonly string[] }>> = EVENTS;
    const missing = [...loggedInSource()].filter(([level, event]) => !levels[event]?.levels.includes(level));
    assert.deepEqual(missing, []);
  });

  it('has no event that nobody logs', () => {
    const unused = Object.keys(EVENTS).filter((event) =>
      SOURCES.every((text) => !text.includes(`'${event}'`) && !text.includes(`>${event}: `)),
    );
    assert.deepEqual(unused, []);
  });

  it('is the table of docs/logs.md', () => {
    const text = readFileSync(new URL('docs/logs.md', ROOT), 'utf8');
    const listed = [...text.matchAll(/^\| `([a-z-]+)` \| ([a-z, ]+) \| /gm)].map(([, event, levels]) => [
      event,
      levels,
    ]);
    const events = Object.entries(EVENTS).map(([event, { levels }]) => [event, levels.join(', ')]);
    assert.deepEqual(listed.slice(-events.length), events);
  });
});
