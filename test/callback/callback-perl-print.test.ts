import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textMessage, withCallback } from '../support/callback-bench.js';

test('what Perl prints goes out byte for byte', async () => {
  const printed: Buffer[] = [];
  const onPrint = (piece: string | Uint8Array): unknown => printed.push(Buffer.from(piece));
  const code = 'print "caf\\xe9\\n"; print "\\xc3\\xa9" x 10000, "\\xff";';
  await withCallback(code, { language: 'perl', onPrint }, (callback) => callback.process([textMessage()]));
  const expected = Buffer.concat([
    Buffer.from('caf\xe9\n', 'latin1'),
    Buffer.from('\u00e9'.repeat(10_000)),
    Buffer.of(0xff),
  ]);
  assert.ok(Buffer.concat(printed).equals(expected), Buffer.concat(printed).toString('latin1', 0, 100));
});

test('callbacks of one size share one compiled Perl, and each keeps its own variables', async () => {
  const code = 'our $n;\nsub check ($) { my($msg) = @_; $msg->header_field("n", ++$n); return($msg) }';
  const seen = await withCallback(code, { language: 'perl' }, (first) =>
    withCallback(code, { language: 'perl' }, async (second) => {
      const outcomes = [
        ...(await first.process([textMessage(), textMessage()])),
        ...(await second.process([textMessage()])),
      ];
      return outcomes.map((outcome) => (outcome.kind === 'pass' ? outcome.message.header.n : outcome.kind));
    }),
  );
  assert.deepEqual(seen, ['1', '2', '1']);
});
