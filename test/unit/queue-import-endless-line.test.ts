import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { linesOf } from '../../src/message/json-lines.js';

const MIB = 2 ** 20;

describe('lines of an input', () => {
  it('refuses one that does not end, and reads no further', async () => {
    const zeros = Buffer.alloc(64 * MIB);
    let given = 0;
    const endless = new Readable({
      read() {
        given += 1;
        this.push(zeros);
      },
    });
    const lines = linesOf(endless, 'x', 400 * MIB);
    await assert.rejects(lines.next(), { code: 'INPUT_UNREADABLE', message: /^read\(x:1\): no line ends in / });
    assert.ok(endless.destroyed);
    assert.ok(given < 25, `${given} pieces`);
  });

  it('passes over a long one that is no JSON object, and keeps a long one that is', async () => {
    const text = `${'x'.repeat(MIB)}\n {${'x'.repeat(MIB)}\n`;
    const found: unknown[] = [];
    for await (const { number, bytes } of linesOf(Readable.from([Buffer.from(text)]), 'x', 2 * MIB)) {
      found.push([number, bytes?.length]);
    }
    assert.deepEqual(found, [
      [1, undefined],
      [2, MIB + 2],
    ]);
  });

  it('leaves others their turns while nothing but blank lines comes', async () => {
    let turns = 0;
    let over = false;
    const turn = () => {
      turns += 1;
      if (!over) setImmediate(turn);
    };
    setImmediate(turn);
    const blank = Buffer.alloc(50_000, '\n');
    const lines = [];
    for await (const { number } of linesOf(Readable.from([blank, Buffer.from('{}\n')]), 'x', MIB)) lines.push(number);
    over = true;
    assert.deepEqual(lines, [50_001]);
    assert.ok(turns >= 40, String(turns));
  });
});
