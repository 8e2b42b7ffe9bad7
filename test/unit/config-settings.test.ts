import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { resolveSettings } from '../../src/config/resolve-settings.js';
import type { Settings } from '../../src/config/settings.js';
import { type ConfigCase, examineCase, settingsOf } from '../support/config-case.js';
import { tempFolder } from '../support/temp-folder.js';

const QUEUES = 'incoming-queue = path=/in\noutgoing-queue = path=/out\n';
const RECEIVER = 'incoming-broker-uri = stomp://h\nsubscribe = destination=/queue/a\noutgoing-queue = path=/out\n';
const SENDER = 'incoming-queue = path=/in\noutgoing-broker-uri = stomp://h\n';

describe('the reference configurations', () => {
  it('sender.conf', async () => {
    const file = join('test', 'fixtures', 'config', 'sender.conf');
    const warnings: string[] = [];
    const settings = await resolveSettings({ commandLine: new Map([['config', [file]]]), env: {} }, (text) =>
      warnings.push(text),
    );
    assert.deepEqual(settings.source, {
      kind: 'queue',
      queue: {
        path: '/var/spool/sender',
        type: 'DQS',
        umask: undefined,
        granularity: 60,
        rndhex: undefined,
        maxLock: 600,
        maxTemp: 300,
        maxElts: 16_000,
        maxOpen: 100,
        compression: undefined,
        format: 'message',
        rawText: false,
        fields: undefined,
        headers: undefined,
        limits: undefined,
        deduplicate: undefined,
      },
    });
    assert.ok(settings.sink.kind === 'broker');
    assert.equal(settings.sink.broker.uri, 'stomp://broker.acme.com:6163');
    assert.deepEqual(settings.sink.broker.auth, []);
    assert.deepEqual(settings.sink.broker.version, ['1.2', '1.1', '1.0']);
    assert.equal(settings.callback?.code, '$hdr{destination} = "/queue/myapp.data";\n$hdr{persistent} = "true";');
    assert.deepEqual(settings.callback.origin, { file, line: 6 });
    assert.equal(settings.callback.fromPath, false);
    assert.deepEqual([settings.loop, settings.remove, settings.reliable, settings.heartBeat], [true, true, true, true]);
    assert.equal(settings.pidfile, '/var/run/sender.pid');
    assert.deepEqual(warnings, []);
  });

  it('receiver.conf', async () => {
    const file = join('test', 'fixtures', 'config', 'receiver.conf');
    const settings = await resolveSettings({ commandLine: new Map([['config', [file]]]), env: {} });
    assert.ok(settings.source.kind === 'broker');
    assert.equal(settings.source.broker.uri, 'stomp://broker.acme.com:6163');
    assert.deepEqual(JSON.parse(JSON.stringify(settings.source.broker.auth)), [
      { scheme: 'plain', fields: { name: 'receiver', pass: 'secret' } },
    ]);
    assert.deepEqual(JSON.parse(JSON.stringify(settings.source.subscriptions)), [
      { header: { destination: '/queue/myapp.data' } },
    ]);
    assert.ok(settings.sink.kind === 'queue');
    assert.equal(settings.sink.queue.path, '/var/spool/receiver');
    assert.equal(settings.callback, undefined);
    assert.equal(settings.pidfile, '/var/run/receiver.pid');
  });
});

