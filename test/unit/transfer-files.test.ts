import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { transferFiles } from '../../src/cli/run/transfer-files.js';
import { tempFolder } from '../support/temp-folder.js';

describe('the configurations of a folder', () => {
  it('are its .conf, .yaml and .yml files, sorted, named without the ending', async (test) => {
    const path = await tempFolder(test);
    const left = [
      'x.conf~',
      'x.conf.bak',
      'x.conf.dpkg-dist',
      'x.conf.rpmnew',
      '.x.conf',
      '.#x.conf',
      '#x.conf#',
      'x.ini',
      'README',
    ];
    for (const name of ['b.yaml', 'c.d.yml', 'a.conf', ...left]) writeFileSync(join(path, name), '');
    mkdirSync(join(path, 'folder.conf'));
    symlinkSync(join(path, 'nowhere'), join(path, 'link.conf'));
    const files = transferFiles({ kind: 'folder', path });
    assert.deepEqual(
      files.map(({ name }) => name),
      ['a', 'b', 'c.d', 'link'],
    );
    assert.equal(files[0]?.path, join(path, 'a.conf'));
  });

  it('are refused from the second of one name on', () => {
    const files = transferFiles({ kind: 'files', paths: ['/x/a.conf', '/y/a.yaml', '/z/a.conf', '/z/b'] });
    assert.deepEqual(
      files.map(({ name, refused }) => [name, refused?.code]),
      [
        ['a', undefined],
        ['a.yaml', 'CONFIG_INVALID'],
        ['a.conf', 'CONFIG_INVALID'],
        ['b', undefined],
      ],
    );
    assert.match(files[2]?.refused?.message ?? '', /\/z\/a\.conf.*of \/x\/a\.conf: rename one/);
  });

  it('are refused when there are more than a thousand', async (test) => {
    const path = await tempFolder(test);
    for (let number = 0; number <= 1000; number += 1) writeFileSync(join(path, `${number}.conf`), '');
    assert.throws(() => transferFiles({ kind: 'folder', path }), /holds 1001 configurations, more than the 1000/);
  });
});
