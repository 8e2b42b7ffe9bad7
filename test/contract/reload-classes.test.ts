import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import type { ReloadClass } from '../../src/config/options/option.js';
import { OPTION_TABLE } from '../../src/config/options/option-table.js';
import { eventually } from '../support/eventually.js';
import { type Options, ReloadScene } from '../support/reload-scene.js';
import { produce } from '../support/sample-messages.js';
import { startedBroker } from '../support/started-broker.js';
import { tempFolder } from '../support/temp-folder.js';

const BODY = Buffer.from('x');

/** What differs in a configuration before and after; a list goes with other options that it needs. */
interface Change {
  /** the ends between which it is tried; default: two brokers */
  readonly between?: 'brokers' | 'queues' | 'queue and command' | 'command and queue' | 'folder and folder';
  readonly before?: Options;
  readonly after: Options;
}

const CODE = "msg.header.by = 'callback'; return msg;";
const withCode = { 'callback-code': CODE, 'callback-language': 'javascript' };

/** A changed value for every option that a file can have. `FOLDER` in a value is the folder of the test. */
const CHANGES: Readonly<Record<string, Change>> = {
  'incoming-queue': { between: 'queues', after: { 'incoming-queue': { path: 'FOLDER/in', maxlock: 700 } } },
  'queue-headers': {
    between: 'queues',
    before: { 'incoming-queue': { path: 'FOLDER/in', format: 'raw' } },
    after: { 'incoming-queue': { path: 'FOLDER/in', format: 'raw' }, 'queue-headers': { a: '%{element}' } },
  },
  loop: { between: 'queues', before: { duration: 3600 }, after: { duration: 3600, loop: false } },
  remove: { between: 'queues', after: { remove: false } },
  'outgoing-queue': { between: 'queues', after: { 'outgoing-queue': { path: 'FOLDER/out', deduplicate: 9 } } },
  'outgoing-command': {
    between: 'queue and command',
    after: { 'outgoing-command': { command: '/bin/cat', timeout: 7 } },
  },
  'incoming-command': {
    between: 'command and queue',
    after: { 'incoming-command': { command: '/bin/sh FOLDER/feed', ack: 'stdin' } },
  },
  'incoming-folder': {
    between: 'folder and folder',
    after: { 'incoming-folder': { path: 'FOLDER/in', stable: 0, pattern: '*.t*t' } },
  },
  'folder-headers': { between: 'folder and folder', after: { 'folder-headers': { a: '%{file}' } } },
  'outgoing-folder': {
    between: 'folder and folder',
    after: { 'outgoing-folder': { path: 'FOLDER/out', sidecar: 'json' } },
  },
  deliver: { between: 'queues', before: { deliver: 'first' }, after: { deliver: 'every' } },
  'tap-queue': { after: { 'tap-queue': { path: 'FOLDER/tap' } } },
  'failure-queue': { after: { 'failure-queue': { path: 'FOLDER/failed' } } },
  sync: { between: 'queues', after: { sync: 'message' } },
  'incoming-broker-uri': { after: { 'incoming-broker-uri': 'OTHER' } },
  'incoming-broker-auth': { after: { 'incoming-broker-auth': 'plain name=a pass=b' } },
  'incoming-broker-protocol': { after: { 'incoming-broker-protocol': 'stomp' } },
  'incoming-broker-module': { after: { 'incoming-broker-module': 'pika' } },
  'incoming-broker-type': { after: { 'incoming-broker-type': 'UNKNOWN' } },
  'incoming-broker-connect': { after: { 'incoming-broker-connect': { 'x-a': '1' } } },
  'incoming-broker-sockopts': { after: { 'incoming-broker-sockopts': { NoDelay: 1 } } },
  'incoming-broker-stomp-debug': { after: { 'incoming-broker-stomp-debug': 'command' } },
  'incoming-broker-members': { after: { 'incoming-broker-members': 'all' } },
  subscribe: { after: { subscribe: { destination: '/queue/other' } } },
  unsubscribe: { after: { unsubscribe: {} } },
  prefetch: { after: { prefetch: 7 } },
  'outgoing-broker-uri': { after: { 'outgoing-broker-uri': 'OTHER' } },
  'outgoing-broker-auth': { after: { 'outgoing-broker-auth': 'plain name=a pass=b' } },
  'outgoing-broker-protocol': { after: { 'outgoing-broker-protocol': 'stomp' } },
  'outgoing-broker-module': { after: { 'outgoing-broker-module': 'pika' } },
  'outgoing-broker-type': { after: { 'outgoing-broker-type': 'UNKNOWN' } },
  'outgoing-broker-connect': { after: { 'outgoing-broker-connect': { 'x-a': '1' } } },
  'outgoing-broker-sockopts': { after: { 'outgoing-broker-sockopts': { NoDelay: 1 } } },
  'outgoing-broker-stomp-debug': { after: { 'outgoing-broker-stomp-debug': 'command' } },
  'outgoing-broker-content-length': { after: { 'outgoing-broker-content-length': 'never' } },
  'outgoing-broker-members': { after: { 'outgoing-broker-members': 'all' } },
  'resolve-interval': { after: { 'resolve-interval': 30 } },
  'outgoing-broker-persistent': { after: { 'outgoing-broker-persistent': 'keep' } },
  log: { after: { log: 'syslog' } },
  logfile: { after: { logfile: '/var/log/x' } },
  loglevel: { after: { loglevel: 'info' } },
  rewrite: { after: { rewrite: [{ set: { by: 'rule' } }] } },
  'callback-code': { after: withCode },
  'callback-path': {
    before: { 'callback-path': 'FOLDER/a.js', 'callback-language': 'javascript' },
    after: { 'callback-path': 'FOLDER/b.js', 'callback-language': 'javascript' },
  },
  'callback-data': { before: withCode, after: { ...withCode, 'callback-data': { a: '1' } } },
  'callback-language': {
    before: { 'callback-code': '$hdr{by} = 1; return $msg;' },
    after: { 'callback-code': '$hdr{by} = 1; return $msg;', 'callback-language': 'perl' },
  },
  'callback-timeout': { after: { 'callback-timeout': 2 } },
  'callback-memory': { after: { 'callback-memory': '65MiB' } },
  count: { after: { count: 1_000_000, prefetch: 5 }, before: { prefetch: 5 } },
  duration: { after: { duration: 3600 } },
  'max-rate': { after: { 'max-rate': 1000 } },
  'max-rate-bytes': { after: { 'max-rate-bytes': '1MiB' } },
  window: { after: { window: 5 } },
  'window-bytes': { after: { 'window-bytes': '1MiB' } },
  'max-message-size': { after: { 'max-message-size': '1MiB' } },
  reliable: { after: { reliable: false } },
  'max-attempts': { after: { 'max-attempts': 3 } },
  'max-parked': { after: { 'max-parked': 3 } },
  lazy: { before: { lazy: true }, after: { lazy: false } },
  'heart-beat': { after: { 'heart-beat': false } },
  'reconnect-delay': { after: { 'reconnect-delay': 2 } },
  'reconnect-max-delay': { after: { 'reconnect-max-delay': 30 } },
  'reconnect-attempts': { after: { 'reconnect-attempts': 3 } },
  'timeout-connect': { after: { 'timeout-connect': 20 } },
  'timeout-broker': { after: { 'timeout-broker': 20 } },
  'timeout-client': { after: { 'timeout-client': 20 } },
  'timeout-server': { after: { 'timeout-server': 20 } },
  'timeout-flush': { after: { 'timeout-flush': 20 } },
  'timeout-disconnect': { after: { 'timeout-disconnect': 20 } },
  'timeout-linger': { after: { 'timeout-linger': 20 } },
  'timeout-inactivity': { after: { 'timeout-inactivity': 3600 } },
  'timeout-status': { after: { 'timeout-status': 20 } },
  pidfile: { after: { pidfile: 'FOLDER/pid' } },
  'on-overlap': {
    before: { pidfile: 'FOLDER/pid' },
    after: { pidfile: 'FOLDER/pid', 'on-overlap': 'quiet' },
  },
  daemon: { after: { daemon: true } },
  statistics: { after: { statistics: true } },
  debug: { after: { debug: 1 } },
  'log-level': { after: { 'log-level': 'debug' } },
  'log-format': { after: { 'log-format': 'pretty' } },
  'metrics-listen': { after: { 'metrics-listen': '127.0.0.1:1' } },
  'metrics-remote': {
    before: { 'metrics-listen': '127.0.0.1:1' },
    after: { 'metrics-listen': '127.0.0.1:1', 'metrics-remote': true },
  },
  'metrics-textfile': { after: { 'metrics-textfile': 'FOLDER/metrics.prom' } },
  'config-general': { after: { 'config-general': '-AutoTrue' } },
};

