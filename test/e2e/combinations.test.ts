import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { eventually } from '../support/eventually.js';
import { consume, elementPaths, filesOf, produce, type Sample, sampleMessages } from '../support/sample-messages.js';
import { runStompctl, StompctlProcess } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

const MESSAGES = 200;

interface Stage {
  readonly folder: string;
  readonly broker: InProcessBroker;
  readonly samples: readonly Sample[];
  /** writes a configuration file and gives its path */
  configure(name: string, lines: readonly string[]): string;
}

async function stage(test: TestContext): Promise<Stage> {
  const folder = await tempFolder(test);
  const broker = await InProcessBroker.start();
  test.after(() => broker.stop());
  const samples = [...sampleMessages(MESSAGES, 7)];
  return {
    folder,
    broker,
    samples,
    configure(name, lines) {
      const path = join(folder, `${name}.conf`);
      writeFileSync(path, `${lines.join('\n')}\n`);
      return path;
    },
  };
}

function assertSame(queue: string, samples: readonly Sample[]): void {
  const stored = new Map([...consume(queue)].map((message) => [message.header['x-number'], message]));
  assert.equal(stored.size, samples.length);
  for (const { number, header, body, text } of samples) {
    const message = stored.get(String(number));
    for (const [name, value] of Object.entries(header)) {
      assert.equal(message?.header[name], value, `header ${name} of ${number}`);
    }
    assert.ok(message?.body.equals(body), `body of ${number}`);
    assert.equal(message?.text, text, `text flag of ${number}`);
  }
}

describe('stompctl', () => {
  it('moves a queue to a broker, once, removing what was sent', async (test) => {
    const { folder, broker, samples, configure } = await stage(test);
    produce(join(folder, 'in'), samples);
    const config = configure('sender', [
      `incoming-queue = path=${folder}/in`,
      `outgoing-broker-uri = ${broker.uri}`,
      'callback-code = hdr.destination = "/queue/q"',
      'callback-language = javascript',
      'remove = true',
      'statistics = true',
    ]);
    const ended = await runStompctl(['--config', config]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, new RegExp(`^processed ${MESSAGES} messages in \\d+\\.\\d{3} seconds \\(`));
    assert.equal(broker.depth('/queue/q').ready, MESSAGES);
    assert.deepEqual(filesOf(join(folder, 'in')), []);
  });

  it('browses a queue without remove, and leaves it as it was', async (test) => {
    const { folder, broker, samples, configure } = await stage(test);
    produce(join(folder, 'in'), samples);
    const before = filesOf(join(folder, 'in'));
    const config = configure('browser', [
      `incoming-queue = path=${folder}/in`,
      `outgoing-broker-uri = ${broker.uri}`,
      'callback-code = hdr.destination = "/queue/q"',
      'callback-language = javascript',
    ]);
    const ended = await runStompctl(['--config', config]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(broker.depth('/queue/q').ready, MESSAGES);
    assert.deepEqual(filesOf(join(folder, 'in')), before);
  });

  it('moves a queue through two brokers into another queue, unchanged', async (test) => {
    const { folder, broker, samples, configure } = await stage(test);
    const second = await InProcessBroker.start();
    test.after(() => second.stop());
    produce(join(folder, 'in'), samples);
    const receive = (uri: string) => [`incoming-broker-uri = ${uri}`, 'subscribe = destination=/queue/q'];
    const configs = [
      configure('sender', [
        `incoming-queue = path=${folder}/in`,
        `outgoing-broker-uri = ${broker.uri}`,
        'callback-code = hdr.destination = "/queue/q"',
        'callback-language = javascript',
        'remove = true',
        'loop = true',
      ]),
      configure('shovel', [...receive(broker.uri), `outgoing-broker-uri = ${second.uri}`]),
      configure('receiver', [...receive(second.uri), `outgoing-queue = path=${folder}/out`]),
    ];
    const processes = configs.map((config) => new StompctlProcess(['--config', config]));
    test.after(async () => {
      for (const one of processes) if (one.running) await one.stop('SIGKILL');
    });
    await eventually(() => elementPaths(join(folder, 'out')).length === MESSAGES);
    for (const one of processes) {
      const ended = await one.stop();
      assert.equal(ended.code, 0, ended.stderr);
    }
    assertSame(join(folder, 'out'), samples);
    for (const end of [broker, second]) {
      const { ready, unacknowledged } = end.depth('/queue/q');
      assert.deepEqual({ ready, unacknowledged }, { ready: 0, unacknowledged: 0 });
    }
  });

  it('moves a queue into another queue, unchanged', async (test) => {
    const { folder, samples } = await stage(test);
    produce(join(folder, 'in'), samples);
    const args = ['--incoming-queue', `path=${folder}/in`, '--outgoing-queue', `path=${folder}/out`, '--remove'];
    const ended = await runStompctl(args);
    assert.equal(ended.code, 0, ended.stderr);
    assertSame(join(folder, 'out'), samples);
    assert.deepEqual(filesOf(join(folder, 'in')), []);
  });

  it('reads several subscriptions until count messages have come', async (test) => {
    const { folder, broker } = await stage(test);
    for (const name of ['a', 'b', 'c']) {
      for (let number = 0; number < 20; number += 1) broker.publish(`/queue/${name}`, {}, `${name}${number}`);
    }
    const subscriptions = ['a', 'b', 'c'].flatMap((name) => ['--subscribe', `destination=/queue/${name}`]);
    const ends = ['--incoming-broker-uri', broker.uri, '--outgoing-queue', `path=${folder}/out`];
    const ended = await runStompctl([...ends, ...subscriptions, '--count', '60']);
    assert.equal(ended.code, 0, ended.stderr);
    const bodies = [...consume(join(folder, 'out'))].map(({ body }) => body.toString());
    assert.equal(new Set(bodies).size, 60);
  });
});
