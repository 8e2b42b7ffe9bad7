import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../support/eventually.js';
import { StompctlProcess } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

/** Threads of a run, once it is at work. */
async function threads(test: TestContext, env: NodeJS.ProcessEnv): Promise<number> {
  const folder = await tempFolder(test);
  await mkdir(join(folder, 'in'));
  const queues = ['--incoming-queue', `path=${join(folder, 'in')}`, '--outgoing-queue', `path=${join(folder, 'out')}`];
  const run = new StompctlProcess([...queues, '--remove', '--loop', '--log-format', 'json'], { env });
  test.after(() => run.stop('SIGKILL'));
  await eventually(() => run.log('idle').length > 0 || run.log().length > 0);
  const { length } = await readdir(`/proc/${run.pid}/task`);
  assert.equal((await run.stop()).code, 0);
  return length;
}

describe('the threads that wait for the disk', () => {
  it('are 128, unless the environment says otherwise', async (test) => {
    const [own, given] = [await threads(test, {}), await threads(test, { UV_THREADPOOL_SIZE: '5' })];
    assert.equal(own - given, 128 - 5);
  });
});
