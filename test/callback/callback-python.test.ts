import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { languageOf } from '../../src/callback/compile.js';

const of = (code: string) => languageOf({ code, origin: { file: 'x.conf', line: 3 }, fromPath: false });

describe('a callback of amqpclt', () => {
  for (const [what, code] of [
    ['defines a function', 'def check(self, msg):\n    return msg\n'],
    ['deletes a header', 'del(hdr["foo"])'],
    ['deletes a header, without parentheses', 'del hdr["foo"]'],
    ['decides', 'if hdr["a"] == "b":\n    hdr["c"] = "d"\n'],
    ['imports', 'import re\nhdr["a"] = re.sub("x", "y", hdr["a"])'],
  ] as const) {
    it(`that ${what} is told to be Python`, () => {
      assert.throws(() => of(code), { code: 'CALLBACK_UNSUPPORTED', message: /x\.conf:3.*Python is not run here/ });
    });
  }

  it('that only sets headers is JavaScript', () => {
    assert.equal(of('    hdr["destination"] = "/queue/a"\n    hdr["persistent"] = "true"\n'), 'javascript');
  });

  for (const [language, code] of [
    ['javascript', 'if (hdr.a) hdr.b = 1;\nfor (const x of [1]) hdr.c = x;'],
    ['perl', 'if ($hdr{a}) { $hdr{b} = 1; }\nfor my $x (1) { $hdr{c} = $x }'],
    ['perl', 'use strict;\nsub check { my($msg) = @_; return($msg) }'],
  ] as const) {
    it(`is not what ${language} is taken for`, () => assert.equal(of(code), language));
  }
});
