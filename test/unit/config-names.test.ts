import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { examineCase } from '../support/config-case.js';

const SPELLINGS: Readonly<Record<string, string>> = {
  'a dashed name': 'outgoing-broker-uri = stomp://h\n',
  'a block': '<outgoing-broker>\nuri = stomp://h\n</outgoing-broker>\n',
  'blocks in blocks': '<outgoing>\n<broker>\nuri = stomp://h\n</broker>\n</outgoing>\n',
  'a dashed name in a block': '<outgoing>\nbroker-uri = stomp://h\n</outgoing>\n',
  'a named block': '<outgoing broker>\nuri = stomp://h\n</outgoing>\n',
  'a wrapper of the old name': '<stompclt>\noutgoing-broker-uri = stomp://h\n</stompclt>\n',
  'a wrapper of the new name': '<stompctl>\n<outgoing-broker>\nuri = stomp://h\n</outgoing-broker>\n</stompctl>\n',
  'a block in two parts':
    '<outgoing>\n<queue>\n</queue>\n</outgoing>\n<outgoing>\nbroker-uri = stomp://h\n</outgoing>\n',
};

describe('nested blocks and dashed names are the same thing', () => {
  for (const [name, file] of Object.entries(SPELLINGS)) {
    it(name, async (t) => {
      const { values } = await examineCase(t, { file });
      assert.equal(values.given.get('outgoing-broker-uri')?.value, 'stomp://h');
    });
  }

  it('an option and a block of the same beginning live together', async (t) => {
    const { values } = await examineCase(t, { file: 'window: 5\nmax: {message-size: 6}\n', name: 'x.yaml' });
    assert.equal(values.given.get('window')?.value, 5);
    assert.equal(values.given.get('max-message-size')?.value, 6);
    const { values: other } = await examineCase(t, { file: '<window>\nbytes = 6\n</window>\n' });
    assert.deepEqual([...other.given.keys()], ['window-bytes']);
  });
});

const REFUSED: readonly [name: string, file: string, text: string][] = [
  ['an unknown option', 'a\nwindo = 3\n', 'x.conf:2: there is no option "windo": did you mean "window"?'],
  [
    'an unknown option in blocks',
    '<outgoing>\n<broker>\nurl = x\n</broker>\n</outgoing>\n',
    'x.conf:3: there is no option "outgoing-broker-url": did you mean "outgoing-broker-uri"?',
  ],
  ['nothing like any option', 'zzzzzzzzzzzz = 1\n', 'x.conf:1: there is no option "zzzzzzzzzzzz"'],
  [
    'a block as a value',
    'outgoing-broker = stomp://h\n',
    'x.conf:1: "outgoing-broker" is a block of options, not an option with a value: for its URI set outgoing-broker-uri',
  ],
  [
    'a user beside the URI',
    '<outgoing-broker>\nuri = stomp://h\nuser = x\n</outgoing-broker>\n',
    'x.conf:3: there is no option "outgoing-broker-user": set outgoing-broker-auth, as in "auth = plain name=USER pass-file=PATH", or in YAML "auth: {scheme: plain, name: USER, pass-file: PATH}"',
  ],
  ['a value as a block', '<pidfile>\nx = 1\n</pidfile>\n', 'x.conf:1: pidfile: takes a value, not a block'],
  ['an option twice', 'window = 1\n\nwindow = 2\n', 'x.conf:3: window: is given twice, and can only be given once'],
  [
    'an option twice in different spellings',
    'timeout-connect = 1\n<timeout>\nconnect = 2\n</timeout>\n',
    'x.conf:3: timeout-connect: is given twice, and can only be given once',
  ],
  [
    'a queue twice',
    '<incoming-queue>\npath = /a\n</incoming-queue>\n<incoming-queue>\npath = /b\n</incoming-queue>\n',
    'x.conf:4: incoming-queue: is given twice: for several inputs give each a name, as in <incoming-queue NAME> (docs/inputs.md)',
  ],
  [
    'a broker twice',
    '<incoming-broker>\nuri = stomp://a\n</incoming-broker>\n<incoming-broker>\nuri = stomp://b\n</incoming-broker>\n',
    'x.conf:5: incoming-broker-uri: is given twice: for several inputs give each a name, as in <incoming-broker NAME> (docs/inputs.md)',
  ],
  [
    'a key twice',
    '<incoming-queue>\npath = /a\npath = /b\n</incoming-queue>\n',
    'x.conf:2: incoming-queue: "path" is given twice',
  ],
  [
    'a block as a key',
    '<callback-data>\n<a>\nb = 1\n</a>\n</callback-data>\n',
    'x.conf:2: callback-data: "a" takes a value, not a block',
  ],
  [
    'a key without a value',
    '<subscribe>\ndestination\n</subscribe>\n',
    'x.conf:2: subscribe: "destination" has no value',
  ],
  ['an option without a value', 'pidfile\n', 'x.conf:1: pidfile: has no value'],
  ['a boolean without a value', 'loop\n', 'x.conf:1: loop: must be one of true, false, 1, 0, not nothing'],
  ['an option of the command line', 'version = 1\n', 'x.conf:1: "version" can only be given on the command line'],
];

describe('what is no option is refused with its place', () => {
  for (const [name, file, text] of REFUSED) {
    it(name, async (t) => {
      const { texts } = await examineCase(t, { file });
      assert.ok(texts.includes(text), texts.join('\n'));
    });
  }
});

describe('what stompclt ignores is ignored, with a warning', () => {
  it('status and quit in a file', async (t) => {
    const { texts, warnings } = await examineCase(t, { file: 'status = true\nquit = true\n' });
    assert.deepEqual(
      texts.filter((text) => /status|quit/.test(text)),
      [],
    );
    assert.match(warnings.join(' '), /x.conf:1: "status" is ignored in a file .*x.conf:2: "quit" is ignored in a file/);
  });

  it('what stands outside the wrapper', async (t) => {
    const { texts, warnings } = await examineCase(t, { file: 'other = 1\n<stompclt>\nloop = x\n</stompclt>\n' });
    assert.deepEqual(texts, ['x.conf:3: loop: must be one of true, false, 1, 0, not "x"']);
    assert.match(warnings.join(' '), /x.conf:1: "other" stands outside <stompclt> and is ignored/);
  });
});
