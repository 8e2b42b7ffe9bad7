import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runMain } from '../support/run-main.js';
import { tempFolder } from '../support/temp-folder.js';

const SENDER = join(import.meta.dirname, '../../../test/fixtures/config/sender.conf');

describe('stompctl migrate', () => {
  it('prints YAML that is valid, and what is different beside it', async (test) => {
    const folder = await tempFolder(test);
    const { code, out, err } = await runMain(['migrate', SENDER]);
    assert.equal(code, 0, err);
    assert.match(err, /: what is different from stompclt 1\.8 for this configuration\n\n- "reliable" was off/);
    writeFileSync(join(folder, 'new.yaml'), out);
    assert.equal((await runMain(['check', join(folder, 'new.yaml')])).code, 0);
  });

  it('writes a file that only the group reads, and none over another', async (test) => {
    const folder = await tempFolder(test);
    const path = join(folder, 'new.yaml');
    const done = await runMain(['migrate', SENDER, '--output', path]);
    assert.equal(done.code, 0, done.err);
    assert.equal(lstatSync(path).mode & 0o777, 0o640);
    assert.match(
      done.out,
      new RegExp(`wrote ${path} \\(mode 0640\\); next:\n\n {2}stompctl check --connect ${path}\n`),
    );
    const again = await runMain(['migrate', SENDER, '--output', path]);
    assert.equal(again.code, 73);
    assert.match(again.err, /is there already: give --force/);
    assert.equal((await runMain(['migrate', SENDER, '--output', path, '--force'])).code, 0);
    assert.deepEqual(readdirSync(folder), ['new.yaml']);
  });

  it('takes a command line alone', async () => {
    const args = ['-incoming-queue', 'path=/in', '-outgoing-queue', 'path=/out', '--callback-code', '$hdr{a} = 1'];
    const { code, out, err } = await runMain(['migrate', ...args]);
    assert.equal(code, 0, err);
    assert.match(out, /^# Made from a command line by/);
    assert.match(out, /^callback-code: \$hdr\{a\} = 1$/m);
  });

  it('names what a callback needs of the host', async (test) => {
    const code = 'callback-code = open(my $f, "<", "/etc/passwd");\n'.replaceAll('$', '\\$');
    const folder = await tempFolder(test);
    const path = join(folder, 'old.conf');
    writeFileSync(path, `incoming-queue = path=/in\noutgoing-queue = path=/out\n${code}`);
    const { out, err } = await runMain(['migrate', path]);
    assert.match(err, /- callback-code: the callback names open of a file \(its line 1\)/);
    assert.match(out, /# the callback names open of a file/);
  });

  for (const [what, text, code, reason] of [
    [
      'was never valid',
      'incoming-queu = path=/in\n',
      78,
      /old\.conf:1\): there is no option "incoming-queu": did you mean/,
    ],
    ['does not parse', '<incoming-queue>\npath = /in\n', 78, /old\.conf/],
    ['says nothing', '', 78, /incoming/],
    ['has no sink', 'incoming-queue = path=/in\n', 78, /outgoing/],
    [
      'has code that is none',
      'incoming-queue = path=/in\noutgoing-queue = path=/o\ncallback-code = \\$hdr{a = 1\n',
      78,
      /callback/,
    ],
  ] as const) {
    it(`refuses a configuration that ${what}, and writes nothing`, async (test) => {
      const folder = await tempFolder(test);
      const path = join(folder, 'old.conf');
      writeFileSync(path, text);
      const done = await runMain(['migrate', path, '--output', join(folder, 'new.yaml')]);
      assert.equal(done.code, code, done.err);
      assert.match(done.err, reason);
      assert.equal(done.out, '');
      assert.deepEqual(readdirSync(folder), ['old.conf']);
    });
  }

  for (const [what, args, code, reason] of [
    ['nothing', [], 64, /name the configuration of stompclt/],
    ['two', [SENDER, SENDER], 64, /name one configuration/],
    ['one that is not there', ['/nowhere/old.conf'], 66, /there is no such file/],
    ['another ending', [SENDER, '--output', '/tmp/new.conf'], 64, /must end in \.yaml/],
    [
      'a folder that is not there',
      [SENDER, '--output', '/nowhere/new.yaml'],
      73,
      /there is no folder \/nowhere: make it first/,
    ],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const done = await runMain(['migrate', ...args]);
      assert.equal(done.code, code, done.err);
      assert.match(done.err, reason);
    });
  }

  it('is told in docs/migration.md as it is', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../docs/migration.md'), 'utf8');
    for (const words of ['`reliable: false`', 'stompctl migrate', '--output']) assert.ok(text.includes(words), words);
  });
});
