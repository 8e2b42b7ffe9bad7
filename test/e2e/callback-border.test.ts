import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { consume, produce, type StoredMessage } from '../support/sample-messages.js';
import { ascending, Scene } from '../support/scene.js';

/** A message that does something to the border of the sandbox; its code, and what may become of it. */
interface Deed {
  readonly name: string;
  readonly code: string;
  readonly body: Buffer;
}

const small = (): Buffer => Buffer.from('the body of a bad message \u00c8\u0000');

const DEEDS: readonly Deed[] = [
  {
    name: 'ends at the time limit, with 12 MB',
    code: 'const t = Date.now(); const n = bdy.length; while (Date.now() - t < 960); hdr.size = n',
    body: randomBytes(12_000_000),
  },
  {
    name: 'decodes 13.5 MB of broken UTF-8',
    code: 'JSON.parse(new TextDecoder().decode(bdy))',
    body: Buffer.alloc(13_500_000, 0o310),
  },
  { name: 'has 60 MB', code: 'if (bdy.length === 5) return "no"', body: Buffer.alloc(60_000_000, 0o310) },
  {
    name: 'gives a body that is none',
    code: 'msg.body = Object.setPrototypeOf({ byteLength: 5 }, ArrayBuffer.prototype); return msg',
    body: small(),
  },
  {
    name: 'throws with a patched toJSON',
    code: 'Object.prototype.toJSON = () => 5; throw new Error("x")',
    body: small(),
  },
  { name: 'logs a huge line', code: 'log("info", "\u65e5".repeat(8e6)); throw 1', body: small() },
  { name: 'prints without end', code: 'for (;;) print("x".repeat(1e6))', body: small() },
  { name: 'taps what is no message', code: 'tap(data.path, new Message({ header: { a: {} } }))', body: small() },
  { name: 'replaces split', code: 'String.prototype.split = () => []; throw bdy', body: small() },
];

const GOOD = 5;

function sizeAndStart({ body }: StoredMessage): string {
  return `${body.length}:${body.subarray(0, 100).toString('hex')}`;
}

/** All that is somewhere now; the body of each, as it was. */
function assertWhole(stored: readonly StoredMessage[], deed: Deed): void {
  const numbers = stored.map(({ header }) => Number(header['x-number'])).sort(ascending);
  assert.deepEqual(
    numbers,
    Array.from({ length: GOOD }, (_, number) => number),
  );
  for (const message of stored) {
    const bad = message.header['x-bad'] === '1';
    const body = bad ? deed.body : Buffer.from(`body ${message.header['x-number']}`);
    assert.ok(message.body.equals(body), `the body of ${sizeAndStart(message)} is not that of ${deed.name}`);
  }
}

describe('what crosses the border of the sandbox', { concurrency: 1 }, () => {
  for (const deed of DEEDS) {
    for (const keeps of [true, false]) {
      it(`${deed.name}: nothing is lost or spoilt, ${keeps ? 'with' : 'without'} a failure queue`, async (test) => {
        const scene = await Scene.set(test);
        const samples = Array.from({ length: GOOD }, (_, number) => {
          const bad = number === 2;
          const header = { destination: '/queue/q', 'x-number': String(number), ...(bad ? { 'x-bad': '1' } : {}) };
          return { number, header, body: bad ? deed.body : Buffer.from(`body ${number}`), text: false };
        });
        produce(scene.path('in'), samples);
        const code = `if (hdr["x-bad"]) { ${deed.code} }`;
        const failures = keeps ? ['--failure-queue', `path=${scene.path('failures')}`] : [];
        const tap = ['--callback-data', `path=${scene.path('tap')}`];
        const args = ['--callback-code', code, '--callback-language', 'javascript', ...tap, ...failures];
        const ended = await scene.run(scene.mover(...args));
        const out = [...consume(scene.path('out'))];
        assertWhole([...out, ...consume(scene.path(keeps ? 'failures' : 'in'))], deed);
        const passed = out.some(({ header }) => header['x-bad'] === '1');
        assert.equal(ended.code, passed ? 0 : 1, `a rejected message shows: ${ended.stderr.slice(-500)}`);
        assert.ok(ended.stderr.length < 100_000, 'no body in the log');
      });
    }
  }
});
