import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { NormalQueue } from '../../src/dirq/normal-queue.js';
import { bytesMessage, textMessage } from '../support/callback-bench.js';
import { runHere } from '../support/run-main.js';
import { filesOf, produce } from '../support/sample-messages.js';
import { runStompctl } from '../support/stompctl-process.js';
import { type Cleaning, tempFolder } from '../support/temp-folder.js';

const CONFIG = `incoming-queue = path=/nowhere/in
outgoing-queue = path=/nowhere/out
<rewrite>
  remove = x-old
</rewrite>
callback-code = <<EOF
  return("too old") if $hdr{age} and $hdr{age} > 5;
  die("no JSON\\n") if $hdr{bad};
  $hdr{seen} = "yes";
  $bdy =~ s/five/5/;
EOF
callback-timeout = 20
`;
const CASES = `config: conf/x.conf
cases:
  - name: old ones go
    message: { header: { age: 6 } }
    drop: too old
  - name: bad ones are refused
    message: { header: { bad: 1 } }
    reject: no JSON
  - name: others are marked
    message: { header: { x-old: a, n: 1 }, body: "four five" }
    expect: { header: { n: 1, seen: "yes" }, body: four 5 }
  - name: bytes
    message: { header: {}, base64: "AP8=" }
    expect: { header: { seen: "yes" } }
`;

async function folderWith(test: Cleaning, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await tempFolder(test);
  mkdirSync(join(folder, 'conf'));
  for (const [name, text] of Object.entries({ 'conf/x.conf': CONFIG, ...files }))
    writeFileSync(join(folder, name), text);
  return folder;
}

describe('stompctl test', { concurrency: 2 }, () => {
  it('exits 0 when every case holds, with the configuration that the file names', async (test) => {
    const folder = await folderWith(test, { 'cases.yaml': CASES });
    const ended = await runStompctl(['test', join(folder, 'cases.yaml')]);
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
    assert.deepEqual(ended.stdout.split('\n'), [
      'ok      old ones go',
      'ok      bad ones are refused',
      'ok      others are marked',
      'ok      bytes',
      '4 cases: 4 ok, 0 failed',
      '',
    ]);
  });

  it('exits 1 when a case fails, with its line and the difference', async (test) => {
    const failing = CASES.replace('age: 6', 'age: 5')
      .replace('four 5', '"four\\n5"')
      .replace('n: 1, seen', 'n: 2, seen')
      .replace('header: { seen: "yes" } }', 'header: { seen: "yes" }, base64: AP4= }');
    const folder = await folderWith(test, { 'cases.yaml': failing, 'good.yaml': CASES });
    const path = join(folder, 'cases.yaml');
    const ended = await runHere(['test', join(folder, 'good.yaml'), path]);
    assert.equal(ended.code, 1, ended.stderr);
    assert.deepEqual(ended.stdout.split('\n').slice(4), [
      `FAILED  old ones go (${path}:3)`,
      '  - dropped: too old',
      '  + passed on',
      'ok      bad ones are refused',
      `FAILED  others are marked (${path}:9)`,
      '  - n: 2',
      '  + n: 1',
      '    seen: yes',
      '  - | four',
      '  - | 5',
      '  + | four 5',
      `FAILED  bytes (${path}:12)`,
      '    seen: yes',
      '  - 00000000  00 fe                                            |..|',
      '  + 00000000  00 ff                                            |..|',
      '8 cases: 5 ok, 3 failed',
      '',
    ]);
  });

  it('takes the configuration, or only a callback, from the command line', async (test) => {
    const cases = 'cases:\n  - { message: { body: x }, expect: { header: { by: file } } }\n';
    const folder = await folderWith(test, {
      'cases.yaml': cases,
      'x.js': 'const check = (m) => { m.header.by = "file"; return m }',
    });
    const path = join(folder, 'cases.yaml');
    const byPath = await runHere(['test', path, '--callback-path', join(folder, 'x.js')]);
    assert.equal(byPath.code, 0, byPath.stdout + byPath.stderr);
    assert.match(byPath.stdout, /^ok {6}case 1\n1 case: 1 ok, 0 failed$/m);
    const byConfig = await runHere(['test', path, '--config', join(folder, 'conf/x.conf')]);
    assert.equal(byConfig.code, 1);
    assert.match(byConfig.stdout, /^ {2}- by: file\n {2}\+ seen: yes$/m);
  });

  for (const [what, text, exit, reason] of [
    ['that is not YAML', 'cases: [', 78, /cases\.yaml:1\d?\): not valid YAML/],
    [
      'with a wrong case',
      `${CASES}  - { message: { bdoy: x }, drop: y }\n`,
      78,
      /cases\.yaml:15\): cases\[4\]\.message\.bdoy: unknown key/,
    ],
    ['with a wrong key', 'config: x\ncase: []\n', 78, /cases\.yaml:2\): case: unknown key; known are config, cases/],
    ['without cases', 'config: conf/x.conf\n', 78, /cases: must be a list of cases/],
    ['whose configuration is missing', 'config: y.conf\ncases: []\n', 66, /y\.conf\): there is no such file/],
    ['that names no configuration', 'cases: []\n', 64, /nothing says what to test/],
  ] as const) {
    it(`tells what is wrong with a file ${what}: exit ${exit}`, async (test) => {
      const folder = await folderWith(test, { 'cases.yaml': text });
      const ended = await runHere(['test', join(folder, 'cases.yaml')]);
      assert.deepEqual([ended.code, ended.stdout], [exit, ''], ended.stderr);
      assert.match(ended.stderr, reason);
    });
  }

  it('says how a configuration is given instead of cases', async (test) => {
    const file = join(await tempFolder(test), 'sender.conf');
    writeFileSync(file, '<outgoing-broker>\nuri = stomp://h\n</outgoing-broker>\n');
    const ended = await runStompctl(['test', file]);
    assert.equal(ended.code, 78);
    assert.match(
      ended.stderr,
      /is no file of cases, which are in YAML; a configuration to test is given with --config/,
    );
  });

  it('tells what is wrong with the configuration: exit 78', async (test) => {
    const folder = await folderWith(test, {
      'cases.yaml': CASES,
      'conf/x.conf': CONFIG.replace('die("no JSON\\n")', 'use Socket; die(1)'),
    });
    const ended = await runHere(['test', join(folder, 'cases.yaml')]);
    assert.equal(ended.code, 78, ended.stdout);
    assert.match(ended.stderr, /conf\/x\.conf:8\): Socket/);
    writeFileSync(join(folder, 'conf/x.conf'), 'loop = true\n');
    const none = await runHere(['test', join(folder, 'cases.yaml')]);
    assert.equal(none.code, 78);
    assert.match(none.stderr, /neither a callback nor rewrite rules/);
  });
});