describe('the command line wins over the file', () => {
  const CASES: readonly [name: string, given: ConfigCase, pick: (settings: Settings) => unknown, expected: unknown][] =
    [
      ['for a value', { file: `${QUEUES}window = 5\n`, args: ['window=7'] }, (s) => s.window, 7],
      ['for a boolean', { file: `${QUEUES}loop = true\n`, args: ['loop=false'] }, (s) => s.loop, false],
      ['the last one for what cannot repeat', { file: QUEUES, args: ['window=7', 'window=8'] }, (s) => s.window, 8],
      [
        'for a queue as a whole',
        {
          file: 'incoming-queue = path=/in maxlock=900\noutgoing-queue = path=/out\n',
          args: ['incoming-queue=path=/else'],
        },
        ({ source }) => source.kind === 'queue' && [source.queue.path, source.queue.maxLock],
        ['/else', 600],
      ],
      [
        'for a list as a whole',
        { file: RECEIVER, args: ['subscribe=destination=/queue/b', 'subscribe=destination=/queue/c'] },
        ({ source }) => source.kind === 'broker' && source.subscriptions.map(({ header }) => header.destination),
        ['/queue/b', '/queue/c'],
      ],
      [
        'also over something wrong in the file',
        { file: `${QUEUES}window = x\n`, args: ['window=7'] },
        (s) => s.window,
        7,
      ],
      [
        'and suffices alone',
        { args: ['incoming-queue=path=/in', 'outgoing-queue=path=/out'] },
        (s) => s.sink.kind,
        'queue',
      ],
    ];
  for (const [name, given, pick, expected] of CASES) {
    it(name, async (t) => assert.deepEqual(pick(await settingsOf(t, given)), expected));
  }
});

describe('a default that depends on other options', () => {
  const CASES: readonly [name: string, given: ConfigCase, pick: (settings: Settings) => unknown, expected: unknown][] =
    [
      ['prefetch is open', { file: RECEIVER }, prefetchOf, undefined],
      ['prefetch is the count', { file: `${RECEIVER}count = 30\n` }, prefetchOf, 30],
      ['prefetch is 100 for larger counts', { file: `${RECEIVER}count = 3000\n` }, prefetchOf, 100],
      [
        'prefetch is open when not reliable',
        { file: `${RECEIVER}count = 30\nreliable = false\n` },
        prefetchOf,
        undefined,
      ],
      ['a given prefetch stays', { file: `${RECEIVER}count = 30\nprefetch = 7\n` }, prefetchOf, 7],
      ['attempts end for a bounded run', { file: SENDER }, (s) => s.reconnect.attempts, 10],
      ['attempts do not end with loop', { file: `${SENDER}loop = true\n` }, (s) => s.reconnect.attempts, undefined],
      ['attempts do not end with an incoming broker', { file: RECEIVER }, (s) => s.reconnect.attempts, undefined],
      ['given attempts stay', { file: `${RECEIVER}reconnect-attempts = 3\n` }, (s) => s.reconnect.attempts, 3],
      ['sync is batch', { file: QUEUES }, (s) => s.sync, 'batch'],
      ['sync is none when not reliable', { file: `${QUEUES}reliable = false\n` }, (s) => s.sync, 'none'],
      ['a given sync stays', { file: `${QUEUES}reliable = false\nsync = message\n` }, (s) => s.sync, 'message'],
      ['the level is info', { file: QUEUES }, (s) => s.logLevel, 'info'],
      ['the level is debug with -d', { file: QUEUES, args: ['debug=1'] }, (s) => s.logLevel, 'debug'],
      ['the level is trace with -d -d', { file: QUEUES, args: ['debug=2'] }, (s) => s.logLevel, 'trace'],
      ['the level is trace with -d -d -d', { file: QUEUES, args: ['debug=3'] }, (s) => s.logLevel, 'trace'],
      ['a given level holds without -d', { file: `${QUEUES}log-level = trace\n` }, (s) => s.logLevel, 'trace'],
      ['a given level stays', { file: `${QUEUES}log-level = warn\n`, args: ['debug=2'] }, (s) => s.logLevel, 'warn'],
      ['a count of 0 is one', { file: `${QUEUES}count = 0\n` }, (s) => s.count, 0],
      ['a count of 0 asks for no prefetch', { file: `${RECEIVER}count = 0\n` }, prefetchOf, undefined],
      [
        'a duration of 0 is a count of 0',
        { file: `${QUEUES}duration = 0\n` },
        (s) => [s.count, s.durationMs],
        [0, undefined],
      ],
      ['0 is the default window', { file: `${QUEUES}window = 0\n` }, (s) => s.window, 1000],
      [
        '0 is the default time to connect',
        { file: `${QUEUES}timeout-connect = 0\n` },
        (s) => s.timeouts.connectMs,
        30_000,
      ],
      ['0 is no heart-beat of ours', { file: `${QUEUES}timeout-client = 0\n` }, (s) => s.timeouts.clientMs, 0],
      ['seconds become milliseconds', { file: `${QUEUES}duration = 1.5\n` }, (s) => s.durationMs, 1500],
      [
        'the versions of STOMP come from CONNECT',
        { file: `${SENDER}outgoing-broker-connect = version=1.0,1.1 host=x\n` },
        ({ sink }) => sink.kind === 'broker' && [sink.broker.version, { ...sink.broker.connect }],
        [['1.1', '1.0'], { host: 'x' }],
      ],
    ];
  for (const [name, given, pick, expected] of CASES) {
    it(name, async (t) => assert.deepEqual(pick(await settingsOf(t, given)), expected));
  }
});

