import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runMain } from '../support/run-main.js';
import { type Cleaning, tempFolder } from '../support/temp-folder.js';

const ENDS = 'incoming-queue = path=/in\noutgoing-queue = path=/out\n';
const PERL = `${ENDS}callback-code = <<EOF\n  $hdr{x} = "a$hdr{n}";\n  return("no") if $bdy =~ /seven/;\nEOF\n`;
const JAVASCRIPT = `${ENDS}callback-code = <<EOF\nconst a = 1;\nhdr.x = String(a);\nEOF\n`;

async function fileOf(test: Cleaning, text: string): Promise<string> {
  const file = join(await tempFolder(test), 'x.conf');
  await writeFile(file, text);
  return file;
}

describe('stompctl check, of the callback', () => {
  for (const [language, text, sentence] of [
    ['Perl', PERL, 'The callback is in Perl, recognised from the code.'],
    ['JavaScript', JAVASCRIPT, 'The callback is in JavaScript, recognised from the code.'],
    ['what it is told', `${PERL}callback-language = perl\n`, 'The callback is in Perl, as callback-language says.'],
  ] as const) {
    it(`says that it recognised ${language}`, async (test) => {
      const { code, out } = await runMain(['check', await fileOf(test, text)]);
      assert.equal(code, 0, out);
      assert.ok(out.includes(`\n  ${sentence}\n`), out);
    });
  }

  for (const [what, from, to, error] of [
    [
      'a syntax error in Perl',
      'return("no")',
      'if (;',
      /^ {2}error: callback\(.*x\.conf:5:7\): expected a value, found ;/m,
    ],
    [
      'Perl that callbacks have not',
      'return("no")',
      'system("ls")',
      /x\.conf:5:3\): system is not supported in callbacks/,
    ],
  ] as const) {
    it(`reports ${what} with file, line and column: exit 78`, async (test) => {
      const { code, out } = await runMain(['check', await fileOf(test, PERL.replace(from, to))]);
      assert.equal(code, 78);
      assert.match(out, /x\.conf: not valid\n/);
      assert.match(out, error);
    });
  }

  for (const [what, code, error] of [
    ['a syntax error in JavaScript', 'hdr.a = 1;\nhdr.x = = 2;', /x\.conf:5:9\): SyntaxError/],
    [
      'a start that throws',
      'function start() { throw new Error("why") }\nfunction check(m) { return m }',
      /conf:4:\d+\): why/,
    ],
  ] as const) {
    it(`reports ${what} with file, line and column: exit 78`, async (test) => {
      const file = await fileOf(test, `${ENDS}callback-code = <<EOF\n${code}\nEOF\n`);
      const found = await runMain(['check', file]);
      assert.equal(found.code, 78, found.out);
      assert.match(found.out, error);
      const report = JSON.parse((await runMain(['check', '--json', file])).out) as Record<string, unknown>;
      assert.deepEqual([report.valid, report.exit], [false, 78]);
      assert.match(String(report.problems), error);
    });
  }

  it('--show-javascript prints the translation and nothing else', async (test) => {
    const { code, out, err } = await runMain(['check', '--show-javascript', await fileOf(test, PERL)]);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^ {4}hdr\.x = P\.cat\("a", hdr\.n\);$/m);
    assert.match(out, /^const check = /m);
    assert.doesNotMatch(out, /incoming-queue/);
  });

  it('--show-javascript with --json puts it into the report', async (test) => {
    const { out } = await runMain(['check', '--show-javascript', '--json', await fileOf(test, PERL)]);
    const { callback } = JSON.parse(out) as { callback: Record<string, unknown> };
    assert.deepEqual([callback.language, callback.recognised], ['perl', true]);
    assert.match(String(callback.javascript), /P\.cat/);
  });

  it('--show-javascript says that JavaScript is none to be translated', async (test) => {
    const { code, out, err } = await runMain(['check', '--show-javascript', await fileOf(test, JAVASCRIPT)]);
    assert.equal(code, 0);
    assert.match(out, /hdr\.x = String\(a\)/);
    assert.match(err, /x\.conf: the callback is in JavaScript already\n/);
  });

  it('--show-javascript needs a callback, and a valid one', async (test) => {
    const none = await runMain(['check', '--show-javascript', await fileOf(test, ENDS)]);
    assert.equal(none.code, 64);
    assert.match(none.err, /has no callback to show/);
    const bad = await runMain(['check', '--show-javascript', await fileOf(test, PERL.replace('return', 'fork'))]);
    assert.deepEqual([bad.code, bad.out], [78, '']);
    assert.match(bad.err, /not supported/);
  });
});
