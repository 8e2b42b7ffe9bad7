import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { consume } from '../support/sample-messages.js';
import { Scene, upTo } from '../support/scene.js';

describe('rewrite rules, in a run', { concurrency: 2 }, () => {
  it('rewrite and drop before the callback', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 6);
    writeFileSync(
      scene.path('x.yaml'),
      `incoming-queue: path=${scene.path('in')}
outgoing-queue: path=${scene.path('out')}
remove: true
rewrite:
  - when: { header: { x-number: 1 } }
    drop: number {x-number}
  - set: { x-rule: "{destination}" }
    replace: { destination: { pattern: ^/queue/, with: /topic/ } }
callback-code: hdr["x-code"] = hdr["x-rule"] + " " + hdr.destination
`,
    );
    const ended = await scene.run(['--config', scene.path('x.yaml')]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(scene.stored('in'), []);
    const headers = [...consume(scene.path('out'))].map(({ header }) => header);
    assert.deepEqual(
      headers.map((header) => header['x-number']),
      ['0', '2', '3', '4', '5'],
    );
    for (const header of headers) {
      assert.equal(header.destination, '/topic/q');
      assert.equal(header['x-code'], '/queue/q /topic/q');
    }
  });

  it('reject a message whose pattern takes too long, and only that', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 3, { destination: '/queue/q', app: `${'a'.repeat(50)}!` });
    writeFileSync(
      scene.path('x.conf'),
      `incoming-queue = path=${scene.path('in')}
outgoing-queue = path=${scene.path('out')}
failure-queue = path=${scene.path('failures')}
remove = true
callback-timeout = 0.1
<rewrite>
  <when>
    <header>
      x-number = 1
    </header>
    <match>
      app = ^(a|a)*\\$
    </match>
  </when>
  drop = never
</rewrite>
`,
    );
    const ended = await scene.run(['--config', scene.path('x.conf')]);
    assert.equal(ended.code, 1, ended.stderr);
    assert.deepEqual([scene.stored('out'), scene.stored('failures')], [[0, 2], [1]]);
    assert.match(ended.stderr, /"code":"CALLBACK_TIMEOUT"/);
  });

  it('that cannot be read end the start with file and line: exit 78', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 2);
    writeFileSync(scene.path('x.yaml'), 'rewrite:\n  set:\n    a: [1]\n');
    const ended = await scene.run(['--config', scene.path('x.yaml'), ...scene.mover()]);
    assert.equal(ended.code, 78);
    assert.match(ended.stderr, /x\.yaml:3\): rewrite\[0\]\.set\.a: must be a text/);
    assert.deepEqual(scene.stored('in'), upTo(2));
  });
});
