import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runStompctl } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

describe('the built command', () => {
  it('says its version', async () => {
    const { code, stdout, stderr } = await runStompctl(['--version']);
    assert.equal(code, 0);
    assert.match(stdout, /^stompctl \d+\.\d+\.\d+\n$/);
    assert.equal(stderr, '');
  });

  it('refuses a misspelt option with 64', async () => {
    const { code, stdout, stderr } = await runStompctl(['--incoming-quee', 'path=/x']);
    assert.equal(code, 64);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^stompctl: option\(--incoming-quee\): there is no such option: did you mean --incoming-queue\?/,
    );
  });

  it('refuses a missing configuration with 66', async () => {
    const { code, stderr } = await runStompctl(['--config', '/nowhere/x.conf']);
    assert.equal(code, 66);
    assert.equal(stderr, 'stompctl: configuration(/nowhere/x.conf): there is no such file\n');
  });

  it('refuses an unreadable configuration with 66', async (t) => {
    const file = join(await tempFolder(t), 'x.conf');
    await writeFile(file, 'loop = true\n');
    await chmod(file, 0);
    // root reads everything: a folder is unreadable for root too
    const path = process.getuid?.() === 0 ? join(file, '..') : file;
    const { code, stderr } = await runStompctl(['--config', path]);
    assert.equal(code, 66);
    assert.ok(stderr.startsWith(`stompctl: configuration(${path}): `), stderr);
  });

  it('refuses two incoming modules with 78', async (t) => {
    const file = join(await tempFolder(t), 'x.yaml');
    await writeFile(
      file,
      'incoming: {queue: path=/in, broker: {uri: stomp://h}}\nsubscribe: destination=/a\noutgoing-queue: path=/out\n',
    );
    const { code, stderr } = await runStompctl(['--config', file]);
    assert.equal(code, 78);
    assert.equal(
      stderr,
      `stompctl: configuration(${file}:1): incoming-queue and incoming-broker-uri exclude each other: keep one of them, or give each input a name (docs/inputs.md)\n`,
    );
  });
});
