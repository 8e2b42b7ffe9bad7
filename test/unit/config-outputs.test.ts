import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { effectiveConfiguration } from '../../src/config/describe/effective-configuration.js';
import { migratedYaml } from '../../src/config/describe/migrated-yaml.js';
import { reloadPlan } from '../../src/config/reload-plan.js';
import type { Settings } from '../../src/config/settings.js';
import { examineCase, settingsOf } from '../support/config-case.js';

const FROM = 'incoming-queue = path=/q/in\n';
const APACHE = `${FROM}deliver = route
<outgoing-queue audit>
  path = /q/audit
</outgoing-queue>
<outgoing-broker main>
  uri = stomp://h:1
  <auth>
    scheme = plain
    name = a
    pass-env = B
  </auth>
</outgoing-broker>
<outgoing-queue last>
  path = /q/last
  type = DQN
</outgoing-queue>
<outgoing-folder files>
  path = /q/files
  name = "%{id}"
</outgoing-folder>
`;

/** What counts of the outputs: names, kinds and places. */
function shown({ sink }: Settings): unknown {
  if (sink.kind !== 'several') return sink.kind;
  const outputs = sink.outputs.map(({ name, sink: one }) => {
    if (one.kind === 'queue') return `${name}: ${one.queue.path}`;
    if (one.kind === 'folder') return `${name}: ${one.folder.path}`;
    return one.kind === 'broker' ? `${name}: ${one.broker.uri}` : `${name}: ${one.kind}`;
  });
  return [sink.deliver, ...outputs];
}

const OF_APACHE = ['route', 'audit: /q/audit', 'main: stomp://h:1', 'last: /q/last', 'files: /q/files'];

describe('several outputs', () => {
  it('are blocks with names in an Apache-style file, in the order of the file', async (t) => {
    const settings = await settingsOf(t, { file: APACHE });
    assert.deepEqual(shown(settings), OF_APACHE);
    const { sink } = settings;
    assert.ok(sink.kind === 'several');
    const main = sink.outputs[1]?.sink;
    assert.ok(main?.kind === 'broker');
    assert.deepEqual({ ...main.broker.auth[0]?.fields }, { name: 'a', 'pass-env': 'B' });
  });

  const SAME: readonly [name: string, file: string, expected: unknown][] = [
    [
      'blocks by name in YAML',
      'deliver: every\noutgoing-queue: {a: {path: /q/a}, b: {path: /q/b}}\noutgoing: {broker: {c: {uri: "stomp://h:1"}}}',
      ['every', 'a: /q/a', 'b: /q/b', 'c: stomp://h:1'],
    ],
    [
      'lists with names in YAML',
      'deliver: first\noutgoing-broker:\n- {name: c, uri: "stomp://h:1"}\n- {name: d, uri: "amqp://h"}\noutgoing-queue:\n- {name: a, path: /q/a}',
      ['first', 'c: stomp://h:1', 'd: amqp://h', 'a: /q/a'],
    ],
    [
      'a list of different kinds in YAML, whose order stays',
      'deliver: first\noutgoing:\n- queue: {name: a, path: /q/a}\n- broker: {b: {uri: "stomp://h:1"}}\n- queue: {c: {path: /q/c}}',
      ['first', 'a: /q/a', 'b: stomp://h:1', 'c: /q/c'],
    ],
    [
      'outputs without a name, which are called by their kind',
      'deliver: first\noutgoing-broker: {uri: "stomp://h:1"}\noutgoing-queue: {path: /q/a}',
      ['first', 'broker: stomp://h:1', 'queue: /q/a'],
    ],
    [
      'one with a name and one without',
      'deliver: first\noutgoing-queue: {path: /q/a, b: {path: /q/b}}',
      ['first', 'queue: /q/a', 'b: /q/b'],
    ],
    ['a single output with deliver', 'deliver: every\noutgoing-queue: {path: /q/a}', ['every', 'queue: /q/a']],
    ['a single output with a name', 'deliver: route\noutgoing-queue: {a: {path: /q/a}}', ['route', 'a: /q/a']],
    ['a folder whose files have names, which is no name of it', 'outgoing-folder: {path: /q/a, name: b}', 'folder'],
    ['a list of one, as ever', 'outgoing-queue: [{path: /q/a}]', 'queue'],
    ['variables of the environment', `deliver: every\noutgoing-queue: {a: {path: "\${X}"}}`, ['every', 'a: /q/x']],
  ];
  for (const [name, file, expected] of SAME) {
    it(`may be ${name}`, async (t) => {
      const given = { name: 'x.yaml', file: `incoming-queue: {path: /q/in}\n${file}\n`, env: { X: '/q/x' } };
      assert.deepEqual(shown(await settingsOf(t, given)), expected);
    });
  }

  it('are sections with a dot in an INI file', async (t) => {
    const file =
      'deliver = first\n[incoming-queue]\npath = /q/in\n[outgoing-queue.a]\npath = /q/a\n[outgoing-queue.b]\npath = /q/b\n';
    assert.deepEqual(shown(await settingsOf(t, { name: 'x.ini', file })), ['first', 'a: /q/a', 'b: /q/b']);
  });

  it('are told of with their names, secrets masked', async (t) => {
    const { values, settings } = await examineCase(t, { file: APACHE.replace('pass-env = B', 'pass = secret') });
    const options = effectiveConfiguration(values, settings).filter(({ name }) => name.startsWith('outgoing-'));
    assert.deepEqual(
      options.map(({ name }) => name),
      [
        'outgoing-queue (audit)',
        'outgoing-broker-uri (main)',
        'outgoing-broker-auth (main)',
        'outgoing-queue (last)',
        'outgoing-folder (files)',
      ],
    );
    assert.ok(!JSON.stringify(options).includes('secret'));
  });

  it('mean the same in the YAML that migrate makes', async (t) => {
    const { values } = await examineCase(t, { file: APACHE });
    const file = await migratedYaml(['x'], values.given, [], values);
    assert.deepEqual(shown(await settingsOf(t, { name: 'x.yaml', file })), OF_APACHE);
  });
});

