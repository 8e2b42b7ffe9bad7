import { marked, testPoison } from '../support/poison.js';

const IN = { javascript: 'if (hdr["x-poison"]) throw new Error("no")', perl: 'die("no") if $hdr{"x-poison"}' };

testPoison(
  Object.entries(IN).map(([language, code]) => ({
    name: `a message that the callback in ${language} throws on`,
    spoil: marked,
    args: ['--callback-language', language, '--callback-code', code],
    code: 'CALLBACK_THREW',
    attempts: 1,
  })),
);
