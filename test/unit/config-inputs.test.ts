import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeRun } from '../../src/config/describe/describe-run.js';
import { effectiveConfiguration } from '../../src/config/describe/effective-configuration.js';
import { migratedYaml } from '../../src/config/describe/migrated-yaml.js';
import { reloadPlan } from '../../src/config/reload-plan.js';
import type { InputSettings, Settings } from '../../src/config/settings.js';
import { examineCase, settingsOf } from '../support/config-case.js';

const TO = 'outgoing-queue = path=/q/out\n';
const APACHE = `${TO}<incoming-queue orders>
  path = /q/orders
  <queue-headers>
    from = orders
  </queue-headers>
</incoming-queue>
<incoming-broker site>
  uri = stomp://h:1
  <auth>
    scheme = plain
    name = a
    pass-env = B
  </auth>
  <subscribe>
    destination = /queue/a
  </subscribe>
  <subscribe>
    destination = /queue/b
  </subscribe>
  unsubscribe = ""
  prefetch = 7
</incoming-broker>
<incoming-folder drop>
  path = /q/drop
  <folder-headers>
    file = "%{file}"
  </folder-headers>
</incoming-folder>
<incoming-queue last>
  path = /q/last
  type = DQN
</incoming-queue>
`;

/** What counts of an input: its kind, its place, and what belongs to it alone. */
function one(source: InputSettings): string {
  switch (source.kind) {
    case 'queue':
      return `${source.queue.path}${Object.keys(source.queue.headers ?? {}).join()}`;
    case 'folder':
      return `${source.folder.path}${Object.keys(source.folder.headers).join()}`;
    case 'broker': {
      const subscribed = source.subscriptions.map(
        ({ header, unsubscribe }) => header.destination + (unsubscribe ? '!' : ''),
      );
      return [source.broker.uri, ...subscribed, source.prefetch].filter((part) => part !== undefined).join(' ');
    }
    default:
      return source.kind;
  }
}

function shown({ source }: Settings): unknown {
  if (source.kind !== 'merged') return one(source);
  return source.inputs.map((input) => `${input.name}: ${one(input.source)}`);
}

const OF_APACHE = [
  'orders: /q/ordersfrom',
  'site: stomp://h:1 /queue/a! /queue/b 7',
  'drop: /q/dropfile',
  'last: /q/last',
];

