import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { helpText } from '../../src/cli/help.js';
import { manPage } from '../../src/cli/man-page.js';

const ENDS = ['queues', 'folder', 'command', 'STOMP', 'AMQP'];

/** The first lines of what tells people what the program is. */
const TELLS: Readonly<Record<string, () => string | Promise<string>>> = {
  'stompctl --help': async () => (await helpText('run', 120)).split('\nOptions:')[0] ?? '',
  'the man page': () => /\.SH NAME\n(.*)/.exec(manPage())?.[1] ?? '',
  'package.json': () => JSON.parse(readFileSync('package.json', 'utf8')).description,
  'README.md': () => readFileSync('README.md', 'utf8').split('\n\n')[1] ?? '',
  'packaging/debian/control': () => readFileSync('packaging/debian/control', 'utf8').split('Description:')[1] ?? '',
};

for (const [name, text] of Object.entries(TELLS)) {
  test(`${name} names every kind of end`, async () => {
    const told = (await text()).replaceAll(/\s+/g, ' ');
    assert.deepEqual(
      ENDS.filter((end) => !told.includes(end)),
      [],
      told,
    );
  });
}
