import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StompctlError } from '../../src/base/errors.js';
import { parseApache } from '../../src/config/formats/apache-parser.js';
import { toPlain } from '../../src/config/formats/config-node.js';
import { anyText } from '../support/any-text.js';

const PIECES = [
  'a',
  'b',
  '=',
  ' ',
  '\t',
  '"',
  "'",
  '\\',
  '#',
  '<a>',
  '</a>',
  '<b c>',
  '</b>',
  '<a/>',
  '\n',
  '\r\n',
  '<<EOF',
  'EOF',
  '$a',
  '{a}',
  '$',
  '\\$',
  '<',
  '>',
];
const OPTIONS = [{}, { interpolateEnv: true, lowerCaseNames: true, autoTrue: true, mergeDuplicateBlocks: true }];

async function parsesOrSaysWhy(text: string): Promise<void> {
  for (const options of OPTIONS) {
    try {
      toPlain(await parseApache('/nowhere/x.conf', options, text));
    } catch (error) {
      assert.ok(error instanceof StompctlError, String(error));
    }
  }
}

describe('the Apache-style parser', () => {
  it('gives a tree or an error of ours for whatever is made of its own signs', async () => {
    const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join(''));
    await fc.assert(fc.asyncProperty(text, parsesOrSaysWhy), { numRuns: 500 });
  });

  it('gives a tree or an error of ours for any text', async () => {
    await fc.assert(fc.asyncProperty(anyText(300), parsesOrSaysWhy), { numRuns: 300 });
  });

  it('reads back keys and values that need no escapes', async () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_.:/-]{1,12}$/);
    const table = fc.dictionary(word, word, { noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(table, async (given) => {
        const text = Object.entries(given).map(([key, value]) => `${key} = ${value}\n`);
        const parsed = toPlain(await parseApache('/nowhere/x.conf', {}, text.join('')));
        assert.deepEqual({ ...(parsed as object) }, given);
      }),
      { numRuns: 200 },
    );
  });

  for (const [name, piece] of [
    ['blanks', ' '],
    ['quotes', "'"],
    ['backslashes', '\\'],
    ['dollars', '$'],
    ['include openings', '<<include '],
    ['block openings on a line', '<a '],
  ] as const) {
    it(`takes a line of many ${name}`, async () => {
      for (const text of [piece.repeat(200_000), `x = ${piece.repeat(200_000)}`, `x ${piece.repeat(100_000)}=y`]) {
        await parsesOrSaysWhy(text);
      }
    });
  }
});
