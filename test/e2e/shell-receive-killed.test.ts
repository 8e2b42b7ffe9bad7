import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { eventually } from '../support/eventually.js';
import { STOMPCTL } from '../support/stompctl-process.js';
import { atEnd, tempFolder } from '../support/temp-folder.js';

const COUNT = 300;
/** more than a pipe holds, all together */
const PADDING = 'x'.repeat(2000);

async function brokerWithMessages(test: TestContext): Promise<InProcessBroker> {
  // known to take `prefetch-count`
  const broker = await InProcessBroker.start({ server: 'RabbitMQ/3.10.8' });
  atEnd(test, () => broker.stop());
  for (let number = 0; number < COUNT; number += 1) broker.publish('/queue/a', {}, `${number} ${PADDING}`);
  return broker;
}

/** Starts `receive`, with this file as its standard output. */
function receiving(test: TestContext, broker: InProcessBroker, stdout: number | 'pipe') {
  const args = [STOMPCTL, 'receive', broker.uri, '/queue/a', '--count', String(COUNT)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', stdout, 'pipe'] });
  const ended = once(child, 'exit');
  atEnd(test, async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended };
}

/** The numbers of what is still at the broker, sorted. */
function left(broker: InProcessBroker): number[] {
  return broker.drain('/queue/a').map(({ body }) => Number.parseInt(body.toString(), 10));
}

describe('stompctl receive loses nothing that it has not written', () => {
  it('killed between the receipt of messages and their print', async (test) => {
    const broker = await brokerWithMessages(test);
    const fifo = join(await tempFolder(test), 'out');
    execFileSync('mkfifo', [fifo]);
    // one end that reads and writes: opening does not wait, and the pipe stays when the writer is gone
    const pipe = await open(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    atEnd(test, () => pipe.close());
    const { child, ended } = receiving(test, broker, pipe.fd);
    await eventually(() => broker.depth('/queue/a').unacknowledged > 0);
    // something was printed, and the rest of it waits for a reader: the pipe is full
    let text = await read(pipe);
    child.kill('SIGKILL');
    await ended;
    for (let more = await read(pipe, true); more !== ''; more = await read(pipe, true)) text += more;
    await eventually(() => broker.depth('/queue/a').unacknowledged === 0);
    const printed = text
      .split('\n')
      .slice(0, -1)
      .map((line) => Number.parseInt(line, 10));
    assert.ok(printed.length > 0 && printed.length < COUNT, `${printed.length} were printed`);
    const known = new Set([...printed, ...left(broker)]);
    assert.equal(known.size, COUNT);
  });

  it('when its reader has gone, which it tells', async (test) => {
    const broker = await brokerWithMessages(test);
    const { child, ended } = receiving(test, broker, 'pipe');
    child.stdout?.destroy();
    let stderr = '';
    child.stderr?.on('data', (text) => {
      stderr += text;
    });
    const [code] = await ended;
    await eventually(() => broker.depth('/queue/a').unacknowledged === 0);
    assert.equal(code, 75, stderr);
    assert.match(stderr, /write\(standard output\): its reader has gone/);
    assert.equal(left(broker).length, COUNT);
  });

  it('when the disk of its output is full in the middle of a message', async (test) => {
    const broker = await brokerWithMessages(test);
    const path = join(await tempFolder(test), 'out');
    // a file that may have so many KiB takes a part of the write that comes to them, as a disk does, and nothing of the next one
    const limited = 'ulimit -f 100; exec "$@"';
    const receive = [STOMPCTL, 'receive', broker.uri, '/queue/a', '--count', String(COUNT), '--json-lines'];
    const out = await open(path, 'w');
    const args = ['-c', limited, 'bash', process.execPath, ...receive];
    const { status, stderr } = await exitOf(test, spawn('bash', args, { stdio: ['ignore', out.fd, 'pipe'] }));
    await out.close();
    assert.equal(status, 75, stderr);
    assert.match(stderr, /write\(standard output\): EFBIG/);
    await eventually(() => broker.depth('/queue/a').unacknowledged === 0);
    const lines = (await readFile(path, 'utf8')).split('\n');
    assert.notEqual(lines.at(-1), '', 'the last one is not whole');
    const printed = lines.slice(0, -1).map((line) => Number.parseInt((JSON.parse(line) as { body: string }).body, 10));
    const known = new Set([...printed, ...left(broker)]);
    assert.equal(known.size, COUNT);
  });
});

async function exitOf(test: TestContext, child: ChildProcess) {
  const ended = once(child, 'close');
  atEnd(test, async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let stderr = '';
  child.stderr?.on('data', (text) => {
    stderr += text;
  });
  const [status] = await ended;
  return { status, stderr };
}

/** What is in the pipe; waits until something is, unless nothing more can come. */
async function read(pipe: Awaited<ReturnType<typeof open>>, ended = false): Promise<string> {
  const buffer = Buffer.alloc(4096);
  const look = async () => {
    try {
      const { bytesRead } = await pipe.read(buffer, 0, buffer.length);
      return buffer.toString('utf8', 0, bytesRead);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return '';
      throw error;
    }
  };
  return ended ? look() : eventually(look);
}
