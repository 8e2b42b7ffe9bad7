import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { StompctlError } from '../../src/base/errors.js';
import { type BrokerUri, parseBrokerUri } from '../../src/config/broker-uri.js';
import {
  brokerUris,
  checkBrokerUris,
  ignoredFailoverOptions,
  parseFailover,
  parseUriFile,
} from '../../src/config/broker-uris.js';
import { tempFolder } from '../support/temp-folder.js';

const PLAIN: BrokerUri = { transport: 'tcp', protocol: 'stomp', host: 'h', port: 61613, path: '', vhost: '/' };

const URIS: readonly [text: string, expected: Partial<BrokerUri>][] = [
  ['stomp://h', {}],
  ['STOMP://h', {}],
  ['tcp://h:6163', { port: 6163 }],
  ['stomp+ssl://h:61614', { transport: 'tls', port: 61614 }],
  ['ssl://h', { transport: 'tls' }],
  ['stomp+tls://h', { transport: 'tls' }],
  ['tls://h', { transport: 'tls' }],
  ['udp://h', { transport: 'udp' }],
  ['stomp://broker-1.example.com:1', { host: 'broker-1.example.com', port: 1 }],
  ['stomp://10.0.0.1:65535', { host: '10.0.0.1', port: 65_535 }],
  ['stomp://[::1]', { host: '::1' }],
  ['stomp://[fe80::1%eth0]:6163', { host: 'fe80::1%eth0', port: 6163 }],
  ['stomp://h/', {}],
  ['stomp://h/prod', { vhost: 'prod' }],
  ['stomp://h/%2Fprod', { vhost: '/prod' }],
  ['stomp://h//prod', { vhost: '/prod' }],
  ['stomp://h/a/b', { vhost: 'a/b' }],
  ['stomp://h/%C3%A4', { vhost: 'ä' }],
  ['ws://h', { transport: 'ws', port: 80, path: '/' }],
  ['ws://h:15674/ws?x=1', { transport: 'ws', port: 15_674, path: '/ws?x=1' }],
  ['amqp://h', { protocol: 'amqp', port: 5672 }],
  ['amqp://h/', { protocol: 'amqp', port: 5672 }],
  ['AMQP://h:1/prod', { protocol: 'amqp', port: 1, vhost: 'prod' }],
  ['amqp://h/%2Fprod', { protocol: 'amqp', port: 5672, vhost: '/prod' }],
  ['amqps://h', { protocol: 'amqp', transport: 'tls', port: 5671 }],
  ['wss://h/ws', { transport: 'wss', port: 443, path: '/ws' }],
];

describe('a broker URI', () => {
  for (const [text, expected] of URIS) {
    it(text, () => assert.deepEqual(parseBrokerUri(text), { ...PLAIN, ...expected }));
  }
});

const BAD: readonly [text: string, reason: RegExp][] = [
  ['h', /^must start with one of stomp, tcp, stomp\+ssl, .*, then ":\/\/HOST:PORT"$/],
  ['http://h', /^must start with one of/],
  ['constructor://h', /^must start with one of/],
  ['stomp:h:1', /^write stomp:\/\/HOST:PORT$/],
  ['stomp://', /^has no host: write it after "\/\/"$/],
  ['stomp://:1', /^has no host/],
  ['stomp://h:0', /^the port must be a number from 1 to 65535, not "0"$/],
  ['stomp://h:', /not ""$/],
  ['stomp://h:x', /from 1 to 65535$/],
  ['stomp://h:65536', /not "65536"$/],
  ['stomp://h:1e3', /from 1 to 65535$/],
  ['stomp://::1:61613', /^an IPv6 address must stand in brackets, as in stomp:\/\/\[::1\]:61613$/],
  ['stomp://[h]:1', /^what stands in the brackets is not an IPv6 address$/],
  ['stomp://a b', /^"a b" is not a host name or address$/],
  ['stomp://a\nb', /is not a host name or address$/],
  ['stomp://h/a?b', /^has a "\?", which means nothing here: write %3F/],
  ['stomp://h/a#b', /^has a "#", which means nothing here: write %23/],
  ['stomp://h/%zz', /^a "%" must be followed by two hexadecimal digits/],
  ['stomp://h/a%0Ab', /^the virtual host has a line end or NUL in it, which CONNECT cannot carry$/],
  ['ws://h/a b', /^the path has characters that must be %-escaped$/],
  ['stomp://guest:s3cret', /^the port must be a number from 1 to 65535$/],
  ['stomp://guest:s3cret@', /^name and password do not belong/],
  ['stomp://guest:s3cret/x@h', /^name and password do not belong/],
  ['stomp://guest:s/s3cret@h', /^name and password do not belong/],
  ['guest:s3cret@h', /^must start with one of/],
  ['stomp:guest:s3cret@h', /^write stomp:/],
  ['stomp:guest:s3cret', /^write stomp:/],
  ['stomp://[s3cret]', /^what stands in the brackets/],
  [
    'stomp://guest:s3cret@h',
    /^name and password do not belong in the URI: put them into the auth option of the broker$/,
  ],
];

