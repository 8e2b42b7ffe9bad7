import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { StompctlError } from '../../src/base/errors.js';
import { type ApacheOptions, parseApache } from '../../src/config/formats/apache-parser.js';
import { type BlockNode, type ConfigNode, toPlain } from '../../src/config/formats/config-node.js';
import { type Cleaning, tempFolder } from '../support/temp-folder.js';

async function parse(
  test: Cleaning,
  files: Readonly<Record<string, string | Buffer>>,
  options: ApacheOptions = {},
): Promise<{ tree: Promise<BlockNode>; folder: string }> {
  const folder = await tempFolder(test);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return { tree: parseApache(join(folder, 'x.conf'), options), folder };
}

const ERRORS: readonly [name: string, files: Record<string, string>, text: string][] = [
  [
    'a here-document without its end',
    { 'x.conf': 'a = 1\ncode = <<EOF\none\n' },
    'x.conf:2): the text of "code" starts here and never ends: put EOF on a line of its own after it',
  ],
  ['a close tag of another name', { 'x.conf': '<a>\nb = 1\n</b>\n' }, 'x.conf:3): </b> cannot close <a> of x.conf:1'],
  ['a block without its end', { 'x.conf': 'x = 1\n<a>\nb = 1\n' }, 'x.conf:2): <a> is never closed'],
  ['an extra close tag', { 'x.conf': 'a = 1\n</b>\n' }, 'x.conf:2): </b> closes a block that was never opened'],
  [
    'a value, then a block of its name',
    { 'x.conf': 'a = 1\n<a>\n</a>\n' },
    'x.conf:2): <a> cannot be a block: it has a value at x.conf:1',
  ],
  [
    'a named block where a list is',
    { 'x.conf': 'a = 1\na = 2\n<a b>\n</a>\n' },
    'x.conf:3): <a b> cannot be added to the list that "a" already is',
  ],
  ['a line that starts with =', { 'x.conf': '= 1\n' }, 'x.conf:1): there is no option name before the "="'],
  [
    'a continuation of the last line',
    { 'x.conf': 'a = 1\nb = 2 \\\n' },
    'x.conf:2): ends in a backslash, which continues it, but no line follows',
  ],
  [
    'a missing file included',
    { 'x.conf': 'a = 1\n<<include sub/none.conf>>\n' },
    'sub/none.conf): there is no such file (included at x.conf:2)',
  ],
  ['a file that includes itself', { 'x.conf': '<<include x.conf>>\n' }, 'x.conf:1): x.conf includes itself'],
  [
    'a file that includes itself through another',
    { 'x.conf': '<<include sub/y.conf>>\n', 'sub/y.conf': '\n<<include ../x.conf>>\n' },
    'sub/y.conf:2): ../x.conf includes itself',
  ],
  [
    'a folder included',
    { 'x.conf': '<<include sub>>\n', 'sub/y': '' },
    'sub): is a folder, not a file (included at x.conf:1)',
  ],
  [
    'an error in an included file',
    { 'x.conf': 'a = 1\n<<include y.conf>>\n', 'y.conf': '\n\n</z>\n' },
    'y.conf:3): </z> closes a block that was never opened',
  ],
  ['blocks without end', { 'x.conf': '<a>\n'.repeat(200) }, 'x.conf:101): blocks are nested more than 100 deep'],
];

describe('what is wrong in an Apache-style file is an error with its place', () => {
  for (const [name, files, text] of ERRORS) {
    it(name, async (t) => {
      const { tree, folder } = await parse(t, files);
      await assert.rejects(tree, (error: StompctlError) => {
        assert.equal(error.message.replaceAll(`${folder}/`, ''), `configuration(${text}`);
        assert.equal(error.exitCode, /no such file|folder/.test(text) ? 66 : 78);
        return true;
      });
    });
  }

  it('a variable that no option has', async (t) => {
    const { tree, folder } = await parse(t, { 'x.conf': 'a = 1\nb = $c\n' }, { interpolateVars: true });
    await assert.rejects(tree, {
      code: 'CONFIG_SYNTAX',
      message: `configuration(${folder}/x.conf:2): b: there is no option "c" before this line for $c to stand for`,
    });
  });
});

const LENIENT: readonly [name: string, text: string | Buffer, tree: unknown][] = [
  ['blanks after an empty block', '<a/>  \n<b c/>\r\n', { a: {}, b: { c: {} } }],
  ['blanks before the end of a tag', '<a >\nb = 1\n</a >\n', { a: { b: '1' } }],
  ['an argument repeated in the close tag', '<a b>\nc = 1\n</a b>\n', { a: { b: { c: '1' } } }],
  ['quotes around an included file', '<<include "with blank.conf">>\n', { z: '1' }],
  ['Latin-1 where it is not UTF-8', Buffer.from('a = \xe4\xf6\n', 'latin1'), { a: 'äö' }],
  ['a name that JavaScript treats apart', '__proto__ = 1\nconstructor = 2\n', { ['__proto__']: '1', constructor: '2' }],
];

describe('what Perl trips over is read as it was meant', () => {
  for (const [name, text, tree] of LENIENT) {
    it(name, async (t) => {
      const parsed = await parse(t, { 'x.conf': text, 'with blank.conf': 'z = 1\n' });
      assert.equal(JSON.stringify(toPlain(await parsed.tree)), JSON.stringify(tree));
    });
  }
});

describe('values keep their place', () => {
  const LINES = [
    'a = 1',
    '<b>',
    '  c = x \\',
    '      y',
    '</b>',
    'code = <<EOF',
    '',
    '  first',
    'EOF',
    '<<include sub/y.conf>>',
  ];

  it('file and line of every value, and the line of a text’s first character', async (t) => {
    const { tree, folder } = await parse(t, { 'x.conf': LINES.join('\n'), 'sub/y.conf': '\nd = 1\n' });
    const places: Record<string, string> = {};
    const walk = (node: ConfigNode, name: string): void => {
      if (node.kind === 'block')
        for (const [key, child] of node.entries) walk(child, name === '' ? key : `${name}.${key}`);
      else if (node.kind === 'scalar') {
        places[name] = `${node.origin.file.replace(`${folder}/`, '')}:${node.origin.line} text ${node.textLine}`;
      }
    };
    walk(await tree, '');
    assert.deepEqual(places, {
      a: 'x.conf:1 text 1',
      'b.c': 'x.conf:3 text 3',
      code: 'x.conf:6 text 8',
      d: 'sub/y.conf:2 text 2',
    });
  });
});
