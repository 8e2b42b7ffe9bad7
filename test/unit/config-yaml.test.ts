// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files under test hold such texts
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StompctlError } from '../../src/base/errors.js';
import { type BlockNode, toPlain } from '../../src/config/formats/config-node.js';
import { parseYaml } from '../../src/config/formats/yaml-parser.js';
import { examineCase, settingsOf } from '../support/config-case.js';

const TREES: readonly [name: string, text: string, tree: unknown][] = [
  ['nothing', '', {}],
  ['only comments', '# x\n', {}],
  ['an explicit null document', '---\n~\n', {}],
  ['nested mappings and lists', 'a: {b: [1, x]}\nc:\n  - d: 2\n', { a: { b: ['1', 'x'] }, c: [{ d: '2' }] }],
  [
    'scalars as they are written',
    'a: 022\nb: 1.10\nc: 1e3\nd: yes\ne: 2026-11-21\n',
    { a: '022', b: '1.10', c: '1e3', d: 'yes', e: '2026-11-21' },
  ],
  ['nulls', 'a:\nb: ~\nc: null\nd: "null"\n', { a: null, b: null, c: null, d: 'null' }],
  ['quotes', `a: "x\\ty"\nb: 'it''s'\n`, { a: 'x\ty', b: "it's" }],
  ['block texts', 'a: |\n  one\n   two\nb: >-\n  one\n  two\n', { a: 'one\n two\n', b: 'one two' }],
  ['anchors', 'a: &x {b: 1}\nc: *x\nd: [*x, *x]\n', { a: { b: '1' }, c: { b: '1' }, d: [{ b: '1' }, { b: '1' }] }],
  ['JSON', '{"a": {"b": [1, "x", null, true]}}', { a: { b: ['1', 'x', null, 'true'] } }],
  ['a byte order mark', '\uFEFFa: 1\n', { a: '1' }],
  ['CR LF', 'a: 1\r\nb: 2\r\n', { a: '1', b: '2' }],
  ['names that JavaScript treats apart', '__proto__: 1\nconstructor: 2\n', { ['__proto__']: '1', constructor: '2' }],
];

describe('YAML', () => {
  for (const [name, text, tree] of TREES) {
    it(name, async () => {
      assert.equal(JSON.stringify(toPlain(await parseYaml('x.yaml', text))), JSON.stringify(tree));
    });
  }

  it('keeps the line of every value', async () => {
    const tree = await parseYaml('x.yaml', '# c\na: 1\nb:\n  c: "x"\ncode: |\n\n  one\nd: [2,\n 3]\n');
    const block = tree.entries.get('b') as BlockNode;
    const line = (node: { origin: { line: number } } | undefined): number | undefined => node?.origin.line;
    assert.equal(line(tree.entries.get('a')), 2);
    assert.equal(line(block.entries.get('c')), 4);
    assert.equal(line(tree.entries.get('code')), 5);
    assert.equal(line(tree.entries.get('d')), 8);
  });
});

const ERRORS: readonly [name: string, text: string, message: RegExp][] = [
  ['bad indentation', 'a: 1\n  b: 2\n', /^configuration\(x.yaml:2\): not valid YAML: /],
  ['a key twice', 'a: 1\na: 2\n', /^configuration\(x.yaml:\d\): not valid YAML: .*duplicated/i],
  ['an unknown tag', 'a: !foo 1\n', /^configuration\(x.yaml:1\): not valid YAML: .*tag/],
  ['a list', '- a\n', /^configuration\(x.yaml:1\): is not a list of "option: value"$/],
  ['a text', 'abc\n', /^configuration\(x.yaml:1\): is not a list of "option: value"$/],
  ['two documents', 'a: 1\n---\nb: 2\n', /^configuration\(x.yaml\): holds more than one YAML document$/],
  ['a mapping as a key', '? {a: 1}\n: 2\n', /^configuration\(x.yaml:\d\): not valid YAML: .*complex keys$/],
  ['a bomb of aliases', bomb(), /^configuration\(x.yaml:\d+\): more than 100000 values in all$/],
  ['no end', 'a: "x\n', /^configuration\(x.yaml:\d\): not valid YAML: /],
];

function bomb(): string {
  const lines = ['a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]'];
  for (let level = 1; level < 9; level += 1) {
    lines.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  }
  return `${lines.join('\n')}\n`;
}