describe('what is not a broker URI is refused, with what to do', () => {
  for (const [text, reason] of BAD) {
    it(JSON.stringify(text), () => {
      assert.throws(
        () => parseBrokerUri(text),
        (error: StompctlError) => {
          assert.equal(error.code, 'URI_INVALID');
          assert.match(error.message.replace(/^broker uri\(.*?\): /s, ''), reason);
          assert.doesNotMatch(error.message, /s3cret/);
          return true;
        },
      );
    });
  }
});

describe('several brokers', () => {
  const LISTS: readonly [text: string, uris: readonly string[], options: object][] = [
    ['failover:(stomp://a,stomp://b:1)', ['stomp://a', 'stomp://b:1'], {}],
    ['failover:stomp://a,stomp://b', ['stomp://a', 'stomp://b'], {}],
    ['failover:(stomp://a,stomp://b,)', ['stomp://a', 'stomp://b'], {}],
    ['failover:(stomp://a)?timeout=3000&startupMaxReconnectAttempts=2', ['stomp://a'], {}],
    ['failover:(stomp://a)?randomize=maybe&backOffMultiplier=0.5', ['stomp://a'], {}],
    ['failover://(stomp://a, stomp://b)', ['stomp://a', 'stomp://b'], {}],
    [
      'failover:(stomp://a)?randomize=false&maxReconnectAttempts=-1',
      ['stomp://a'],
      { randomize: false, maxReconnectAttempts: -1 },
    ],
    [
      'failover:(stomp://a)?initialReconnectDelay=10&maxReconnectDelay=30000&backOffMultiplier=1.5&useExponentialBackOff=true',
      ['stomp://a'],
      { initialReconnectDelayMs: 10, maxReconnectDelayMs: 30_000, backOffMultiplier: 1.5, useExponentialBackOff: true },
    ],
  ];
  for (const [text, uris, options] of LISTS) {
    it(text, () => assert.deepEqual(parseFailover(text), { uris, options }));
  }

  for (const [text, reason] of [
    ['failover:()', /a broker is missing before or after a comma$/],
    ['failover:(,stomp://a)', /a broker is missing/],
    ['failover:(stomp://a,,stomp://b)', /a broker is missing/],
    ['failover:(stomp://a', /write failover:\(URI,URI\)\?option=value&option=value$/],
  ] as const) {
    it(`${text} is refused`, () => assert.throws(() => parseFailover(text), { code: 'URI_INVALID', message: reason }));
  }

  it('what means nothing among the options is told by name', () => {
    assert.deepEqual(ignoredFailoverOptions('failover:(stomp://a)?timeout=3000&randomize=maybe&maxReconnectDelay=5'), [
      'timeout',
      'randomize',
    ]);
    assert.deepEqual(ignoredFailoverOptions('stomp://a'), []);
  });

  it('a file may name a list in its only line', () => {
    assert.deepEqual(parseUriFile('/x', 'failover:(stomp://a,stomp://b)?randomize=false\n'), {
      uris: ['stomp://a', 'stomp://b'],
      options: { randomize: false },
    });
  });

  it('a file of URIs is read anew each time', async (t) => {
    const path = join(await tempFolder(t), 'brokers');
    await writeFile(path, '# ours\nstomp://a\n\n  stomp://b:1  # spare\n');
    assert.deepEqual(await brokerUris(`file:${path}`), { uris: ['stomp://a', 'stomp://b:1'], options: {} });
    await writeFile(path, 'stomp://c');
    assert.deepEqual(await brokerUris(`file://${path}`), { uris: ['stomp://c'], options: {} });
  });

  it('a file without URIs, or without a name, is refused', async () => {
    assert.throws(() => parseUriFile('/x', '# none\n'), {
      code: 'URI_INVALID',
      message: /has no URI in it: write one a line$/,
    });
    await assert.rejects(brokerUris('file:'), { code: 'URI_INVALID' });
    await assert.rejects(brokerUris('file:/nowhere/x'), { code: 'CONFIG_NOT_FOUND' });
  });

  it('every broker of a list is checked', () => {
    checkBrokerUris('failover:(stomp://a,tcp://b:1)?randomize=false');
    checkBrokerUris('file:/nowhere/x');
    assert.throws(() => checkBrokerUris('failover:(stomp://a,stomp://b:0)'), {
      code: 'URI_INVALID',
      message: /stomp:\/\/b:0/,
    });
    assert.throws(() => checkBrokerUris('file:'), { code: 'URI_INVALID' });
  });

  it('one broker is a list of one', async () => {
    assert.deepEqual(await brokerUris('stomp://h'), { uris: ['stomp://h'], options: {} });
  });
});
