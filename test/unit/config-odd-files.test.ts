import assert from 'node:assert/strict';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { examineCase, settingsOf } from '../support/config-case.js';
import { runMain } from '../support/run-main.js';
import { tempFolder } from '../support/temp-folder.js';

describe('the same queue twice', () => {
  for (const [name, incoming, outgoing] of [
    ['through a symbolic link', 'real', 'link'],
    ['through a link of a parent, not there yet', 'parent/new', 'parent-link/new'],
    ['with dots', 'real', 'parent/../real'],
  ] as const) {
    it(name, async (t) => {
      const folder = await tempFolder(t);
      await mkdir(join(folder, 'real'));
      await mkdir(join(folder, 'parent'));
      await symlink(join(folder, 'real'), join(folder, 'link'));
      await symlink(join(folder, 'parent'), join(folder, 'parent-link'));
      const args = [`incoming-queue=path=${folder}/${incoming}`, `outgoing-queue=path=${folder}/${outgoing}`];
      const { texts } = await examineCase(t, { args });
      assert.deepEqual(texts, ['command line: outgoing-queue is the same folder as incoming-queue']);
    });
  }
});

describe('a folder whose files would be moved into itself', () => {
  for (const [name, path, to] of [
    ['as it is written', 'real', 'real'],
    ['through a symbolic link', 'link', 'real'],
    ['with dots', 'real', 'real/../real/'],
  ] as const) {
    it(name, async (t) => {
      const folder = await tempFolder(t);
      await mkdir(join(folder, 'real'));
      await symlink(join(folder, 'real'), join(folder, 'link'));
      const incoming = `path=${folder}/${path} after=move move-to=${folder}/${to}`;
      const args = [`incoming-folder=${incoming}`, 'outgoing-queue=path=/out'];
      const { texts } = await examineCase(t, { args });
      const reason = 'move-to is the same folder as path, where each file would be sent again: name another one';
      assert.deepEqual(texts, [`command line: incoming-folder: ${reason}`]);
    });
  }

  it('but one inside it, or around it, is another one', async (t) => {
    const folder = await tempFolder(t);
    await mkdir(join(folder, 'in'));
    for (const [path, to] of [
      ['in', 'in/done'],
      ['in', '.'],
    ]) {
      const args = [
        `incoming-folder=path=${folder}/${path} after=move move-to=${folder}/${to}`,
        'outgoing-queue=path=/out',
      ];
      assert.deepEqual((await examineCase(t, { args })).texts, []);
    }
  });
});

describe('a folder whose files would be moved to where another end of the run is', () => {
  for (const end of ['outgoing-queue', 'outgoing-folder', 'failure-queue']) {
    it(end, async (t) => {
      const args = ['incoming-folder=path=/drop after=move move-to=/there', `${end}=path=/there`];
      if (end === 'failure-queue') args.push('outgoing-queue=path=/out');
      const { texts } = await examineCase(t, { args });
      const [one, other] = ['move-to of incoming-folder', end];
      const said = end === 'outgoing-folder' ? [other, one] : [one, other];
      assert.deepEqual(texts, [`command line: ${said.join(' is the same folder as ')}`]);
    });
  }
});

describe('what is wrong on the command line exits 64, in a file 78', () => {
  for (const [name, ...args] of [
    ['a URI', '--outgoing-broker-uri', 'http://h'],
    ['a list of URIs', '--outgoing-broker-uri', 'failover:('],
    ['an option of Config::General', '--outgoing-broker-uri', 'stomp://h', '--config-general=-AutoTrue=maybe'],
  ] as const) {
    it(name, async (t) => {
      const file = join(await tempFolder(t), 'x.conf');
      await writeFile(file, 'incoming-queue = path=/in\n');
      const { code, err } = await runMain(['--config', file, ...args]);
      assert.equal(code, 64, err);
    });
  }

  it('a URI in a file', async (t) => {
    const file = join(await tempFolder(t), 'x.conf');
    await writeFile(file, 'incoming-queue = path=/in\noutgoing-broker-uri = http://h\n');
    assert.equal((await runMain(['--config', file])).code, 78);
  });
});

describe('a merge key of YAML', () => {
  it('puts the options of a block beside those that are there, which win', async (t) => {
    const file = `incoming-queue: &queue {path: /in, umask: 18, maxtemp: 7}
outgoing-queue: {path: /out, <<: *queue, maxtemp: 9}
failure-queue:
  <<: [{path: /first}, *queue]
`;
    const { sink, failureQueue } = await settingsOf(t, { name: 'x.yaml', file });
    assert.ok(sink.kind === 'queue');
    const { path, umask, maxTemp } = sink.queue;
    assert.deepEqual({ path, umask, maxTemp }, { path: '/out', umask: 18, maxTemp: 9 });
    assert.deepEqual([failureQueue?.path, failureQueue?.maxTemp], ['/first', 7]);
  });

  it('in quotes is a name as any other', async (t) => {
    const { texts } = await examineCase(t, { name: 'x.yaml', file: '"<<": {loop: true}\n' });
    assert.match(texts.join(), /there is no option "<</);
  });

  it('of anything but a block is an error', async (t) => {
    for (const value of ['x', '[x]', '[[{}]]']) {
      await assert.rejects(examineCase(t, { name: 'x.yaml', file: `a: 1\n<<: ${value}\n` }), { code: 'CONFIG_SYNTAX' });
    }
  });
});

describe('a configuration that everybody may read', () => {
  const BROKER = 'incoming-queue = path=/in\noutgoing-broker-uri = stomp://h\n';
  for (const [name, text, mode, warned] of [
    ['with a password', 'outgoing-broker-auth = plain name=x pass=y\n', 0o644, '"pass" of outgoing-broker-auth'],
    [
      'with one for a key',
      'outgoing-broker-sockopts = SSL_passwd=y\n',
      0o644,
      '"SSL_passwd" of outgoing-broker-sockopts',
    ],
    ['in an included file', '<<include other.conf>>\n', 0o644, '"pass" of outgoing-broker-auth'],
    ['without a password', 'outgoing-broker-auth = plain name=x pass-env=Y\n', 0o644, undefined],
    ['but may not', 'outgoing-broker-auth = plain name=x pass=y\n', 0o640, undefined],
  ] as const) {
    it(`${name} is ${warned === undefined ? 'not ' : ''}warned of`, async (t) => {
      const folder = await tempFolder(t);
      const main = join(folder, 'x.conf');
      const other = join(folder, 'other.conf');
      await writeFile(main, `${BROKER}${text}`);
      await writeFile(other, '<outgoing-broker-auth>\nscheme = plain\nname = x\npass = y\n</outgoing-broker-auth>\n');
      const holder = text.includes('include') ? other : main;
      await chmod(main, holder === main ? mode : 0o600);
      await chmod(other, mode);
      const { code, out } = await runMain(['check', main]);
      assert.equal(code, 0, out);
      const expected = `warning: ${holder} holds ${warned} and can be read by everybody`;
      assert.equal(out.includes(expected), warned !== undefined, out);
      assert.equal(out.includes('everybody'), warned !== undefined, out);
    });
  }
});
