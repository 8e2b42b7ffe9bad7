import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../support/eventually.js';
import { StompctlProcess } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

/** Threads of a run, once it is at work. */
async function threads(test: TestContext, env: NodeJS.ProcessEnv, under: readonly string[] = []): Promise<number> {
  const folder = await tempFolder(test);
  await mkdir(join(folder, 'in'));
  const queues = ['--incoming-queue', `path=${join(folder, 'in')}`, '--outgoing-queue', `path=${join(folder, 'out')}`];
  const run = new StompctlProcess([...queues, '--remove', '--loop', '--log-format', 'json'], { env, under });
  test.after(() => run.stop('SIGKILL'));
  await eventually(() => run.log('idle').length > 0 || run.log().length > 0);
  const { length } = await readdir(`/proc/${run.pid}/task`);
  assert.equal((await run.stop()).code, 0);
  return length;
}

/** In a control group, as the files that tell of it say. */
const IN_GROUP = 'mount -t tmpfs none /sys/fs/cgroup && echo 100 >/sys/fs/cgroup/pids.max && exec "$@"';
const isRoot = process.getuid?.() === 0;

describe('the threads that wait for the disk', () => {
  it('are 128, unless the environment says otherwise', async (test) => {
    const [own, given] = [await threads(test, {}), await threads(test, { UV_THREADPOOL_SIZE: '5' })];
    assert.equal(own - given, 128 - 5);
  });

  for (const [tasks, most] of [
    [1024, 128],
    [1023, 32],
    [128, 32],
    [127, 4],
  ] as const) {
    it(`are ${most} where ${tasks} tasks are allowed`, async (test) => {
      const given = await threads(test, { UV_THREADPOOL_SIZE: '5' });
      assert.equal((await threads(test, {}, ['prlimit', `--nproc=${tasks}`])) - given, most - 5);
    });
  }

  it('are 4 in a control group of 100 tasks', { skip: !isRoot && 'only root may mount' }, async (test) => {
    const given = await threads(test, { UV_THREADPOOL_SIZE: '5' });
    const under = ['unshare', '--mount', 'sh', '-c', IN_GROUP, 'sh'];
    assert.equal((await threads(test, {}, under)) - given, 4 - 5);
  });
});
