// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files under test hold such texts
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { examineCase } from '../support/config-case.js';

const ENV = { NAME: 'value', EMPTY: '', NESTED: '${NAME}', lower: 'x', A_1: 'a1' };

/** What a value of a YAML file becomes. */
const EXPANSIONS: readonly [written: string, expanded: string][] = [
  ['/x/${NAME}/y', '/x/value/y'],
  ['${NAME}${A_1}', 'valuea1'],
  ['${MISSING:-default}', 'default'],
  ['${MISSING:-}x', 'x'],
  ['${EMPTY:-default}', 'default'],
  ['[${EMPTY}]', '[]'],
  ['${NAME:-default}', 'value'],
  ['${NESTED}', '${NAME}'],
  ['$${NAME}', '${NAME}'],
  ['$$${NAME}', '$${NAME}'],
  ['${lower}', '${lower}'],
  ['$NAME', '$NAME'],
  ['${}', '${}'],
  ['${NAME', '${NAME'],
  ['100%', '100%'],
];

describe('the environment in YAML and INI', () => {
  for (const [written, expanded] of EXPANSIONS) {
    it(`${written} is ${expanded}`, async (t) => {
      const yaml = await examineCase(t, { name: 'x.yaml', file: `pidfile: '${written}'\n`, env: ENV });
      assert.equal(yaml.values.text('pidfile'), expanded);
      const ini = await examineCase(t, { name: 'x.ini', file: `pidfile = ${written}\n`, env: ENV });
      assert.equal(ini.values.text('pidfile'), expanded);
    });
  }

  it('a missing variable is a problem with its line', async (t) => {
    const { texts } = await examineCase(t, { name: 'x.yaml', file: 'a: 1\npidfile: /x/${MISSING}\n', env: ENV });
    const text = 'x.yaml:2: ${MISSING}: the environment has no variable MISSING: set it, or write ${MISSING:-default}';
    assert.ok(texts.includes(text), texts.join('\n'));
  });

  it('no matter how an option is written, every value of it is expanded', async (t) => {
    const file = 'incoming-queue: {path: "/${NAME}"}\nsubscribe: [{destination: "${NAME}"}, "destination=${NAME}"]\n';
    const { values } = await examineCase(t, { name: 'x.yaml', file, env: ENV });
    assert.equal(values.table('incoming-queue')?.path, '/value');
    assert.deepEqual(
      values.tables('subscribe').map((table) => table.destination),
      ['value', 'value'],
    );
  });

  it('callback code, and what the command line gives, is left alone', async (t) => {
    const file = 'callback-code: "x ${NAME} ${MISSING}"\npidfile: ${MISSING}\n';
    const { values, texts } = await examineCase(t, { name: 'x.yaml', file, args: ['pidfile=${NAME}'], env: ENV });
    assert.equal(values.text('callback-code'), 'x ${NAME} ${MISSING}');
    assert.equal(values.text('pidfile'), '${NAME}');
    assert.ok(!texts.some((text) => text.includes('MISSING')));
  });

  it('a variable whose name JavaScript treats apart is missing', async (t) => {
    const { texts } = await examineCase(t, { name: 'x.yaml', file: 'pidfile: "${__PROTO__}"\n', env: {} });
    assert.match(texts.join('\n'), /has no variable __PROTO__/);
  });

  it('Apache-style files expand nothing by themselves', async (t) => {
    const { values } = await examineCase(t, { file: 'pidfile = ${NAME}\n', env: ENV });
    assert.equal(values.text('pidfile'), '${NAME}');
  });

  it('Apache-style files expand when config-general asks, in the file or on the command line', async (t) => {
    const own = await examineCase(t, { file: 'config-general = -InterPolateEnv\npidfile = ${NAME}\n', env: ENV });
    assert.equal(own.values.text('pidfile'), 'value');
    const asked = await examineCase(t, {
      file: 'pidfile = $NAME\n',
      args: ['config-general=-InterPolateEnv'],
      env: ENV,
    });
    assert.equal(asked.values.text('pidfile'), 'value');
  });
});

describe('config-general', () => {
  const REFUSED: readonly [value: string, typed: string, filed: string, message: RegExp][] = [
    [
      '-IncludeGlob',
      'CONFIG_UNSUPPORTED',
      'CONFIG_UNSUPPORTED',
      /config-general: "-IncludeGlob" is not supported \(there are -AutoTrue, /,
    ],
    ['-AutoTru', 'CONFIG_UNSUPPORTED', 'CONFIG_UNSUPPORTED', /"-AutoTru" is not supported: did you mean "-AutoTrue"\?/],
    ['-AutoTrue=maybe', 'USAGE', 'CONFIG_INVALID', /"-AutoTrue" must be 1 or 0, not "maybe"/],
  ];
  for (const [value, typed, filed, message] of REFUSED) {
    it(`${value} is refused`, async (t) => {
      await assert.rejects(examineCase(t, { file: 'a\n', args: [`config-general=${value}`] }), {
        code: typed,
        message,
      });
      await assert.rejects(examineCase(t, { file: `config-general = ${value}\n` }), { code: filed, message });
    });
  }

  it('options can be switched off again', async (t) => {
    const { values } = await examineCase(t, {
      file: 'Pidfile = x\n',
      args: ['config-general=LowerCaseNames -AutoTrue=0'],
    });
    assert.equal(values.text('pidfile'), 'x');
  });
});
