import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { examineCase } from '../support/config-case.js';

const FROM_QUEUE = 'incoming-queue = path=/in\n';
const TO_QUEUE = 'outgoing-queue = path=/out\n';
const FROM_BROKER = 'incoming-broker-uri = stomp://h\nsubscribe = destination=/queue/a\n';
const TO_BROKER = 'outgoing-broker-uri = stomp://h\n';

/** The lines after the sound beginning, and the one problem that they make. */
const BROKEN: readonly [rule: string, file: string, problem: string][] = [
  [
    'there is a source',
    TO_QUEUE,
    'x.conf: nothing says where messages come from: set incoming-queue, incoming-broker-uri, incoming-folder or incoming-command',
  ],
  [
    'there is a sink',
    FROM_QUEUE,
    'x.conf: nothing says where messages go: set outgoing-queue, outgoing-broker-uri, outgoing-folder or outgoing-command',
  ],
  [
    'there is one source',
    `${FROM_QUEUE}${FROM_BROKER}${TO_QUEUE}`,
    'x.conf:2: incoming-queue and incoming-broker-uri exclude each other: keep one of them, or give each input a name (docs/inputs.md)',
  ],
  [
    'there is one sink',
    `${FROM_QUEUE}${TO_QUEUE}${TO_BROKER}`,
    'x.conf:3: outgoing-queue and outgoing-broker-uri exclude each other: keep one of them, or give each output a name (docs/outputs.md)',
  ],
  [
    'a broker needs its URI',
    `${FROM_QUEUE}outgoing-broker-type = RabbitMQ\n`,
    'x.conf:2: outgoing-broker-type needs outgoing-broker-uri',
  ],
  [
    'a URI is valid',
    `${FROM_QUEUE}outgoing-broker-uri = stomp://h:0\n`,
    'x.conf:2: outgoing-broker-uri: broker uri(stomp://h:0): the port must be a number from 1 to 65535, not "0"',
  ],
  ['loop needs an incoming queue', `${FROM_BROKER}${TO_QUEUE}loop = true\n`, 'x.conf:4: loop needs an incoming queue'],
  [
    'remove needs an incoming queue',
    `${FROM_BROKER}${TO_QUEUE}remove = 1\n`,
    'x.conf:4: remove needs an incoming queue',
  ],
  [
    'prefetch needs an incoming broker',
    `${FROM_QUEUE}${TO_QUEUE}prefetch = 5\n`,
    'x.conf:3: prefetch needs an incoming broker',
  ],
  [
    'subscribe needs an incoming broker',
    `${FROM_QUEUE}${TO_QUEUE}subscribe = destination=/queue/a\n`,
    'x.conf:3: subscribe needs an incoming broker',
  ],
  [
    'unsubscribe needs an incoming broker',
    `${FROM_QUEUE}${TO_QUEUE}<unsubscribe>\n</unsubscribe>\n`,
    'x.conf:3: unsubscribe needs an incoming broker',
  ],
  [
    'an incoming broker needs a subscription',
    `incoming-broker-uri = stomp://h\n${TO_QUEUE}`,
    'x.conf:1: an incoming broker needs a subscription: set subscribe, as in "destination=/queue/name"',
  ],
  [
    'a subscription needs a destination',
    `incoming-broker-uri = stomp://h\n${TO_QUEUE}subscribe = id=1\n`,
    'x.conf:3: subscribe: needs a "destination"',
  ],
  [
    'subscriptions have ids of their own',
    `${FROM_BROKER.trim()} id=7\n${TO_QUEUE}subscribe = destination=/queue/b id=7\n`,
    'x.conf:4: subscribe: two subscriptions have the id "7"',
  ],
  [
    'unsubscribe matches subscribe',
    `${FROM_BROKER}${TO_QUEUE}unsubscribe = a=1\nunsubscribe = a=2\n`,
    'x.conf:4: unsubscribe is given 2 times, subscribe only 1: they match by position',
  ],
  [
    'callback-code excludes callback-path',
    `${FROM_QUEUE}${TO_QUEUE}callback-code = 1\ncallback-path = /x\n`,
    'x.conf:4: callback-code and callback-path exclude each other: keep one of them',
  ],
  [
    'daemon excludes statistics',
    `${FROM_QUEUE}${TO_QUEUE}daemon = true\nstatistics = true\n`,
    'x.conf:4: daemon and statistics exclude each other: a daemon has nowhere to print',
  ],
  [
    'one credential a scheme',
    `${FROM_QUEUE}${TO_BROKER}outgoing-broker-auth = plain name=a pass=b\noutgoing-broker-auth = plain name=c pass=d\n`,
    'x.conf:3: outgoing-broker-auth: has two credentials of scheme plain: keep one of them',
  ],
  [
    'CONNECT headers are one line',
    `${FROM_QUEUE}${TO_BROKER}outgoing-broker-connect = host=a%0Ab\n`,
    'x.conf:3: outgoing-broker-connect: a line end or NUL cannot be sent in CONNECT',
  ],
  [
    'STOMP versions are versions',
    `${FROM_QUEUE}${TO_BROKER}outgoing-broker-connect = version=1.3\n`,
    'x.conf:3: outgoing-broker-connect: the version must be among 1.0, 1.1, 1.2, as in "version=1.1,1.2"',
  ],
  [
    'source and sink differ',
    `${FROM_QUEUE}outgoing-queue = path=/x/../in\n`,
    'x.conf:2: outgoing-queue is the same folder as incoming-queue',
  ],
  [
    'the failure queue is a third one',
    `${FROM_QUEUE}${TO_QUEUE}failure-queue = path=/out/\n`,
    'x.conf:3: failure-queue is the same folder as outgoing-queue',
  ],
  [
    'the tap queue is another one',
    `${FROM_QUEUE}${TO_QUEUE}tap-queue = path=/in\n`,
    'x.conf:3: tap-queue is the same folder as incoming-queue',
  ],
  [
    'compression is for one file a message',
    `${FROM_QUEUE}outgoing-queue = path=/out type=DQN compression=zlib\n`,
    'x.conf:2: outgoing-queue: compression needs type=DQS',
  ],
  [
    'delays are in order',
    `${FROM_QUEUE}${TO_QUEUE}reconnect-max-delay = 0.5\n`,
    'x.conf:3: reconnect-delay is larger than reconnect-max-delay',
  ],
];