describe('several inputs', () => {
  it('are blocks with names in an Apache-style file, in the order of the file', async (t) => {
    const settings = await settingsOf(t, { file: APACHE });
    assert.deepEqual(shown(settings), OF_APACHE);
    assert.match(
      describeRun(settings),
      /^It merges these inputs: orders reads messages from the queue \/q\/orders, once; site receives.*, once, and stores/,
    );
  });

  const SAME: readonly [name: string, file: string, expected: unknown][] = [
    [
      'blocks by name in YAML',
      'incoming-queue: {a: {path: /q/a, queue-headers: {h: x}}, b: {path: /q/b}}\n' +
        'incoming: {broker: {c: {uri: "stomp://h:1", subscribe: {destination: /queue/c}, prefetch: 3}}}',
      ['a: /q/ah', 'b: /q/b', 'c: stomp://h:1 /queue/c 3'],
    ],
    [
      'lists with names in YAML',
      'incoming-broker:\n- {name: c, uri: "stomp://h:1", subscribe: [{destination: /queue/c}, {destination: /queue/e}]}\n' +
        '- {name: d, uri: "amqp://h", subscribe: "destination=/queue/d"}\nincoming-queue:\n- {name: a, path: /q/a}',
      ['c: stomp://h:1 /queue/c /queue/e', 'd: amqp://h /queue/d', 'a: /q/a'],
    ],
    [
      'a list of different kinds in YAML, whose order stays',
      'incoming:\n- queue: {name: a, path: /q/a}\n- folder: {b: {path: /q/b}}\n- command: {name: c, command: /bin/cat, ack: stdin}',
      ['a: /q/a', 'b: /q/b', 'c: command'],
    ],
    [
      'one without a name, which has what stands outside the blocks and is called by its kind',
      'incoming-broker: {uri: "stomp://h:1"}\nsubscribe: {destination: /queue/x}\nincoming-queue: {a: {path: /q/a}}',
      ['broker: stomp://h:1 /queue/x', 'a: /q/a'],
    ],
    [
      'one without a name that has its subscription inside',
      'incoming-broker: {uri: "stomp://h:1", subscribe: {destination: /queue/x}}\nincoming-queue: {a: {path: /q/a}}',
      ['broker: stomp://h:1 /queue/x', 'a: /q/a'],
    ],
    [
      'a single one with a name, which is as one without',
      'incoming-queue: {a: {path: /q/a}}\nqueue-headers: {h: x}',
      '/q/ah',
    ],
    [
      'a single broker with its subscription inside',
      'incoming-broker: {uri: "stomp://h:1", subscribe: {destination: /queue/x}}',
      'stomp://h:1 /queue/x',
    ],
    ['variables of the environment', `incoming-queue: {a: {path: "\${X}"}, b: {path: /q/b}}`, ['a: /q/x', 'b: /q/b']],
    ['a queue that keeps nothing', 'incoming-queue: {a: {type: "NULL"}, b: {type: "NULL"}}', ['a: ', 'b: ']],
  ];
  for (const [name, file, expected] of SAME) {
    it(`may be ${name}`, async (t) => {
      const given = { name: 'x.yaml', file: `outgoing-queue: {path: /q/out}\n${file}\n`, env: { X: '/q/x' } };
      assert.deepEqual(shown(await settingsOf(t, given)), expected);
    });
  }

  it('are sections with a dot in an INI file', async (t) => {
    const file =
      '[outgoing-queue]\npath = /q/out\n[incoming-queue.a]\npath = /q/a\n[incoming-broker.b]\nuri = stomp://h:1\nsubscribe = destination=/queue/b\n';
    assert.deepEqual(shown(await settingsOf(t, { name: 'x.ini', file })), ['a: /q/a', 'b: stomp://h:1 /queue/b']);
  });

  it('loop, and remove what they can, when one of them is a queue', async (t) => {
    const { loop, remove } = await settingsOf(t, { file: `${APACHE}loop = 1\nremove = 1\n` });
    assert.deepEqual([loop, remove], [true, true]);
  });

  it('are told of with their names, secrets masked', async (t) => {
    const { values, settings } = await examineCase(t, { file: APACHE.replace('pass-env = B', 'pass = secret') });
    const options = effectiveConfiguration(values, settings);
    const names = options.map(({ name }) => name).filter((name) => name.endsWith(')'));
    assert.deepEqual(
      names.filter((name) => name.endsWith('(site)')),
      [
        'subscribe (site)',
        'unsubscribe (site)',
        'prefetch (site)',
        'incoming-broker-uri (site)',
        'incoming-broker-auth (site)',
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

const Q = (name: string, path = `/q/${name}`) => `<incoming-queue ${name}>\npath = ${path}\n</incoming-queue>\n`;
const BROKER =
  '<incoming-broker b>\nuri = stomp://h:1\n<subscribe>\ndestination = /queue/b\n</subscribe>\n</incoming-broker>\n';
const BAD: readonly [name: string, file: string, problem: RegExp][] = [
  ['a name that is a path', `${Q('../../etc', '/q/a')}${Q('b')}`, /name of an input has.*not "\.\.\/\.\.\/etc"/],
  ['a name that is too long, of a single one', Q('x'.repeat(65), '/q/a'), /1 to 64 letters/],
  ['a name twice', `${Q('a', '/q/x')}${Q('a', '/q/y')}`, /there is an input "a" already, at x.conf:2/],
  ['the same path twice', `${Q('a', '/q/x')}${Q('b', '/q/../q/x')}`, /"b" is the same folder as input "a"/],
  [
    'the same path twice, of a queue and a folder',
    `${Q('a', '/q/x')}<incoming-folder b>\npath = /q/x\n</incoming-folder>\n`,
    /input "b" is the same folder as input "a"/,
  ],
  ['the path of the output', `${Q('a', '/q/out')}${Q('b')}`, /outgoing-queue is the same folder as incoming-queue/],
  [
    'the path of the failure queue',
    `failure-queue = path=/q/a\n${Q('a')}${Q('b')}`,
    /failure-queue is the same folder/,
  ],
  [
    'files moved into another input',
    `${Q('a')}<incoming-folder b>\npath = /q/b\nafter = move\nmove-to = /q/a\n</incoming-folder>\n`,
    /"move-to" of input "b" is the folder of input "a"/,
  ],
  ['two without a name', 'incoming-queue = path=/q/a\nincoming-folder = path=/q/b\n', /give each input a name/],
  [
    'a subscription outside the blocks',
    `subscribe = destination=/q\n${Q('a')}${BROKER}`,
    /x.conf:2: subscribe: there are several inputs: put it into the block/,
  ],
  ['headers outside the blocks', `queue-headers = a=b\n${Q('a')}${BROKER}`, /queue-headers: there are several inputs/],
  ['prefetch outside the blocks', `prefetch = 5\n${Q('a')}${BROKER}`, /prefetch: there are several inputs/],
  [
    'a broker without a subscription',
    `${Q('a')}<incoming-broker b>\nuri = stomp://h:1\n</incoming-broker>\n`,
    /x.conf:6: an incoming broker needs a subscription/,
  ],
  [
    'a subscription in a queue',
    `${Q('a')}<incoming-queue b>\npath = /q/b\nsubscribe = destination=/q\n</incoming-queue>\n`,
    /there is no "subscribe" here/,
  ],
  ['a misspelt key', `${Q('a')}<incoming-queue b>\npth = /q/b\n</incoming-queue>\n`, /there is no "pth" here/],
  [
    'remove without a queue',
    `remove = 1\n${BROKER}<incoming-folder f>\npath = /q/f\n</incoming-folder>\n`,
    /remove needs an incoming queue/,
  ],
  ['datagrams', `${Q('a')}${BROKER.replace('stomp', 'udp')}`, /nothing can be received over UDP/],
  ['more than 32', Array.from({ length: 33 }, (_, at) => Q(`q${at}`)).join(''), /more than 32 inputs/],
];

describe('what is wrong with several inputs', () => {
  for (const [name, file, problem] of BAD) {
    it(name, async (t) => {
      const { texts, settings } = await examineCase(t, { file: `${TO}${file}` });
      assert.equal(settings, undefined);
      assert.match(texts.join('\n'), problem);
    });
  }

  it('replies, whose broker could not be told', async (t) => {
    const file = `${Q('a')}${BROKER}<outgoing-command>\ncommand = /bin/cat\noutput = reply\n</outgoing-command>\n`;
    assert.match((await examineCase(t, { file })).texts.join('\n'), /needs an incoming broker as the one input/);
  });

  for (const [option, value] of [
    ['incoming-queue', 'path=/q/b'],
    ['incoming-broker-auth', 'plain name=a pass=b'],
  ]) {
    it(`${option} of the command line beside inputs with names`, async (t) => {
      const given = { file: `${TO}${Q('a')}`, args: [`${option}=${value}`] };
      const { texts } = await examineCase(t, given);
      assert.match(texts.join('\n'), new RegExp(`command line: ${option} cannot be added to inputs that have names`));
    });
  }

  it('is told once, though each input is looked at', async (t) => {
    const { texts } = await examineCase(t, { file: `${Q('a')}${Q('b')}` });
    assert.equal(texts.filter((text) => text.includes('nothing says where messages go')).length, 1);
  });
});

describe('a reload of several inputs', () => {
  const AB = `${Q('a')}${BROKER}`;
  const CHANGES: readonly [name: string, file: string, applied: readonly string[]][] = [
    ['nothing', AB, []],
    ['an input more', `${AB}${Q('c')}`, ['incoming-queue c']],
    ['another path', `${Q('a', '/q/x')}${BROKER}`, ['incoming-queue a']],
    ['another subscription', AB.replace('/queue/b', '/queue/c'), ['incoming-broker b']],
    ['what both share', `loop = 1\n${AB}`, ['loop']],
  ];
  for (const [name, file, applied] of CHANGES) {
    it(`finds ${name}`, async (t) => {
      const configuration = async (text: string) => {
        const { values, settings } = await examineCase(t, { file: `${TO}${text}` });
        assert.ok(settings);
        return { values, settings };
      };
      const before = await configuration(AB);
      const plan = reloadPlan(before, before, await configuration(file));
      assert.deepEqual([plan.applied, plan.source, plan.sink], [applied, applied.length > 0, false]);
    });
  }
});
