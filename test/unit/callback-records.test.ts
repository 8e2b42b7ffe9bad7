import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Board, RECORD, type RecordKind, readRecords } from '../../src/callback/border/board.js';
import { FLAG, OUTCOME } from '../../src/callback/border/engine-contract.js';
import { FieldReader, MalformedFields, packFields, readFields } from '../../src/callback/border/fields.js';
import { OutcomeReader } from '../../src/callback/outcome.js';
import { bytesMessage, summary } from '../support/callback-bench.js';

const ORIGINAL = bytesMessage({ destination: '/queue/a' }, Buffer.from('the original body'));
const reader = new OutcomeReader(() => undefined, { file: 'x.conf', line: 1 }, 1000);

test('fields come back as they were packed; cut at any byte they are refused or fewer, never others', () => {
  const some = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 });
  fc.assert(
    fc.property(some, (fields) => {
      const packed = packFields(fields);
      assert.deepEqual(
        readFields(packed),
        fields.map((field) => Buffer.from(field)),
      );
      for (let end = 0; end < packed.length; end += 1) {
        const read: Buffer[] = [];
        const cut = new FieldReader(packed.subarray(0, end));
        try {
          while (!cut.ended) read.push(cut.next());
        } catch (error) {
          assert.ok(error instanceof MalformedFields);
        }
        assert.deepEqual(
          read,
          fields.slice(0, read.length).map((field) => Buffer.from(field)),
        );
      }
    }),
  );
});

test('a log cut at any byte holds whole records and nothing else: a killed thread leaves no half of an outcome', () => {
  const kinds = fc.constantFrom<RecordKind>(...Object.values(RECORD));
  const some = fc.array(fc.tuple(kinds, fc.uint8Array({ maxLength: 30 })), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(some, (records) => {
      const board = new Board();
      for (const [kind, bytes] of records) assert.ok(board.append(kind, bytes));
      const log = board.contents();
      const all = records.map(([kind, bytes]) => ({ kind, bytes: Buffer.from(bytes) }));
      for (let end = 0; end <= log.length; end += 1) {
        const read = readRecords(log.subarray(0, end));
        assert.deepEqual(read, all.slice(0, read.length));
      }
      assert.equal(readRecords(log).length, all.length);
    }),
  );
});

const OUTCOMES: readonly (readonly [name: string, outcome: Buffer])[] = [
  ['unchanged', Buffer.from(OUTCOME.same)],
  ['header as a list', packFields([packFields(['a', 'b'])], OUTCOME.header)],
  ['header as JSON', Buffer.from(`${OUTCOME.headerJson}{"a":"b"}`)],
  ['another body', packFields([Buffer.of(0), packFields(['a', 'b']), 'another body'], OUTCOME.message)],
  ['the same body', packFields([Buffer.of(FLAG.noBody | FLAG.json), '{"a":"b"}', ''], OUTCOME.message)],
  ['an empty body', packFields([Buffer.of(FLAG.json), '{"a":"b"}', ''], OUTCOME.message)],
  ['dropped', packFields(['why'], OUTCOME.drop)],
  ['bad', packFields(['what'], OUTCOME.bad)],
  ['thrown', packFields(['Error', 'text', 'at check (callback:2:1)'], OUTCOME.threw)],
];

for (const [name, outcome] of OUTCOMES) {
  test(`an outcome cut at any byte, or with more behind it, rejects the message: ${name}`, () => {
    const whole = reader.read(outcome, ORIGINAL);
    assert.equal(whole.kind, /^(?:bad|thrown)$/.test(name) ? 'reject' : name === 'dropped' ? 'drop' : 'pass');
    for (let end = 0; end < outcome.length; end += 1)
      assert.equal(reader.read(outcome.subarray(0, end), ORIGINAL).kind, 'reject', `cut at ${end}`);
    assert.equal(reader.read(Buffer.concat([outcome, Buffer.of(0)]), ORIGINAL).kind, 'reject');
  });
}

test('an outcome of any bytes is one of the three, and what passes has a header of strings', () => {
  const kind = fc.constantFrom(...Object.values(OUTCOME)).map((character) => Buffer.from(character));
  const some = fc.tuple(kind, fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }), fc.uint8Array());
  fc.assert(
    fc.property(some, ([first, fields, rest]) => {
      for (const bytes of [Buffer.concat([first, packFields(fields)]), Buffer.concat([first, rest])]) {
        const outcome = reader.read(bytes, ORIGINAL);
        if (outcome.kind !== 'pass') continue;
        for (const value of Object.values(outcome.message.header)) assert.equal(typeof value, 'string');
      }
    }),
    { numRuns: 2000 },
  );
});

for (const json of [
  '[]',
  'null',
  '5',
  '"x"',
  '{"a":1}',
  '{"a":null}',
  '{"a":{}}',
  '{"a":"\\ud800"}',
  '{"\\udc00":""}',
  '{',
]) {
  test(`a header that is ${json} rejects the message`, () => {
    assert.match(String(summary(reader.read(Buffer.from(`j${json}`), ORIGINAL))), /^CALLBACK_BAD_RESULT/);
  });
}

test('a header named __proto__ is a header', () => {
  const outcome = reader.read(Buffer.from('j{"__proto__":"x"}'), ORIGINAL);
  assert.ok(outcome.kind === 'pass');
  assert.deepEqual(Object.entries(outcome.message.header), [['__proto__', 'x']]);
});
