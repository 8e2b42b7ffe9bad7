import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectTimeoutMs } from '../../src/stomp/transport/socket-options.js';
import { examineCase, settingsOf } from '../support/config-case.js';

const FROM = 'outgoing-queue = path=/out\nincoming-broker-uri = stomp://h\n';
const SUBSCRIBED = `${FROM}subscribe = destination=/q\n`;

describe('what stompclt accepts', () => {
  for (const options of ['-AutoTrue=1', '-AutoTrue', '-AutoTrue=1 -LowerCaseNames=0', '-AutoTrue -InterPolateEnv=1']) {
    it(`config-general ${options}`, async (t) => {
      const file = `${SUBSCRIBED}lazy = yes\n`;
      assert.equal((await settingsOf(t, { file, args: [`config-general=${options}`] })).lazy, true);
      assert.equal((await settingsOf(t, { file: `config-general = ${options}\n${file}` })).lazy, true);
    });
  }

  it('but no option of Config::General that changes nothing here', async (t) => {
    const file = `${SUBSCRIBED}lazy = yes\n`;
    const rejected = examineCase(t, { file, args: ['config-general=-AutoTru=1'] });
    await assert.rejects(rejected, { code: 'CONFIG_UNSUPPORTED', message: /did you mean "-AutoTrue"/ });
  });

  it('blocks inside a subscription', async (t) => {
    const file = `${FROM}<subscribe>
destination = /q
<prefetch>
count = 3
</prefetch>
<a>
<b>
c = d
</b>
</a>
</subscribe>
<unsubscribe>
<x>
y = z
</x>
</unsubscribe>
`;
    const { source } = await settingsOf(t, { file });
    assert.ok(source.kind === 'broker');
    const [subscription] = source.subscriptions;
    assert.deepEqual({ ...subscription?.header }, { destination: '/q', 'prefetch-count': '3', 'a-b-c': 'd' });
    assert.deepEqual({ ...subscription?.unsubscribe }, { 'x-y': 'z' });
  });

  it('no block inside what is not a subscription', async (t) => {
    const file = `${SUBSCRIBED}<incoming-broker-connect>\n<a>\nb = c\n</a>\n</incoming-broker-connect>\n`;
    const { texts } = await examineCase(t, { file });
    assert.match(texts.join(), /incoming-broker-connect: "a" takes a value, not a block/);
  });

  it('stomp-debug with io, and with plus signs', async (t) => {
    const file = `${SUBSCRIBED}incoming-broker-stomp-debug = command+io\n`;
    const { source } = await settingsOf(t, { file });
    assert.ok(source.kind === 'broker');
    assert.deepEqual(source.broker.stompDebug, ['command', 'io']);
  });

  it('the socket options Timeout and ReuseAddr', async (t) => {
    const sockopts = (text: string) => examineCase(t, { file: `${SUBSCRIBED}incoming-broker-sockopts = ${text}\n` });
    assert.deepEqual((await sockopts('Timeout=2.5 ReuseAddr=1')).texts, []);
    assert.match((await sockopts('Timeout=soon')).texts.join(), /Timeout\): "soon" is not a number of seconds/);
    assert.match((await sockopts('ReuseAddr=maybe')).texts.join(), /ReuseAddr\): "maybe" is not true or false/);
    assert.deepEqual([connectTimeoutMs({ Timeout: '2.5' }), connectTimeoutMs({ Timeout: '0' })], [2500, undefined]);
  });

  for (const auth of ['x509', 'x509 ca=/ca', 'x509 ca_file=/f', 'x509 pass=x', 'x509 key=/k']) {
    it(`auth = ${auth}`, async (t) => {
      const { texts } = await examineCase(t, { file: `${SUBSCRIBED}incoming-broker-auth = ${auth}\n` });
      assert.deepEqual(texts, []);
    });
  }

  it('options of a failover URI that mean nothing to it, which is noted', async (t) => {
    const uri = 'failover:(stomp://a,stomp://b,)?timeout=3000&startupMaxReconnectAttempts=5&maxReconnectAttempts=2';
    const { texts, warnings } = await examineCase(t, { file: SUBSCRIBED.replace('stomp://h', uri) });
    assert.deepEqual(texts, []);
    assert.match(
      warnings.join(),
      /incoming-broker-uri: of the failover options these are ignored: timeout, startupMaxReconnectAttempts/,
    );
  });
});

describe('a callback in TypeScript', () => {
  for (const name of ['x.ts', 'x.mts', 'X.TS']) {
    it(`${name} is refused, with what to do`, async (t) => {
      const { texts } = await examineCase(t, { file: `${SUBSCRIBED}callback-path = /etc/${name}\n` });
      assert.match(texts.join(), /^x.conf:4: callback-path: TypeScript is not run here: compile the file first/);
    });
  }
});