it('every option that a file can have is tried', () => {
  const reloadable = OPTION_TABLE.filter(({ commandLineOnly }) => commandLineOnly !== true);
  assert.deepEqual(Object.keys(CHANGES).sort(), reloadable.map(({ name }) => name).sort());
});

it('what belongs to the command line alone is what a reload does not read again', () => {
  for (const { name, commandLineOnly, reload } of OPTION_TABLE) {
    assert.equal(reload === 'command-line', commandLineOnly === true, name);
  }
});

const ANEW: Readonly<Record<ReloadClass, readonly [source: boolean, sink: boolean]>> = {
  'in-place': [false, false],
  source: [true, false],
  sink: [false, true],
  ends: [true, true],
  restart: [false, false],
  'command-line': [false, false],
};

for (const { name, reload } of OPTION_TABLE) {
  const change = CHANGES[name];
  if (change === undefined) continue;
  it(`a reload of ${name}: ${reload}`, async (test) => {
    const { scene, base, after, move, sessions } = await running(test, name, change);
    await move();
    const before = sessions();
    const { plan, ends } = await scene.reload({ ...base, ...after });
    assert.ok((reload === 'restart' ? plan.pending : plan.applied).includes(name), JSON.stringify(plan));
    assert.equal(plan.pending.length, reload === 'restart' ? 1 : 0);
    const [source, sink] = ANEW[reload];
    assert.deepEqual([ends.source, ends.sink], [source, sink]);
    if (name !== 'loop') await move();
    if (change.between === undefined) {
      assert.deepEqual(sessions(), [before[0] + Number(source), before[1] + Number(sink)]);
    }
    const again = await scene.reload({ ...base, ...after }).catch(() => undefined);
    // without loop the run is over by now, and refuses
    if (name !== 'loop') assert.deepEqual(again?.plan.applied, []);
  });
}