const Q = (name: string, path = `/q/${name}`) => `<outgoing-queue ${name}>\npath = ${path}\n</outgoing-queue>\n`;
const BAD: readonly [name: string, file: string, problem: RegExp][] = [
  [
    'a name that is a path',
    `deliver = first\n${Q('../../etc', '/q/a')}${Q('b')}`,
    /letters, digits.*not "\.\.\/\.\.\/etc"/,
  ],
  ['a name that is too long', `deliver = first\n${Q('x'.repeat(65), '/q/a')}`, /1 to 64 letters/],
  ['a name of a million letters', `deliver = first\n${Q('x'.repeat(1e6), '/q/a')}`, /not "x{100}…"/],
  ['a name with blanks', `deliver = first\n${Q('a b', '/q/a')}`, /not "a b"/],
  [
    'the same path twice',
    `deliver = every\n${Q('a', '/q/x')}${Q('b', '/q/../q/x')}`,
    /"b" is the same folder as output "a"/,
  ],
  [
    'a path among the queues of another',
    `deliver = every\n${Q('a', '/q/x/%{header:y}')}${Q('b', '/q/x/z')}`,
    /"b" shares folders with output "a"/,
  ],
  ['the path of the incoming queue', `deliver = every\n${Q('a', '/q/in')}${Q('b')}`, /same folder as incoming-queue/],
  [
    'a name twice',
    `deliver = every\n${Q('a', '/q/x')}${Q('a', '/q/y')}`,
    /there is an output "a" already, at x.conf:3/,
  ],
  [
    'a name twice, of different kinds',
    `deliver = every\n${Q('a', '/q/x')}<outgoing-broker a>\nuri=stomp://h:1\n</outgoing-broker>\n`,
    /there is an output "a" already/,
  ],
  ['several without deliver', `${Q('a')}${Q('b')}`, /several outputs need deliver: first, every or route/],
  [
    'another deliver',
    `deliver = frist\n${Q('a')}`,
    /deliver: must be one of first, every, route, not "frist": did you mean "first"/,
  ],
  ['deliver without outputs', 'deliver = first\n', /nothing says where messages go/],
  ['a misspelt key', `deliver = first\n<outgoing-queue a>\npth = /q/a\n</outgoing-queue>\n`, /there is no "pth" here/],
  ['no path', 'deliver = first\n<outgoing-queue a>\ntype = DQN\n</outgoing-queue>\n', /"path" is missing/],
  [
    'a broker without URI',
    'deliver = first\n<outgoing-broker a>\ntype = RabbitMQ\n</outgoing-broker>\n',
    /needs outgoing-broker-uri/,
  ],
  [
    'datagrams',
    'deliver = every\n<outgoing-broker a>\nuri=udp://h:1\n</outgoing-broker>\n',
    /nothing is confirmed over UDP/,
  ],
  [
    'a reply without an incoming broker',
    'deliver = every\n<outgoing-command a>\ncommand = /bin/cat\noutput = reply\n</outgoing-command>\n',
    /output=reply needs an incoming broker/,
  ],
  [
    'more than 32',
    `deliver = every\n${Array.from({ length: 33 }, (_, at) => Q(`q${at}`)).join('')}`,
    /more than 32 outputs/,
  ],
  [
    'a rule for an output that there is not',
    `deliver = route\n${Q('audit')}<rewrite>\nto = adit\n</rewrite>\n`,
    /x.conf:7: rewrite\[0\].to: there is no output "adit", but audit: did you mean "audit"\?/,
  ],
  [
    'a rule for an output where nothing is routed',
    `deliver = every\n${Q('audit')}<rewrite>\nto = audit\n</rewrite>\n`,
    /needs outputs with names, and deliver = route/,
  ],
];