describe('what is not YAML is an error with its line, and never quotes the file', () => {
  for (const [name, text, message] of ERRORS) {
    it(name, async () => {
      await assert.rejects(parseYaml('x.yaml', text), (error: StompctlError) => {
        assert.match(error.message, message);
        assert.equal(error.code, 'CONFIG_SYNTAX');
        return true;
      });
    });
  }

  it('a password beside the mistake', async () => {
    const text = 'outgoing-broker-auth: {scheme: plain, pass: s3cret\nb: [\n';
    await assert.rejects(parseYaml('x.yaml', text), (error: StompctlError) => {
      assert.doesNotMatch(error.message, /s3cret/);
      return true;
    });
  });
});

describe('a configuration in YAML', () => {
  it('real booleans, in every spelling of YAML', async (t) => {
    const { values, texts } = await examineCase(t, {
      name: 'x.yml',
      file: 'loop: True\nremove: true\nlazy: "1"\ndaemon: FALSE\nstatistics: yes\n',
    });
    assert.equal(values.flag('loop'), true);
    assert.equal(values.flag('remove'), true);
    assert.equal(values.flag('lazy'), true);
    assert.equal(values.flag('daemon'), false);
    assert.deepEqual(
      texts.filter((text) => text.includes('statistics')),
      ['x.yml:5: statistics: must be one of true, false, 1, 0, not "yes"'],
    );
  });

  it('lists of subscriptions and credentials', async (t) => {
    const settings = await settingsOf(t, {
      name: 'x.yaml',
      file: [
        'incoming-broker:',
        '  uri: stomp://h',
        '  auth: [{scheme: plain, name: a, pass: "1 2"}]',
        'subscribe:',
        '  - destination: /queue/a',
        '  - destination=/queue/b id=2',
        'unsubscribe: [{}, {}]',
        'outgoing-queue: path=/out',
      ].join('\n'),
    });
    assert.ok(settings.source.kind === 'broker');
    assert.deepEqual(
      settings.source.subscriptions.map(({ header, unsubscribe }) => [header.destination, unsubscribe !== undefined]),
      [
        ['/queue/a', true],
        ['/queue/b', true],
      ],
    );
    assert.equal(settings.source.broker.auth[0]?.fields.pass, '1 2');
  });

  for (const [file, ...expected] of [
    [
      'outgoing-queue: [path=/a, path=/b]',
      'outgoing-queue: is given twice: for several outputs give each a name, as in <outgoing-queue NAME> (docs/outputs.md)',
    ],
    [
      'incoming-queue: /tmp/x',
      'incoming-queue: it has no "=": write KEY=VALUE pairs with blanks between, and %20 for a blank inside; or a block: {path: /tmp/x}',
    ],
    [
      'subscribe: /queue/x',
      'subscribe: it has no "=": write KEY=VALUE pairs with blanks between, and %20 for a blank inside; or a block: {destination: /queue/x}',
    ],
    [
      'outgoing-command: curl -u a:s3cret',
      'outgoing-command: word 1 of 3 has no "=": write KEY=VALUE pairs with blanks between, and %20 for a blank inside; or a block: {command: ...}',
    ],
    ['incoming-queue: {path:/tmp/x}', 'incoming-queue: "path" has no value: write a blank after the colon'],
    ['outgoing-broker: {uri:stomp://a:s3cret@h}', '"outgoing-broker-uri" has no value: write a blank after the colon'],
    [
      'incoming-broker: {auth: {name: x, pass: y}}',
      'incoming-broker-auth: has no "scheme", as in "auth = plain name=USER pass-file=PATH", or in YAML "auth: {scheme: plain, name: USER, pass-file: PATH}"',
    ],
  ] as const) {
    it(`${file} is refused with what to write`, async (t) => {
      const { texts } = await examineCase(t, { name: 'x.yaml', file });
      for (const text of expected) assert.ok(texts.includes(`x.yaml:1: ${text}`), texts.join('\n'));
    });
  }

  it('callback code as it is, at its line', async (t) => {
    const file = 'incoming-queue: path=/in\noutgoing-queue: path=/out\ncallback-code: |\n  hdr.a = "${X}\\$";\n';
    const { callback } = await settingsOf(t, { name: 'x.yaml', file });
    assert.equal(callback?.code, 'hdr.a = "${X}\\$";\n');
    assert.equal(callback?.origin.line, 4);
  });
});
