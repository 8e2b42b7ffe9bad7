import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readTlsFiles } from '../../src/stomp/transport/tls-files.js';
import { runMain } from '../support/run-main.js';
import { tempFolder } from '../support/temp-folder.js';

const MAIN = 'incoming-queue = path=/nowhere/in\noutgoing-queue = path=/nowhere/out\n';

interface Case {
  readonly name: string;
  /** makes what `other.conf` in `folder` is */
  readonly make: (path: string, folder: string) => void;
  /** what is said of it; undefined: it is read */
  readonly says?: RegExp;
}

const CASES: readonly Case[] = [
  { name: 'a file', make: (path) => writeFileSync(path, 'remove = true\n') },
  {
    name: 'a symbolic link to a file',
    make: (path, folder) => {
      writeFileSync(join(folder, 'real'), 'remove = true\n');
      symlinkSync('real', path);
    },
  },
  {
    name: 'a FIFO that nobody writes to',
    make: (path) => execFileSync('mkfifo', [path]),
    says: /is a pipe or a device, not a file \(included at .*main\.conf:3\)/,
  },
  {
    name: 'a symbolic link to a FIFO',
    make: (path, folder) => {
      execFileSync('mkfifo', [join(folder, 'fifo')]);
      symlinkSync('fifo', path);
    },
    says: /is a pipe or a device/,
  },
  { name: 'a device without end', make: (path) => symlinkSync('/dev/zero', path), says: /is a pipe or a device/ },
  { name: 'a folder', make: (path) => symlinkSync('/etc', path), says: /is a folder, not a file/ },
  { name: 'a link to itself', make: (path) => symlinkSync('other.conf', path), says: /cannot be read .*ELOOP/ },
  {
    name: 'a file that includes the first one',
    make: (path) => writeFileSync(path, '<<include main.conf>>\n'),
    says: /includes itself/,
  },
  {
    name: 'files that include the next one twice, on twelve levels',
    make: (path, folder) => {
      writeFileSync(path, '<<include 1.conf>>\n');
      for (let level = 1; level < 12; level += 1) {
        writeFileSync(join(folder, `${level}.conf`), `<<include ${level + 1}.conf>>\n`.repeat(2));
      }
      writeFileSync(join(folder, '12.conf'), '');
    },
    says: /more than 1000 files, or \d+ bytes, are included in all/,
  },
  {
    name: 'a file larger than any configuration',
    make: (path) => execFileSync('truncate', ['-s', '17M', path]),
    says: /larger than 16777216 bytes/,
  },
  {
    name: 'a file that is no configuration',
    make: (path) => symlinkSync('/etc/passwd', path),
    says: /passwd|other\.conf/,
  },
];

describe('an included file', () => {
  for (const { name, make, says } of CASES) {
    it(`that is ${name} is ${says === undefined ? 'read' : 'refused, with its place'}`, async (t) => {
      const folder = await tempFolder(t);
      const main = join(folder, 'main.conf');
      writeFileSync(main, `${MAIN}<<include other.conf>>\n`);
      make(join(folder, 'other.conf'), folder);
      const { code, out } = await runMain(['check', main]);
      assert.equal(code === 0, says === undefined, out);
      if (says === undefined) assert.match(out, /remove +true/);
      else assert.match(out, says);
    });
  }

  it('that everybody may change is warned of, as the first file is', async (t) => {
    const folder = await tempFolder(t);
    const [main, other] = [join(folder, 'main.conf'), join(folder, 'other.conf')];
    writeFileSync(main, `${MAIN}<<include other.conf>>\n`);
    writeFileSync(other, 'remove = true\n');
    for (const [mode, warned] of [
      [0o646, [main, other]],
      [0o664, []],
    ] as const) {
      for (const file of [main, other]) chmodSync(file, mode);
      const { out } = await runMain(['check', main]);
      for (const file of [main, other]) {
        assert.equal(
          out.includes(`warning: ${file} can be changed by everybody`),
          warned.some((each) => each === file),
          out,
        );
      }
    }
  });
});

it('a certificate, or a folder of them, that has no end is not read to the end of memory', async (t) => {
  const folder = await tempFolder(t);
  symlinkSync('/dev/zero', join(folder, 'ca.pem'));
  await assert.rejects(readTlsFiles(undefined, { SSL_ca_file: join(folder, 'ca.pem') }), {
    code: 'CREDENTIAL_INVALID',
  });
  await assert.rejects(readTlsFiles(undefined, { SSL_ca_path: folder }), { code: 'CREDENTIAL_INVALID' });
});
