import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { examineConfiguration } from '../../src/config/resolve-settings.js';
import { tempFolder } from '../support/temp-folder.js';

async function examine(test: TestContext, text: string) {
  const file = join(await tempFolder(test), 'amqpclt.conf');
  await writeFile(file, text, { mode: 0o600 });
  return examineConfiguration({ commandLine: new Map([['config', [file]]]), env: {} });
}

const RECEIVER = `
<incoming-broker>
 uri = "amqp://broker.example.com:6163/rabbitmq"
 module = pika
 <auth>
   scheme = plain
   name = receiver
   pass = secret
 </auth>
</incoming-broker>
<subscribe>
 destination = /queue/myapp.data
</subscribe>
<outgoing-queue>
 path = /var/spool/receiver
</outgoing-queue>
log = syslog
loglevel = warning
`;

const SENDER = `
<incoming-queue>
 path = /var/spool/sender
</incoming-queue>
callback-code = <<EOF
    hdr["destination"] = "/queue/app1.data"
    hdr["persistent"] = "true"
EOF
<outgoing-broker>
    uri = "amqp://broker.example.com:5672/virtual_host"
</outgoing-broker>
outgoing-broker-module = kombu
`;

describe('a configuration of amqpclt', () => {
  it('that receives is read as it is, with notes of what is ignored', async (test) => {
    const { problems, warnings, settings } = await examine(test, RECEIVER);
    assert.deepEqual(problems, []);
    const notes = warnings.filter((text) => text.includes('of amqpclt'));
    assert.match(
      notes.join('\n'),
      /incoming-broker-module is .*\n.*: log is .*see log-format\n.*: loglevel is .*see log-level/,
    );
    assert.ok(settings?.source.kind === 'broker');
    assert.equal(settings.source.broker.protocol, 'amqp');
  });

  it('that sends is read as it is: what it sets in a header is JavaScript too', async (test) => {
    const { problems, warnings, settings } = await examine(test, SENDER);
    assert.deepEqual(problems, []);
    assert.equal(warnings.filter((text) => text.includes('outgoing-broker-module')).length, 1);
    assert.ok(settings?.sink.kind === 'broker');
    assert.equal(settings.sink.broker.protocol, 'amqp');
  });

  for (const [what, more, reason] of [
    [
      'a header of CONNECT',
      'incoming-broker-connect = "x=1"',
      /"x" is a header of STOMP: over AMQP there is only host/,
    ],
    ['STOMP frames to log', 'incoming-broker-stomp-debug = all', /there are no STOMP frames over AMQP/],
    ['a destination that is none', '<subscribe>\ndestination = /nowhere/a\n</subscribe>', /is none of \/queue\/NAME/],
    [
      'a durable subscription without an id',
      '<subscribe>\ndestination = /topic/a\ndurable = true\n</subscribe>',
      /a durable subscription needs an id/,
    ],
    [
      'an exchange without a queue',
      '<subscribe>\ndestination = "exchange=name%3Dx"\n</subscribe>',
      /needs a queue, as in queue="name=x durable=true"/,
    ],
  ] as const) {
    it(`has no room for ${what}`, async (test) => {
      const { problems } = await examine(test, `${RECEIVER}\n${more}\n`);
      assert.match(problems.map(({ reason: text }) => text).join('\n'), reason);
    });
  }
});
