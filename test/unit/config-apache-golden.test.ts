import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { parseApache } from '../../src/config/formats/apache-parser.js';
import { parseConfigGeneral } from '../../src/config/formats/config-general.js';
import { toPlain } from '../../src/config/formats/config-node.js';

/** The same variables as in golden.pl, which made the expected trees with Perl's Config::General 2.65. */
const ENV = { STOMPCTL_TEST_HOME: '/home/x' };
const FOLDER = join('test', 'fixtures', 'config', 'apache');

interface Golden {
  tree?: unknown;
  error?: true;
}

const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.conf'))
  .map((name) => name.slice(0, -'.conf'.length));

describe('an Apache-style file is read as Perl reads it', () => {
  assert.ok(names.length >= 60, 'the golden files are there');
  for (const name of names) {
    it(name, async () => {
      const golden = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as Golden;
      const path = join(FOLDER, `${name}.conf`);
      const asked = /^# options:(.*)/.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
      const options = parseConfigGeneral(asked, { file: path, line: 1 }, ENV);
      const parsed = parseApache(path, options).then(toPlain);
      if (golden.error === undefined) assert.deepEqual(JSON.parse(JSON.stringify(await parsed)), golden.tree);
      else await assert.rejects(parsed, StompctlError);
    });
  }
});
