import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configurationSchema } from '../../src/config/describe/json-schema.js';
import { OPTION_TABLE } from '../../src/config/options/option-table.js';
import { examineCase, settingsOf } from '../support/config-case.js';
import { runMain } from '../support/run-main.js';

const ENDS = 'incoming-queue = path=/in\noutgoing-queue = path=/out\n';

describe('the alias of an option', () => {
  for (const [name, file] of [
    ['x.conf', `${ENDS}dead-letter-queue = path=/dead\n`],
    ['x.conf', `${ENDS}<dead-letter-queue>\npath = /dead\n</dead-letter-queue>\n`],
    ['x.conf', `${ENDS}<dead-letter>\nqueue = path=/dead\n</dead-letter>\n`],
    ['x.conf', `${ENDS}<dead>\n<letter>\n<queue>\npath = /dead\n</queue>\n</letter>\n</dead>\n`],
    ['x.yaml', 'incoming-queue: path=/in\noutgoing-queue: path=/out\ndead-letter-queue: {path: /dead}\n'],
    ['x.ini', `${ENDS}[dead-letter-queue]\npath = /dead\n`],
  ] as const) {
    it(`works in ${name}: ${JSON.stringify(file.replace(ENDS, ''))}`, async (t) => {
      assert.equal((await settingsOf(t, { name, file })).failureQueue?.path, '/dead');
    });
  }

  it('works on the command line, and is shown by its full name', async () => {
    const args = ['--incoming-queue', 'path=/in', '--outgoing-queue', 'path=/out', '--dead-letter-queue', 'pth=/dead'];
    const { code, err } = await runMain(args);
    assert.equal(code, 64);
    assert.match(err, /failure-queue: "path" is missing/);
  });

  it('beside the full name is the same option twice', async (t) => {
    const { texts } = await examineCase(t, {
      file: `${ENDS}failure-queue = path=/a\ndead-letter-queue = path=/b\n`,
    });
    assert.deepEqual(texts, ['x.conf:4: failure-queue: is given twice, and can only be given once']);
  });

  it('is suggested, and is in the schema and the reference', async (t) => {
    const { texts } = await examineCase(t, { file: `${ENDS}dead-leter-queue = path=/b\n` });
    assert.match(texts.join(), /did you mean "dead-letter-queue"/);
    const schema = JSON.parse(configurationSchema()) as { properties: object };
    for (const row of OPTION_TABLE.filter(({ commandLineOnly }) => !commandLineOnly)) {
      for (const alias of (row.aliases ?? []).filter(({ length }) => length > 1)) {
        assert.ok(Object.hasOwn(schema.properties, alias), alias);
      }
    }
    assert.ok(Object.hasOwn(schema.properties, 'dead-letter-queue'));
  });

  it('of one letter belongs to the command line', async (t) => {
    const { texts } = await examineCase(t, { file: `${ENDS}c = 3\n` });
    assert.match(texts.join(), /there is no option "c"/);
  });
});