describe('stompctl test --record', { concurrency: 2 }, () => {
  it('writes cases that hold, from a queue that stays as it is', async (test) => {
    const folder = await folderWith(test, {});
    const queue = join(folder, 'q');
    const bodies = [Buffer.from('{"a": "five"}\n'), Buffer.from([0, 1, 200]), Buffer.from('é\r\n'), Buffer.alloc(0)];
    const headers = [{ n: '1', awkward: ' true: "x" # ' }, { age: '9' }, { bad: '1' }, { seen: 'yes', 'x:y': 'null' }];
    produce(
      queue,
      bodies.map((body, number) => ({ number, header: headers[number] ?? {}, body, text: number === 2 })),
    );
    const before = filesOf(queue);
    const path = join(folder, 'recorded.yaml');
    const recorded = await runHere(['test', '--config', join(folder, 'conf/x.conf'), '--record', queue, path]);
    assert.deepEqual([recorded.code, recorded.stdout], [0, ''], recorded.stderr);
    assert.deepEqual(filesOf(queue), before);
    assert.match(readFileSync(path, 'utf8'), /^config: conf\/x\.conf\ncases:\n {2}- name: 5f000000\/5f000000000000\n/);
    const replayed = await runHere(['test', path]);
    assert.equal(replayed.code, 0, replayed.stdout);
    assert.match(replayed.stdout, /^4 cases: 4 ok, 0 failed$/m);
    const again = await runHere(['test', '--config', join(folder, 'conf/x.conf'), '--record', queue, path]);
    assert.equal(again.code, 64);
    assert.match(again.stderr, /is there already/);
  });

  it('prints without FILE, takes --count and a queue of type DQN, leaves out what cannot be read', async (test) => {
    const folder = await folderWith(test, {});
    const queue = new NormalQueue({ path: join(folder, 'q') });
    await queue.addMessage(textMessage({ n: '1' }, 'five'));
    await queue.addMessage(bytesMessage({ n: '2' }));
    const args = ['--config', join(folder, 'conf/x.conf'), '--record', `path=${queue.path} type=DQN`];
    const one = await runHere(['test', ...args, '--count', '1']);
    assert.equal(one.code, 0, one.stderr);
    assert.match(one.stdout, /body: five\n/);
    assert.doesNotMatch(one.stdout, /n: '2'/);
    const [element = ''] = readdirSync(queue.path, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('header'),
    );
    writeFileSync(join(queue.path, element), 'no table');
    const rest = await runHere(['test', ...args]);
    assert.equal(rest.code, 1, rest.stdout);
    assert.match(rest.stderr, /left out: decode/);
    assert.match(rest.stderr, /recorded 1 case$/m);
  });

  it('refuses a queue that is not there, and one described wrongly', async (test) => {
    const folder = await folderWith(test, {});
    const run = (queue: string) => runHere(['test', '--config', join(folder, 'conf/x.conf'), '--record', queue]);
    assert.equal((await run(join(folder, 'none'))).code, 66);
    for (const wrong of ['type=DQS', 'path=/x type=ZIP', 'path=/x colour=red'])
      assert.equal((await run(wrong)).code, 64, wrong);
    assert.deepEqual(readdirSync(folder), ['conf']);
  });
});
