import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runMain } from '../support/run-main.js';
import { tempFolder } from '../support/temp-folder.js';

const SENDER = join('test', 'fixtures', 'config', 'sender.conf');
const RECEIVER = join('test', 'fixtures', 'config', 'receiver.conf');

describe('stompctl check', () => {
  it('says that a file is valid, what it will do, and what is in effect', async () => {
    const { code, out, err } = await runMain(['check', '--all', RECEIVER]);
    assert.equal(code, 0);
    assert.equal(err, '');
    assert.match(out, /^test\/fixtures\/config\/receiver.conf: valid\n {2}warning: no failure-queue: /);
    assert.match(
      out,
      /^ {2}It receives messages from \/queue\/myapp.data at stomp:\/\/broker.acme.com:6163, and stores/m,
    );
    assert.match(
      out,
      /^ {2}incoming-broker-auth +plain name=receiver pass=\*\*\* +test\/fixtures\/config\/receiver.conf:3$/m,
    );
    assert.match(out, /^ {2}window +1000 +default$/m);
    assert.doesNotMatch(out, /secret/);
  });

  it('lists what is given, and counts the defaults', async () => {
    const { out } = await runMain(['check', RECEIVER]);
    assert.doesNotMatch(out, / default$/m);
    assert.match(out, /^ {2}incoming-broker-uri +stomp:\/\/broker.acme.com:6163 /m);
    assert.match(out, /^ {2}\d+ other options have their defaults: "stompctl check --all" lists them.$/m);
  });

  it('tells of a bad URI beside values that are wrong', async (t) => {
    const file = join(await tempFolder(t), 'x.conf');
    await writeFile(file, 'incoming-queue = path=/in\noutgoing-broker-uri = http://h\nwindow = many\nsync = x\n');
    const { out } = await runMain(['check', file]);
    assert.match(out, /x.conf:2: outgoing-broker-uri: .*must start with one of/);
    assert.match(out, /x.conf:3: window: /);
    assert.match(out, /x.conf:4: sync: /);
  });

  it('tells everything that is wrong, in the order of the file', async (t) => {
    const file = join(await tempFolder(t), 'x.conf');
    await writeFile(file, 'windo = 3\n\nloop = x\n<incoming-queue>\npth = /x\n</incoming-queue>\n');
    const { code, out } = await runMain(['check', file]);
    assert.equal(code, 78);
    assert.deepEqual(out.split('\n').slice(0, 5), [
      `${file}: not valid`,
      `  error: ${file}:1: there is no option "windo": did you mean "window"?`,
      `  error: ${file}:3: loop: must be one of true, false, 1, 0, not "x"`,
      `  error: ${file}:4: incoming-queue: "path" is missing`,
      `  error: ${file}:5: incoming-queue: there is no "pth" here: did you mean "path"?`,
    ]);
  });

  it('checks each of several files, and has the exit code of the first that is wrong', async (t) => {
    const folder = await tempFolder(t);
    const remote = join(folder, 'remote.conf');
    await writeFile(remote, 'metrics-listen = 0.0.0.0:9100\nincoming-queue = path=/in\noutgoing-queue = path=/out\n');
    const { code, out } = await runMain(['check', SENDER, '/nowhere/x.conf', remote]);
    assert.equal(code, 66);
    assert.match(out, /sender.conf: valid\n/);
    assert.match(
      out,
      /^\/nowhere\/x.conf: not valid\n {2}error: configuration\(\/nowhere\/x.conf\): there is no such file$/m,
    );
    assert.match(out, /remote.conf:1: metrics-listen: 0\.0\.0\.0 can be reached by other hosts/);
    assert.equal((await runMain(['check', remote])).code, 78);
  });

  it('takes options that the run would be given', async () => {
    const { code, out } = await runMain(['check', SENDER, '--no-loop', '--window', '7']);
    assert.equal(code, 0);
    assert.match(out, /^ {2}loop +false +command line$/m);
    assert.match(out, /^ {2}window +7 +command line$/m);
  });

  it('--json says the same for programs', async () => {
    const { code, out } = await runMain(['check', '--json', RECEIVER]);
    assert.equal(code, 0);
    const report = JSON.parse(out) as {
      valid: boolean;
      exit: number;
      options: { name: string; value: string; source: string }[];
    };
    assert.equal(report.valid, true);
    assert.equal(report.exit, 0);
    assert.deepEqual(
      report.options.find((option) => option.name === 'incoming-broker-auth'),
      { name: 'incoming-broker-auth', value: 'plain name=receiver pass=***', source: `${RECEIVER}:3` },
    );
  });

  it('--raw prints the tree before any validation, scalars as strings', async (t) => {
    const file = join(await tempFolder(t), 'x.conf');
    await writeFile(file, 'windo = 3\nflag\n<a b>\nc = 1\nc = 2\n</a>\n');
    const { code, out } = await runMain(['check', '--raw', file]);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(out), { windo: '3', flag: null, a: { b: { c: ['1', '2'] } } });
  });

  it('leaves the code of a callback out, one line as well: a secret in it has no name', async (t) => {
    const file = join(await tempFolder(t), 'x.conf');
    const ends = 'incoming-queue = path=/in\noutgoing-queue = path=/out\n';
    await writeFile(file, `${ends}callback-language = javascript\ncallback-code = hdr.auth = "s3cret";\n`);
    const { code, out } = await runMain(['check', file]);
    assert.equal(code, 0, out);
    assert.match(out, /^ {2}callback-code +\(1 line\) /m);
    const json = await runMain(['check', '--json', file]);
    for (const text of [out, json.out]) assert.doesNotMatch(text, /s3cret/);
  });

  it('--raw fails for what cannot be parsed', async (t) => {
    const file = join(await tempFolder(t), 'x.conf');
    await writeFile(file, '<a>\n');
    assert.deepEqual(await runMain(['check', '--raw', file]), {
      code: 78,
      out: '',
      err: `stompctl: configuration(${file}:1): <a> is never closed\n`,
    });
  });
});
