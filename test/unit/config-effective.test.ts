import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeRun } from '../../src/config/describe/describe-run.js';
import { effectiveConfiguration } from '../../src/config/describe/effective-configuration.js';
import { examineCase, settingsOf } from '../support/config-case.js';

const FILE = `<incoming-broker>
uri = stomp://h
<auth>
scheme = plain
name = x
pass = s3cret
</auth>
<connect>
passcode = s3cret
client-id = "a b"
</connect>
</incoming-broker>
<subscribe>
destination = /queue/a
</subscribe>
outgoing-queue = path=/out
`;

describe('the effective configuration', () => {
  it('shows values, defaults and where they come from, secrets masked', async (t) => {
    const { values, settings } = await examineCase(t, { file: FILE, args: ['count=5'] });
    const shown = effectiveConfiguration(values, settings).map(({ name, value, source }) => {
      return [name, `${value} (${source.replace(/.*\//, '')})`] as const;
    });
    const options = new Map(shown);
    assert.equal(options.get('incoming-broker-uri'), 'stomp://h (x.conf:2)');
    assert.equal(options.get('incoming-broker-auth'), 'plain name=x pass=*** (x.conf:3)');
    assert.equal(options.get('incoming-broker-connect'), 'passcode=*** client-id=a%20b (x.conf:8)');
    assert.equal(options.get('subscribe'), 'destination=/queue/a (x.conf:13)');
    assert.equal(options.get('count'), '5 (command line)');
    assert.equal(options.get('prefetch'), '5 (default)');
    assert.equal(options.get('reconnect-attempts'), 'without end (default)');
    assert.equal(options.get('window-bytes'), '32MiB (default)');
    assert.doesNotMatch(JSON.stringify(shown), /s3cret/);
  });

  it('leaves out what has nothing to act on', async (t) => {
    const { values, settings } = await examineCase(t, { file: FILE });
    const names = effectiveConfiguration(values, settings).map(({ name }) => name);
    for (const name of ['loop', 'outgoing-broker-persistent', 'callback-timeout', 'metrics-listen', 'help']) {
      assert.ok(!names.includes(name), name);
    }
  });
});

describe('what a run will do, in words', () => {
  const CASES: readonly [file: string, text: string][] = [
    [
      'incoming-queue = path=/in\noutgoing-queue = path=/out\n',
      'It reads messages from the queue /in, once, and stores them in the queue /out. At least once: the messages stay in the queue, since "remove" is not set.',
    ],
    [
      'incoming-queue = path=/in\noutgoing-broker-uri = stomp://h\nloop = 1\nremove = 1\nfailure-queue = path=/f\n',
      'It reads messages from the queue /in, waiting for more at its end, and sends them to stomp://h. At least once: a message is removed from the queue only when it is safe at its destination. Rejected messages go to the queue /f.',
    ],
    [
      'incoming-queue = type=NULL\noutgoing-queue = path=/out type=DQN max-bytes=1GiB\ntap-queue = path=/t\n',
      'It reads messages from a queue of type NULL, which keeps nothing, once, and stores them in the queue /out (DQN), waiting while that is full. At least once. A copy of each message sent goes to the queue /t.',
    ],
    [
      `${FILE}reliable = false\ncount = 3\ntimeout-inactivity = 0.5\ncallback-code = "$hdr{a} = 1"\n`,
      'It receives messages from /queue/a at stomp://h, runs the Perl callback on each, and stores them in the queue /out. Not reliable: a crash can lose messages. It ends after 3 messages or 0.5 s without a message.',
    ],
  ];
  for (const [file, text] of CASES) {
    it(text, async (t) => assert.equal(describeRun(await settingsOf(t, { file })), text));
  }
});