async function running(test: TestContext, name: string, change: Change) {
  const folder = await tempFolder(test);
  for (const part of ['in', 'out']) mkdirSync(join(folder, part));
  for (const part of ['a.js', 'b.js'])
    writeFileSync(
      join(folder, part),
      `const from = '${part}'; function check(msg) { msg.header.by = from; return msg; }`,
    );
  // says a message for each file that is put there
  const feed = `while :; do if rm '${folder}/go' 2>/dev/null; then echo '{"body":"x"}'; fi; sleep 0.02; done`;
  writeFileSync(join(folder, 'feed'), feed);
  const from = await startedBroker(test);
  const to = await startedBroker(test);
  const other = await startedBroker(test);
  const put = (options: Options = {}): Options =>
    JSON.parse(JSON.stringify(options).replaceAll('FOLDER', folder).replaceAll('OTHER', other.uri));
  const queues = {
    'incoming-queue': { path: join(folder, 'in') },
    'outgoing-queue': { path: join(folder, 'out') },
    loop: true,
    remove: true,
  };
  const brokers = {
    'incoming-broker-uri': from.uri,
    subscribe: { destination: '/queue/q' },
    'outgoing-broker-uri': to.uri,
  };
  const { 'outgoing-queue': _, ...fromQueue } = queues;
  const ends = {
    brokers,
    queues,
    'folder and folder': {
      'incoming-folder': { path: join(folder, 'in'), stable: 0 },
      'outgoing-folder': { path: join(folder, 'out') },
      loop: true,
    },
    'command and queue': {
      'incoming-command': { command: `/bin/sh ${join(folder, 'feed')}` },
      'outgoing-queue': { path: join(folder, 'out') },
      'failure-queue': { path: join(folder, 'failed') },
      loop: true,
    },
    'queue and command': { ...fromQueue, 'outgoing-command': { command: '/bin/cat' } },
  };
  const base = { ...ends[change.between ?? 'brokers'], ...put(change.before) };
  const scene = await ReloadScene.run(test, base, folder);
  const move = async () => {
    const { sent } = scene.built.statistics.snapshot();
    const header = { destination: '/queue/to' };
    if (change.between === 'command and queue') writeFileSync(join(folder, 'go'), '');
    else if (change.between === 'folder and folder') writeFileSync(join(folder, 'in', `${sent}.txt`), BODY);
    else if (change.between !== undefined)
      produce(join(folder, 'in'), [{ number: 0, header, body: BODY, text: false }]);
    else {
      for (const broker of [from, other]) broker.publish('/queue/q', {}, BODY);
      from.publish('/queue/other', {}, BODY);
    }
    await eventually(() => scene.built.statistics.snapshot().sent > sent);
  };
  const sessions = (): [source: number, sink: number] => {
    const more = scene.sessions(other.uri);
    const ofSource = name.startsWith('incoming');
    return [scene.sessions(from.uri) + (ofSource ? more : 0), scene.sessions(to.uri) + (ofSource ? 0 : more)];
  };
  return { scene, base, after: put(change.after), move, sessions };
}
