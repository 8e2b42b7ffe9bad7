import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isProblem, readOption } from '../../src/config/options/option-reader.js';
import { schemaOf } from '../../src/config/options/option-schema.js';
import { OPTION_TABLE, optionCalled, optionNamed } from '../../src/config/options/option-table.js';

/** The options of stompclt 1.8: its configurations and command lines must keep working. */
const OF_STOMPCLT =
  `callback-code callback-data callback-path config config-general count daemon debug duration heart-beat
  help incoming-broker-auth incoming-broker-connect incoming-broker-sockopts incoming-broker-stomp-debug
  incoming-broker-type incoming-broker-uri incoming-queue lazy list loop manual outgoing-broker-auth
  outgoing-broker-connect outgoing-broker-sockopts outgoing-broker-stomp-debug outgoing-broker-type outgoing-broker-uri
  outgoing-queue pidfile prefetch quit reliable remove statistics status subscribe timeout-broker timeout-client
  timeout-connect timeout-disconnect timeout-flush timeout-inactivity timeout-linger timeout-server timeout-status
  unsubscribe version window`.split(/\s+/);

const ALIASES: Readonly<Record<string, string>> = {
  c: 'count',
  cfg: 'config',
  conf: 'config',
  d: 'debug',
  h: 'help',
  '?': 'help',
  l: 'list',
  m: 'manual',
  s: 'statistics',
};

describe('the option table', () => {
  it('has every option of stompclt, and says which ones are new', () => {
    assert.deepEqual(
      OPTION_TABLE.filter((row) => !row.added)
        .map((row) => row.name)
        .sort(),
      OF_STOMPCLT.sort(),
    );
  });

  it('has every alias of stompclt', () => {
    for (const [alias, name] of Object.entries(ALIASES)) assert.equal(optionCalled(alias)?.name, name);
    assert.equal(optionNamed('c'), undefined);
  });

  it('has each name and alias once', () => {
    const names = OPTION_TABLE.flatMap((row) => [row.name, ...(row.aliases ?? [])]);
    assert.equal(new Set(names).size, names.length);
  });

  it('has defaults that are values of their option', () => {
    for (const row of OPTION_TABLE.filter((each) => each.default !== undefined)) {
      const origin = { file: 'x', line: 1 };
      const read = readOption(row, { kind: 'scalar', value: row.default ?? '', origin, textLine: 1 });
      assert.ok(!isProblem(read), row.name);
      assert.ok(schemaOf([row.name]).safeParse({ [row.name]: read.value }).success, row.name);
    }
  });

  for (const row of OPTION_TABLE) {
    it(`describes ${row.name} in one sentence`, () => {
      assert.match(row.doc, /^[A-Z].*\.$/);
      assert.doesNotMatch(row.doc, /\.\s+[A-Z]/);
      const takesValue = !['flag', 'boolean', 'count'].includes(row.kind);
      assert.equal(row.value !== undefined, takesValue);
    });
  }
});
