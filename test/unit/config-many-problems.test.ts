import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { firstOf, problemError } from '../../src/config/formats/problem.js';
import { examineCase } from '../support/config-case.js';

const COUNT = 200;

/** An unknown name a line, each near one that is known. */
const FORMATS: readonly [name: string, line: (number: number) => string][] = [
  ['x.ini', (number) => `reconnect-dely${number} = 1`],
  ['x.yaml', (number) => `reconnect-dely${number}: 1`],
  ['x.conf', (number) => `reconnect-dely${number} = 1`],
];

describe('a file of which nearly every name is unknown', () => {
  for (const [name, line] of FORMATS) {
    it(`${name}: what the names may mean is said of the first 20`, async (t) => {
      const file = Array.from({ length: COUNT }, (_, number) => line(number)).join('\n');
      const { texts } = await examineCase(t, { name, file });
      const unknown = texts.filter((text) => text.includes('there is no option "reconnect-dely'));
      assert.equal(unknown.length, COUNT);
      assert.equal(unknown.filter((text) => text.includes('did you mean')).length, 20);
    });
  }

  it('the same of the parts of a login', async (t) => {
    const parts = Array.from({ length: COUNT }, (_, number) => `    pass-fil${number}: x`).join('\n');
    const { texts } = await examineCase(t, {
      name: 'x.yaml',
      file: `incoming-broker:\n  uri: stomp://h\n  auth:\n    scheme: none\n    name: x\n${parts}\n`,
    });
    assert.equal(texts.filter((text) => text.includes('is not part of a credential')).length, COUNT + 1);
    const plain = await examineCase(t, {
      name: 'x.yaml',
      file: `incoming-broker:\n  uri: stomp://h\n  auth:\n    scheme: plain\n    name: x\n    pass: y\n${parts}\n`,
    });
    assert.equal(plain.texts.filter((text) => text.includes('did you mean')).length, 20);
  });

  it('of a long list the first hundred are told, then how many more there are', async (t) => {
    const file = Array.from({ length: COUNT }, (_, number) => `reconnect-dely${number} = 1`).join('\n');
    const { problems, texts } = await examineCase(t, { name: 'x.ini', file });
    const told = firstOf(texts, 'problems');
    assert.equal(told.length, 101);
    assert.equal(told.at(-1), `${texts.length - 100} more problems, which are not shown`);
    assert.deepEqual(firstOf(texts.slice(0, 100), 'problems'), texts.slice(0, 100));
    const [first, ...others] = problems;
    assert.ok(first !== undefined);
    assert.match(problemError([first, ...others]).message, /\(and \d+ more: stompctl check shows the first 100\)$/);
  });

  it('so are warnings', async (t) => {
    const outside = Array.from({ length: COUNT }, (_, number) => `reconnect-dely${number} = 1`).join('\n');
    const { warnings } = await examineCase(t, { name: 'x.ini', file: `${outside}\n[stompctl]\nloop = true\n` });
    assert.equal(warnings.length, 101);
    assert.match(warnings.at(-1) ?? '', /^\d+ more warnings, which are not shown$/);
  });
});