function prefetchOf({ source }: Settings): number | undefined {
  return source.kind === 'broker' ? source.prefetch : undefined;
}

describe('callback code', () => {
  it('from the command line', async (t) => {
    const { callback } = await settingsOf(t, { file: QUEUES, args: ['callback-code=x = 1', 'callback-data=a=b%20c'] });
    assert.equal(callback?.code, 'x = 1');
    assert.deepEqual(callback.origin, { file: 'command line', line: 1 });
    assert.deepEqual({ ...callback.data }, { a: 'b c' });
  });

  it('from a file, as it is', async (t) => {
    const folder = await tempFolder(t);
    const path = join(folder, 'callback.js');
    await writeFile(path, 'function check(msg) {\n  return "\\$";\n}\n');
    const { callback } = await settingsOf(t, { file: `${QUEUES}callback-path = ${path}\n` });
    assert.equal(callback?.code, await readFile(path, 'utf8'));
    assert.deepEqual(callback.origin, { file: path, line: 1 });
    assert.equal(callback.fromPath, true);
  });

  it('from a file that is not there', async (t) => {
    await assert.rejects(examineCase(t, { file: `${QUEUES}callback-path = /nowhere/x.js\n` }), {
      code: 'CONFIG_NOT_FOUND',
      message: 'callback-path(/nowhere/x.js): there is no such file',
    });
  });
});

describe('an error ends the start', () => {
  it('with the first problem, and how to see the others', async (t) => {
    const folder = await tempFolder(t);
    const file = join(folder, 'x.conf');
    await writeFile(file, 'windo = 3\nloop = x\n');
    await assert.rejects(resolveSettings({ commandLine: new Map([['config', [file]]]), env: {} }), {
      code: 'CONFIG_INVALID',
      exitCode: 78,
      message: `configuration(${file}:1): there is no option "windo": did you mean "window"? (and 1 more: stompctl check shows them all)`,
    });
  });

  it('as a usage error when the command line is at fault', async () => {
    await assert.rejects(resolveSettings({ commandLine: new Map([['window', ['x']]]), env: {} }), {
      code: 'USAGE',
      exitCode: 64,
      message: 'configuration(command line): window: must be a number, not "x"',
    });
  });

  for (const [name, path, code] of [
    ['a file that is not there', '/nowhere/x.conf', 'CONFIG_NOT_FOUND'],
    ['a folder', '.', 'CONFIG_UNREADABLE'],
  ] as const) {
    it(`for ${name}`, async () => {
      await assert.rejects(resolveSettings({ commandLine: new Map([['config', [path]]]), env: {} }), {
        code,
        exitCode: 66,
      });
    });
  }

  it('for a file without end', async (t) => {
    const folder = await tempFolder(t);
    await mkdir(join(folder, 'x'));
    await assert.rejects(resolveSettings({ commandLine: new Map([['config', ['/dev/zero']]]), env: {} }), {
      code: 'CONFIG_UNREADABLE',
      message: 'configuration(/dev/zero): is larger than 16777216 bytes, which no configuration is',
    });
  });
});
