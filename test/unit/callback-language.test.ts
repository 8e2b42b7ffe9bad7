import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guessLanguage, type Language } from '../../src/callback/language.js';
import { readCorpus } from '../support/perl-corpus.js';

const CASES: [string, Language | undefined][] = [
  ['hdr.destination = "/q"', 'javascript'],
  ['return "skip"', undefined],
  ['return msg.size() > 5 ? "skip" : msg', 'javascript'],
  ['if (hdr.n %2 === 0) return "even"; // unless it is odd', 'javascript'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the code of a callback
  ['const $x = { a: 1 }; hdr.b = `${$x.a}`', 'javascript'],
  ['hdr.list.forEach((x) => print(x))', 'javascript'],
  ['export function check(msg) { return msg }', 'javascript'],
  ['hdr.b = = 2', 'javascript'],
  ['', undefined],
  ['= = 2', undefined],
  ['$hdr{destination} = "/q";', 'perl'],
  ['delete($hdr{"message-id"})', 'perl'],
  ['return("skip") unless $bdy =~ /error/', 'perl'],
  ['foreach my $name (qw(a b)) { delete($hdr{$name}); }', 'perl'],
  ['sub check { my($msg) = @_; return($msg) }', 'perl'],
  ['my ($x); // $hdr{x}', 'perl'],
  // Perl that parses as JavaScript, where it would print the text itself and drop every message
  ['print("$hdr{destination}: $bdy\\n"); return("displayed only");', 'perl'],
  ['$bdy = "size was " . length($bdy) . "\\n";', 'perl'],
  ['print(join(",", @_))', 'perl'],
  ['hdr.note = "5 $msg"', 'javascript'],
  ['const $hdr = hdr; $hdr.a = "1"', undefined],
];

for (const [code, language] of CASES) {
  test(`${JSON.stringify(code)} is ${language ?? 'either'}`, () => {
    assert.equal(guessLanguage(code), language);
  });
}

test('no callback of the Perl corpus is taken for JavaScript', () => {
  const wrong = readCorpus().filter(({ code }) => guessLanguage(code) === 'javascript');
  assert.deepEqual(
    wrong.map(({ name }) => name),
    [],
  );
});