describe('a rule across options, broken, is one problem with its place', () => {
  for (const [rule, file, problem] of BROKEN) {
    it(rule, async (t) => {
      const { texts, settings } = await examineCase(t, { file });
      assert.deepEqual(texts, [problem]);
      assert.equal(settings, undefined);
    });
  }
});

const KEPT: Readonly<Record<string, string>> = {
  'queue to queue': `${FROM_QUEUE}${TO_QUEUE}`,
  'queue to broker': `${FROM_QUEUE}${TO_BROKER}`,
  'broker to queue': `${FROM_BROKER}${TO_QUEUE}`,
  'broker to broker': `${FROM_BROKER}${TO_BROKER}`,
  'loop and remove said to be off with a broker': `${FROM_BROKER}${TO_QUEUE}loop = false\nremove = 0\n`,
  'prefetch 0 with a queue': `${FROM_QUEUE}${TO_QUEUE}prefetch = 0\n`,
  'fewer unsubscribes than subscriptions': `${FROM_BROKER}subscribe = destination=/queue/b\n${TO_QUEUE}<unsubscribe/>\n`,
  'two queues of type NULL': 'incoming-queue = path=/x type=NULL\noutgoing-queue = path=/x type=NULL\n',
  'a daemon without statistics': `${FROM_QUEUE}${TO_QUEUE}daemon = true\nstatistics = false\n`,
};

describe('what keeps the rules is valid', () => {
  for (const [name, file] of Object.entries(KEPT)) {
    it(name, async (t) => assert.deepEqual((await examineCase(t, { file })).texts, []));
  }
});

describe('what is allowed but deserves a thought is a warning', () => {
  const WARNED: readonly [name: string, file: string, warning: RegExp][] = [
    ['loop without remove', `${FROM_QUEUE}${TO_QUEUE}loop = true\n`, /^loop without remove: every message/],
    ['a receiver without a failure queue', `${FROM_BROKER}${TO_QUEUE}`, /^no failure-queue: .* stops at 100 of them$/],
    [
      'data without a callback',
      `${FROM_QUEUE}${TO_QUEUE}callback-data = a=1\n`,
      /x.conf:3: callback-data is of no use/,
    ],
  ];
  for (const [name, file, warning] of WARNED) {
    it(name, async (t) => {
      const { texts, warnings } = await examineCase(t, { file });
      assert.deepEqual(texts, []);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? '', warning);
    });
  }
});
