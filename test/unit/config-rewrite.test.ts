import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Rules } from '../../src/callback/rules/rules.js';
import { effectiveConfiguration } from '../../src/config/describe/effective-configuration.js';
import { textMessage } from '../support/callback-bench.js';
import { examineCase, settingsOf } from '../support/config-case.js';
import { runMain } from '../support/run-main.js';

const APACHE = `incoming-queue = path=/in
outgoing-queue = path=/out
<rewrite>
  <when>
    <header>
      app = test
    </header>
    larger = 1KiB
  </when>
  drop = from {app}
</rewrite>
<rewrite>
  remove = a b
  remove = c
  <rename>
    old = new
  </rename>
  <default>
    persistent = true
  </default>
  <set>
    x-seen = yes
  </set>
  <replace>
    <destination>
      pattern = ^/queue/(.*)\\$
      with = /topic/\\$1
    </destination>
  </replace>
  stop = 1
</rewrite>
`;
const YAML = `incoming-queue: path=/in
outgoing-queue: path=/out
rewrite:
  - when: { header: { app: test }, larger: 1KiB }
    drop: from {app}
  - remove: [a b, c]
    rename: { old: new }
    default: { persistent: true }
    set: { x-seen: "yes" }
    replace:
      destination: { pattern: "^/queue/(.*)$", with: /topic/$1 }
    stop: true
`;
const INI = `incoming-queue = path=/in
outgoing-queue = path=/out
[rewrite]
remove = a b
[rewrite.set]
x-seen = yes
`;

function applied(rules: unknown, header: Record<string, string>, body = ''): unknown {
  const outcome = Rules.open(rules).apply(textMessage(header, body));
  return outcome.kind === 'pass' ? { ...outcome.message.header } : outcome.kind === 'drop' ? outcome.reason : outcome;
}

describe('the option rewrite', () => {
  for (const [name, file] of [
    ['x.conf', APACHE],
    ['x.yaml', YAML],
  ] as const) {
    it(`is read from ${name}`, async (test) => {
      const { rewrite } = await settingsOf(test, { name, file });
      assert.equal(rewrite?.timeoutMs, 1000);
      assert.equal(applied(rewrite?.rules, { app: 'test' }, 'x'.repeat(1025)), 'from test');
      const header = { a: '1', c: '2', old: '3', destination: '/queue/q', app: 'test' };
      assert.deepEqual(applied(rewrite?.rules, header), {
        new: '3',
        destination: '/topic/q',
        app: 'test',
        persistent: 'true',
        'x-seen': 'yes',
      });
    });
  }

  it('is read from an INI file, as one rule', async (test) => {
    const { rewrite } = await settingsOf(test, { name: 'x.ini', file: INI });
    assert.deepEqual(applied(rewrite?.rules, { a: '1' }), { 'x-seen': 'yes' });
  });

  it('tells what is wrong in each rule, with its line', async (test) => {
    const file = `incoming-queue: path=/in
outgoing-queue: path=/out
rewrite:
  - when:
      match:
        n: "["
    drop: x
  - set: { a: b }
    drops: c
  - set:
      a: [b, c]
  - {}
  - just a text
  - replace: { a: { pattern: b } }
`;
    const { texts, settings } = await examineCase(test, { name: 'x.yaml', file });
    assert.equal(settings, undefined);
    assert.deepEqual(
      texts.map((text) => text.replace(/(pattern): Invalid.*/, '$1')),
      [
        'x.yaml:6: rewrite[0].when.match.n: is not a pattern',
        'x.yaml:9: rewrite[1].drops: unknown key; known are when, drop, remove, rename, default, set, replace, to, stop',
        'x.yaml:11: rewrite[2].set.a: must be a text',
        'x.yaml:12: rewrite[3]: the rule does nothing: give drop, remove, rename, default, set, replace, to or stop',
        'x.yaml:13: rewrite[4]: must be a block of when, drop, remove, rename, default, set, replace, to, stop',
        'x.yaml:14: rewrite[5].replace.a.with: must be a text',
      ],
    );
  });

  it('tells the line in an Apache-style file', async (test) => {
    const { texts } = await examineCase(test, { file: APACHE.replace('larger = 1KiB', 'larger = much') });
    assert.match(texts.join('\n'), /^x\.conf:8: rewrite\[0\]\.when\.larger: must be a number of bytes/);
  });

  it('takes variables of the environment in YAML', async (test) => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the program expands it
    const file = 'incoming-queue: path=/in\noutgoing-queue: path=/out\nrewrite: { set: { host: "${HOST}" } }\n';
    const { rewrite } = await settingsOf(test, { name: 'x.yaml', file, env: { HOST: 'h1' } });
    assert.deepEqual(applied(rewrite?.rules, {}), { host: 'h1' });
  });

  it('is shown by the number of its rules, with the time-out of their patterns', async (test) => {
    const { values, settings } = await examineCase(test, { name: 'x.yaml', file: YAML });
    const shown = new Map(effectiveConfiguration(values, settings).map(({ name, value }) => [name, value]));
    assert.deepEqual([shown.get('rewrite'), shown.get('callback-timeout')], ['2 rules', '1']);
    assert.equal(shown.has('callback-memory'), false);
  });

  it('is refused on the command line, and not completed there', async () => {
    const { code, err } = await runMain(['run', '--rewrite', 'x']);
    assert.equal(code, 64);
    assert.match(err, /--rewrite\): can only be given in a configuration file/);
    for (const shell of ['bash', 'zsh', 'fish'])
      assert.doesNotMatch((await runMain(['completion', shell])).out, /(--|-l )rewrite/);
    assert.doesNotMatch((await runMain(['--list'])).out, /--rewrite/);
  });
});
