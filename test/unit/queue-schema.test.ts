import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { StompctlError } from '../../src/base/errors.js';
import { examineConfiguration } from '../../src/config/resolve-settings.js';
import { filesOf, messageOf } from '../../src/dirq/fields/message-fields.js';
import { MESSAGE_FIELDS, parseSchema } from '../../src/dirq/fields/schema.js';
import { Message, newHeader } from '../../src/message/message.js';
import { type Cleaning, tempFolder } from '../support/temp-folder.js';

const SSM = 'body:string signer:string empaid:string?';

function carried(schema: string, message: Message): Message {
  const fields = parseSchema(schema);
  const files = filesOf(fields, message);
  return messageOf(fields, 1 << 20, (file) => files.get(file));
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof StompctlError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'nothing';
}

async function examined(t: Cleaning, options: object) {
  const file = join(await tempFolder(t), 'c.json');
  writeFileSync(file, JSON.stringify({ remove: true, 'outgoing-queue': { path: '/q/out' }, ...options }));
  const { settings, problems } = await examineConfiguration({ commandLine: new Map([['config', [file]]]), env: {} });
  return { settings, problems: problems.map(({ reason }) => reason) };
}

test('a schema says which file is the body, and which are headers', () => {
  const message = new Message(
    newHeader({ signer: '/C=UK/CN=host é', empaid: '7', other: 'x' }),
    Buffer.from('žluť'),
    true,
  );
  const read = carried(SSM, message);
  assert.deepEqual({ ...read.header }, { signer: '/C=UK/CN=host é', empaid: '7' });
  assert.deepEqual([read.body.toString(), read.text], ['žluť', true]);
  const named = carried('data:binary:body dn:string:signer', message);
  assert.deepEqual([{ ...named.header }, named.text], [{ signer: '/C=UK/CN=host é' }, false]);
  assert.deepEqual([...filesOf(parseSchema('data:binary:body dn:string:signer'), message).keys()], ['data', 'dn']);
});

test('a table holds the headers that have no file of their own', () => {
  const message = new Message(newHeader({ signer: 's', a: '1', b: '2' }), Buffer.from([255]), false);
  const fields = parseSchema('text:string?:body bytes:binary?:body signer:string rest:table');
  const files = filesOf(fields, message);
  assert.deepEqual([...files.keys()], ['bytes', 'signer', 'rest']);
  assert.equal(files.get('rest')?.toString(), 'a\t1\nb\t2\n');
  assert.deepEqual({ ...messageOf(fields, 9, (file) => files.get(file)).header }, { signer: 's', a: '1', b: '2' });
});

test('what the files of an element cannot hold is refused', () => {
  const text = new Message(newHeader(), Buffer.from('x'), true);
  assert.match(
    codeOf(() => filesOf(parseSchema(SSM), text)),
    /^MESSAGE_BAD_HEADER .*"signer" is missing/,
  );
  const bytes = new Message(newHeader({ signer: 's' }), Buffer.from([255]), false);
  assert.match(
    codeOf(() => filesOf(parseSchema(SSM), bytes)),
    /^MESSAGE_REFUSED .*not valid UTF-8/,
  );
  const half = new Message(newHeader({ signer: '\ud800' }), Buffer.from('x'), true);
  assert.match(
    codeOf(() => filesOf(parseSchema(SSM), half)),
    /^MESSAGE_BAD_HEADER .*surrogate/,
  );
});

test('what the files of an element do not have makes it undecodable', () => {
  const read = (files: Record<string, string>) => () =>
    messageOf(parseSchema(SSM), 99, (file) =>
      files[file] === undefined ? undefined : Buffer.from(files[file], 'latin1'),
    );
  assert.throws(read({ body: 'x' }), /it has no signer file/);
  assert.throws(read({ body: '\xff', signer: 's' }), /its body is not valid UTF-8/);
  assert.throws(read({ body: 'x', signer: '\xff' }), /its signer is not valid UTF-8/);
  assert.equal(read({ body: 'x', signer: '' })().header.signer, '');
});

test('the default is that of messages', () => {
  assert.deepEqual(parseSchema('header:table text:string?:body binary:binary?:body'), MESSAGE_FIELDS);
});

test('a schema that cannot be is refused with the word that is wrong', () => {
  for (const [schema, expected] of [
    ['', /no file is the body/],
    ['signer:string', /no file is the body/],
    ['body', /schema\(body\): is no FILE:TYPE/],
    ['body:text', /is no FILE:TYPE/],
    ['../x:string:body', /is no FILE:TYPE/],
    ['locked:string:body', /is no FILE:TYPE/],
    ['body:string body:binary', /two files|each may be missing|there twice/],
    ['a:string:body b:string:body', /two files of one type/],
    ['body:string x:binary?:body', /each may be missing/],
    ['body:string a:table b:table', /more than one table/],
    ['body:string a:string b:string:a', /"a" is there twice/],
    ['body:string a:binary', /a header is a string/],
    ['body:string a:table:b', /leave the name out/],
  ] as const) {
    assert.match(
      codeOf(() => parseSchema(schema)),
      expected,
      schema,
    );
  }
});

test('the keys of a format go together', async (t) => {
  const incoming = (queue: object, more: object = {}) =>
    examined(t, { 'incoming-queue': { path: '/q/in', ...queue }, ...more });
  assert.deepEqual(
    (await incoming({ format: 'raw', body: 'text' }, { 'queue-headers': { a: '%{element}' } })).problems,
    [],
  );
  assert.deepEqual((await incoming({ type: 'DQN', schema: SSM })).problems, []);
  assert.match((await incoming({ type: 'DQN', format: 'raw' })).problems.join(), /format=raw needs type=DQS/);
  assert.match((await incoming({ schema: SSM })).problems.join(), /schema needs type=DQN/);
  assert.match((await incoming({ type: 'DQN', schema: 'x:y' })).problems.join(), /is no FILE:TYPE/);
  assert.match((await incoming({ body: 'text' })).problems.join(), /body=text needs format=raw/);
  assert.deepEqual((await incoming({}, { 'queue-headers': { a: 'b' } })).problems, []);
  const wrong = await incoming({ format: 'raw' }, { 'queue-headers': { a: '%{file}' } });
  assert.match(wrong.problems.join(), /may say %\{element\}, %\{size\}, %\{modified\} of an element/);
  const out = await incoming({}, { 'outgoing-queue': { path: '/q/out', format: 'raw', compression: 'zlib' } });
  assert.match(out.problems.join(), /compression and format=raw exclude each other/);
  const failure = await incoming({}, { 'failure-queue': { path: '/q/f', format: 'raw' } });
  assert.match(failure.problems.join(), /format/);
});
