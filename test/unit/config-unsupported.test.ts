import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OPTION_TABLE } from '../../src/config/options/option-table.js';
import { examineCase } from '../support/config-case.js';

const SOUND = 'incoming-queue = path=/in\noutgoing-queue = path=/out\n';

/** Uses of what does not exist yet. A case goes when its feature comes. */
const REFUSED: readonly [file: string, problem: RegExp][] = [
  [`${SOUND}metrics-listen = :9100\n`, /^x.conf:3: metrics-listen: metrics are not supported yet/],
  [`${SOUND}metrics-textfile = /x\n`, /^x.conf:3: metrics-textfile: metrics are not supported yet/],
];

describe('what does not exist yet is understood, and refused with a sentence', () => {
  for (const [file, problem] of REFUSED) {
    it(file.trim().split('\n').at(-1) ?? '', async (t) => {
      const { problems, texts } = await examineCase(t, { file });
      assert.equal(texts.length, 1, texts.join('; '));
      assert.match(texts[0] ?? '', problem);
      assert.equal(problems[0]?.code, 'CONFIG_UNSUPPORTED');
    });
  }

  it('the rules of UDP are known already', async (t) => {
    const file =
      'incoming-queue = path=/in\noutgoing-broker-uri = udp://h:1\nreliable = true\noutgoing-broker-auth = none\n';
    const { texts } = await examineCase(t, { file });
    assert.deepEqual(texts, [
      'x.conf:3: reliable is not possible over UDP',
      'x.conf:4: outgoing-broker-auth is not possible over UDP',
    ]);
    const { settings } = await examineCase(t, { file: 'incoming-queue = path=/in\noutgoing-broker-uri = udp://h:1\n' });
    assert.deepEqual([settings?.reliable, settings?.heartBeat], [false, false]);
  });

  it('every other option is usable', () => {
    const refused = OPTION_TABLE.filter((row) => row.later !== undefined).map((row) => row.name);
    assert.deepEqual(refused.sort(), ['metrics-listen', 'metrics-textfile']);
  });
});
