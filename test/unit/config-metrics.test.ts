import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listenAddressText, parseListenAddress } from '../../src/config/listen-address.js';
import { examineCase } from '../support/config-case.js';

const LOCAL = [
  '127.0.0.1:9464',
  '127.8.9.1:1',
  '[::1]:9464',
  '[0:0::0:1]:80',
  'localhost:0',
  'unix:/run/stompctl/m.sock',
];
const REMOTE = ['0.0.0.0:9464', '[::]:9464', '192.0.2.1:9464', '[2001:db8::1]:9464', '[::ffff:127.0.0.1]:9464'];
const NONE: readonly (readonly [text: string, reason: RegExp])[] = [
  ['', /^"" is no address: write 127\.0\.0\.1:9464, /],
  ['9464', /is no address/],
  ['127.0.0.1', /is no address/],
  [':9464', /does not say which address of this host: write 127\.0\.0\.1:9464/],
  ['127.0.0.1:65536', /^65536 is no port/],
  ['127.0.0.1:-1', /is no address/],
  ['host.example:9464', /"host\.example" is no address of a host/],
  ['[127.0.0.1]:9464', /is no address of a host/],
  ['::1:9464', /is no address/],
  ['127.1:9464', /is no address of a host/],
  ['http://127.0.0.1:9464', /is no address/],
  ['unix:m.sock', /needs the whole path of the socket/],
  ['unix:/run/', /is no path of a socket/],
  [`unix:/${'x'.repeat(107)}`, /has at most 107 bytes, and this one 108: use a shorter folder/],
  [`unix:/${'é'.repeat(54)}`, /this one 109/],
];

describe('the address of metrics-listen', () => {
  for (const text of LOCAL) {
    it(`${text} is one of this host alone`, () => {
      const address = parseListenAddress(text, false);
      assert.ok(typeof address !== 'string', String(address));
      assert.equal(listenAddressText(address), text);
    });
  }

  for (const text of REMOTE) {
    it(`${text} needs metrics-remote`, () => {
      assert.match(String(parseListenAddress(text, false)), /can be reached by other hosts, .*set metrics-remote/);
      assert.equal(typeof parseListenAddress(text, true), 'object');
    });
  }

  for (const [text, reason] of NONE) {
    it(`"${text.slice(0, 30)}" is none`, () => {
      for (const remote of [false, true]) assert.match(String(parseListenAddress(text, remote)), reason);
    });
  }

  it('takes the longest path that the system does', () => {
    assert.equal(typeof parseListenAddress(`unix:/${'x'.repeat(106)}`, false), 'object');
  });
});

describe('the options of metrics', () => {
  const SOUND = 'incoming-queue = path=/in\noutgoing-queue = path=/out\n';

  it('become settings', async (t) => {
    const file = `${SOUND}metrics-listen = 0.0.0.0:9464\nmetrics-remote = true\nmetrics-textfile = /m/x.prom\n`;
    const { settings, texts } = await examineCase(t, { file });
    assert.deepEqual(texts, []);
    assert.deepEqual(settings?.metricsListen, { kind: 'tcp', host: '0.0.0.0', port: 9464 });
    assert.deepEqual([settings?.metricsRemote, settings?.metricsTextfile], [true, '/m/x.prom']);
  });

  it('are refused with their place', async (t) => {
    const { texts } = await examineCase(t, { file: `${SOUND}metrics-listen = :9464\n` });
    assert.equal(texts.length, 1);
    assert.match(texts[0] ?? '', /^x.conf:3: metrics-listen: ":9464" does not say/);
    const alone = await examineCase(t, { file: `${SOUND}metrics-remote = true\n` });
    assert.match(alone.warnings.join(), /x\.conf:3: metrics-remote is of no use without metrics-listen/);
  });

  it('warn of a text file that the node exporter would not read', async (t) => {
    const { warnings } = await examineCase(t, { file: `${SOUND}metrics-textfile = /m/x.txt\n` });
    assert.match(warnings.join('\n'), /x\.conf:3: metrics-textfile: .*end in \.prom/);
  });
});

describe('on-overlap', () => {
  const SOUND = 'incoming-queue = path=/in\noutgoing-queue = path=/out\n';

  it('is fail unless quiet is asked for, and of no use without a pidfile', async (t) => {
    assert.equal((await examineCase(t, { file: SOUND })).settings?.onOverlap, 'fail');
    const quiet = await examineCase(t, { file: `${SOUND}pidfile = /p\non-overlap = quiet\n` });
    assert.deepEqual([quiet.texts, quiet.settings?.onOverlap], [[], 'quiet']);
    const alone = await examineCase(t, { file: `${SOUND}on-overlap = quiet\n` });
    assert.match(alone.warnings.join(), /x\.conf:3: on-overlap is of no use without pidfile/);
    const wrong = await examineCase(t, { file: `${SOUND}pidfile = /p\non-overlap = silent\n` });
    assert.match(wrong.texts.join(), /must be one of fail, quiet/);
  });
});
