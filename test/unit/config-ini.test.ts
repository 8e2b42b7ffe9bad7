import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StompctlError } from '../../src/base/errors.js';
import { toPlain } from '../../src/config/formats/config-node.js';
import { parseIni } from '../../src/config/formats/ini-parser.js';
import { examineCase, settingsOf } from '../support/config-case.js';

const TREES: readonly [name: string, text: string, tree: unknown][] = [
  ['nothing', '', {}],
  ['names and values', 'a = 1\nb=x y\n c = "q;q"\nd = \'s\'\n', { a: '1', b: 'x y', c: 'q;q', d: 's' }],
  ['comments', '; one\n# two\na = 1 ; three\nb = x\\;y\n', { a: '1', b: 'x;y' }],
  ['sections', '[s]\na = 1\n[t.u]\nb = 2\n[t]\nc = 3\n', { s: { a: '1' }, t: { c: '3', u: { b: '2' } } }],
  ['lists', 'a[] = 1\na[] = 2\n', { a: ['1', '2'] }],
  ['a name alone', 'loop\n', { loop: 'true' }],
  ['an empty value', 'a =\n', { a: '' }],
  ['CR LF', 'a = 1\r\n[s]\r\nb = 2\r\n', { a: '1', s: { b: '2' } }],
];

describe('INI', () => {
  for (const [name, text, tree] of TREES) {
    it(name, async () => {
      assert.deepEqual(JSON.parse(JSON.stringify(toPlain(await parseIni('x.ini', text)))), tree);
    });
  }
});

const ERRORS: readonly [name: string, text: string, message: string][] = [
  ['a name twice', 'a = 1\n\na = 2\n', 'x.ini:3): "a" was given at x.ini:1 already: to repeat it, write "a[] = …"'],
  [
    'a section twice',
    '[subscribe]\ndestination = a\n[subscribe]\n',
    'x.ini:3): "subscribe" was given at x.ini:1 already: to repeat it, write "subscribe[] = KEY=VALUE…" in the section above',
  ],
  ['a value that is a section too', '[a]\nb = 1\n[a.b]\nc = 2\n', 'x.ini:3): "a.b" is both a value and a section'],
  ['a line that is neither', '= x\n', 'x.ini:1): is neither "[section]" nor "name = value"'],
  ['a name that JavaScript treats apart', 'a = 1\n__proto__ = 2\n', 'x.ini:2): there is no such option as "__proto__"'],
  ['a section too deep', `\n[${'a.'.repeat(3000)}b]\nx = 1\n`, 'x.ini:2): sections are nested more than 100 deep'],
  ['a section of that name', '[a.__proto__]\nb = 1\n', 'x.ini:1): there is no such option as "__proto__"'],
];

describe('what INI would lose in silence is an error', () => {
  for (const [name, text, message] of ERRORS) {
    it(name, async () => {
      await assert.rejects(parseIni('x.ini', text), (error: StompctlError) => {
        assert.equal(error.message, `configuration(${message}`);
        return true;
      });
    });
  }
});

describe('a configuration in INI', () => {
  it('sections are blocks', async (t) => {
    const settings = await settingsOf(t, {
      name: 'x.ini',
      file: [
        'subscribe[] = destination=/queue/a',
        'subscribe[] = destination=/queue/b',
        '[incoming.broker]',
        'uri = stomp://h',
        '[incoming.broker.auth]',
        'scheme = plain',
        'name = x',
        'pass-env = PASSWORD',
        '[outgoing-queue]',
        'path = /out',
      ].join('\n'),
    });
    assert.ok(settings.source.kind === 'broker');
    assert.equal(settings.source.subscriptions.length, 2);
    assert.deepEqual({ ...settings.source.broker.auth[0]?.fields }, { name: 'x', 'pass-env': 'PASSWORD' });
  });

  it('errors have lines', async (t) => {
    const { texts } = await examineCase(t, {
      name: 'x.ini',
      file: '\n[outgoing.queue]\npath = /out\npth = /x\n[timeout]\nconnect = x\n',
    });
    assert.deepEqual(
      texts,
      [
        'x.ini:6: timeout-connect: must be a number of seconds, or a time such as 250ms, 5m or 1h, not "x"',
        'x.ini:4: outgoing-queue: there is no "pth" here: did you mean "path"?',
      ].sort(),
    );
  });
});
