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
      /^ {2}error: callback\(.*x\.conf:5\): syntax error at .*x\.conf line 5, at EOF/m,
    ],
    [
      'Perl that callbacks have not',
      'return("no")',
      'use Socket; return("no")',
      /x\.conf:5\): Socket is not there in a callback: .* let stompctl move messages to a broker/,
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

  for (const [what, code, warning] of [
    [
      'system',
      'system("mail", $hdr{to}) if $hdr{to};',
      /warning: the callback names system \(its line 2\): .*copy messages/,
    ],
    ['fork', 'fork() if $hdr{to};', /warning: the callback names fork/],
    ['backquotes', 'my $d = `date`;', /warning: the callback names a command in backquotes/],
    ['a command in qx', 'my $d = qx(date) if 0;', /warning: the callback names a command in backquotes/],
    [
      'a file',
      'open(my $f, "<", "/etc/passwd") if $hdr{to};',
      /warning: the callback names open of a file .*callback-data/,
    ],
  ] as const) {
    it(`warns of ${what}, which a callback cannot have, and does not refuse it`, async (test) => {
      const found = await runMain([
        'check',
        await fileOf(
          test,
          PERL.replace('return("no")', () => `${code}\n  return("no")`),
        ),
      ]);
      assert.equal(found.code, 0, found.out);
      assert.match(found.out, warning);
    });
  }

  it('does not warn of what only looks like it', async (test) => {
    const code = 'my $t = ""; open(my $f, ">", \\\\$t); $hdr{system} = "fork"; # system("x")\n  return("no")';
    const found = await runMain([
      'check',
      await fileOf(
        test,
        PERL.replace('return("no")', () => code),
      ),
    ]);
    assert.equal(found.code, 0, found.out);
    assert.ok(!found.out.includes('warning: the callback'), found.out);
  });
});