describe('what is wrong with several outputs', () => {
  for (const [name, file, problem] of BAD) {
    it(name, async (t) => {
      const { texts, settings } = await examineCase(t, { file: `${FROM}${file}` });
      assert.equal(settings, undefined);
      assert.match(texts.join('\n'), problem);
    });
  }

  it('an output of the command line beside outputs with names', async (t) => {
    const given = { file: `${FROM}deliver = first\n${Q('a')}`, args: ['outgoing-queue=path=/q/b'] };
    assert.match(
      (await examineCase(t, given)).texts.join('\n'),
      /command line: outgoing-queue cannot be added to outputs/,
    );
  });

  it('is told once, though each output is looked at', async (t) => {
    const { texts } = await examineCase(t, { file: `loop = 1\ndeliver = first\n${Q('a')}${Q('b')}` });
    assert.deepEqual(texts.filter((text) => text.includes('nothing says where messages come from')).length, 1);
  });
});

describe('the name of files in an outgoing folder', () => {
  const warned = async (t: Parameters<typeof examineCase>[0], folder: string) => {
    const file = `incoming-queue: {path: /q/in}\noutgoing:\n- folder: ${folder}\n`;
    const { texts, warnings } = await examineCase(t, { name: 'x.yaml', file });
    assert.deepEqual(texts, []);
    return warnings.join('\n');
  };

  it('that all would have is warned of, for it was meant to be that of the output', async (t) => {
    const text = await warned(t, '{name: audit, path: /q/a}');
    assert.match(text, /x\.yaml:3: outgoing-folder: .* all are called "audit".* as in \{audit: \{path: PATH\}\}/);
  });

  it('that is of the message, or not given, is right', async (t) => {
    assert.equal(await warned(t, '{name: "%{id}.json", path: /q/a}'), '');
    assert.equal(await warned(t, '{path: /q/a}'), '');
  });
});

describe('a reload of several outputs', () => {
  const LOGIN = '<outgoing-broker b>\nuri = stomp://h:1\nauth = plain name=a pass=b\n</outgoing-broker>\n';
  it('finds nothing where a broker among them has a login', async (t) => {
    const { values, settings } = await examineCase(t, { file: `${FROM}deliver = first\n${Q('a')}${LOGIN}` });
    assert.ok(settings);
    const same = { values, settings };
    assert.deepEqual(reloadPlan(same, same, same).applied, []);
  });

  const CHANGES: readonly [name: string, file: string, applied: readonly string[]][] = [
    ['nothing', `deliver = first\n${Q('a')}${Q('b')}`, []],
    ['an output more', `deliver = first\n${Q('a')}${Q('b')}${Q('c')}`, ['outgoing-queue c']],
    ['an output less', `deliver = first\n${Q('a')}`, ['outgoing-queue b']],
    ['another path', `deliver = first\n${Q('a')}${Q('b', '/q/x')}`, ['outgoing-queue b']],
    ['another order', `deliver = first\n${Q('b')}${Q('a')}`, ['outgoing-queue b', 'outgoing-queue a']],
    ['another way', `deliver = every\n${Q('a')}${Q('b')}`, ['deliver']],
  ];
  for (const [name, file, applied] of CHANGES) {
    it(`finds ${name}`, async (t) => {
      const configuration = async (text: string) => {
        const { values, settings } = await examineCase(t, { file: `${FROM}${text}` });
        assert.ok(settings);
        return { values, settings };
      };
      const before = await configuration(`deliver = first\n${Q('a')}${Q('b')}`);
      const plan = reloadPlan(before, before, await configuration(file));
      assert.deepEqual([plan.applied, plan.sink, plan.source], [applied, applied.length > 0, false]);
    });
  }
});
