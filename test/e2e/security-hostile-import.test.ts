import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runQueue } from '../support/run-queue.js';
import { consume, elementPaths, produce } from '../support/sample-messages.js';
import { numbered } from '../support/scene.js';
import { STOMPCTL } from '../support/stompctl-process.js';
import { type Cleaning, tempFolder } from '../support/temp-folder.js';

const GOOD = '{"header":{"n":"1"},"body":"good"}';
const LONG = 'x'.repeat(2_000_000);

/** One line between two good ones, and what it becomes: refused, or a message with these header and body. */
const LINES: Readonly<Record<string, { readonly line: string | Buffer; readonly kept?: readonly [object, string] }>> = {
  'a path as name of a header': {
    line: '{"header":{"../../x":"1"},"body":"a"}',
    kept: [{ '../../x': '1' }, 'a'],
  },
  'names of places in fields': { line: '{"header":{},"body":"a","path":"../../evil","name":"/etc/passwd"}' },
  'a prototype as header': { line: '{"header":{"__proto__":{"x":"1"}},"body":"a"}' },
  'a header that is a list': { line: '{"header":["a"],"body":"a"}' },
  'a value that is no text': { line: '{"header":{"a":{"b":"c"}},"body":"a"}' },
  'a body that is no text': { line: '{"body":["a"]}' },
  'an encoding that is none': { line: '{"body":"a","encoding":"../../x"}' },
  'a list': { line: '[1]' },
  'bytes that are no UTF-8': { line: Buffer.from([0xff, 0xfe]) },
  'a huge header': { line: `{"header":{"a":"${LONG}"},"body":"a"}`, kept: [{ a: LONG }, 'a'] },
  'nesting without end': { line: '['.repeat(100_000) },
};

async function emptyFolder(test: Cleaning): Promise<string> {
  const folder = join(await tempFolder(test), 'deep', 'er');
  mkdirSync(folder, { recursive: true });
  return folder;
}

describe('hostile lines for stompctl queue import', { concurrency: 2 }, () => {
  for (const [name, { line, kept }] of Object.entries(LINES)) {
    it(`${name}: ${kept === undefined ? 'refused with its line' : 'a message'}, nothing outside the queue`, async (test) => {
      const folder = await emptyFolder(test);
      const queue = join(folder, 'q');
      const input = Buffer.concat([Buffer.from(`${GOOD}\n`), Buffer.from(line), Buffer.from(`\n${GOOD}\n`)]);
      const run = await runQueue(['import', queue], input);
      assert.equal(run.code, kept === undefined ? 1 : 0, run.stderr.slice(0, 500));
      if (kept === undefined) assert.match(run.stderr, /^stompctl: [^\n]*standard input:2\b[^\n]*\n$/);
      assert.ok(run.stderr.length < 1000, 'the line itself is not shown');
      const found = [...consume(queue)].map(({ header, body }) => [{ ...header }, body.toString()]);
      const good = [{ n: '1' }, 'good'];
      assert.deepEqual(found, kept === undefined ? [good, good] : [good, kept, good]);
      assert.deepEqual([readdirSync(folder), readdirSync(join(folder, '..'))], [['q'], ['er']]);
    });
  }
});

describe('hostile targets of stompctl queue export', { concurrency: 2 }, () => {
  /** A queue of two messages, and a file of somebody else. */
  async function scene(test: Cleaning): Promise<{ folder: string; queue: string; victim: string }> {
    const folder = await emptyFolder(test);
    const [queue, victim] = [join(folder, 'q'), join(folder, 'victim')];
    produce(queue, numbered(2, { destination: '/queue/q' }));
    writeFileSync(victim, 'mine');
    return { folder, queue, victim };
  }

  it('a link to a file of another is not written through without --force', async (test) => {
    const { folder, queue, victim } = await scene(test);
    const link = join(folder, 'link');
    symlinkSync(victim, link);
    const run = await runQueue(['export', queue, link]);
    assert.deepEqual([run.code, readFileSync(victim, 'utf8')], [64, 'mine'], run.stderr);
    assert.ok(lstatSync(link).isSymbolicLink());
  });

  it('a link to nothing and a folder are refused', async (test) => {
    const { folder, queue } = await scene(test);
    const dangling = join(folder, 'dangling');
    symlinkSync(join(folder, 'nowhere'), dangling);
    for (const target of [dangling, folder]) {
      const run = await runQueue(['export', queue, target, '--force']);
      assert.equal(run.code, 64, run.stderr);
    }
    assert.deepEqual(readdirSync(folder).sort(), ['dangling', 'q', 'victim']);
    assert.equal(elementPaths(queue).length, 2);
  });

  it('a file of what others may read is made under the umask, whole or not at all', async (test) => {
    const { folder, queue } = await scene(test);
    const file = join(folder, 'out');
    const script = 'umask 0077; exec "$@"';
    execFileSync('sh', ['-c', script, 'sh', process.execPath, STOMPCTL, 'queue', 'export', queue, file]);
    assert.equal((lstatSync(file).mode & 0o777).toString(8), '600');
    assert.equal(readFileSync(file, 'utf8').trimEnd().split('\n').length, 2);
    assert.deepEqual(readdirSync(folder).sort(), ['out', 'q', 'victim']);
  });
});
