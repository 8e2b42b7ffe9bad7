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

const isRoot = process.getuid?.() === 0;
/** A user who has no other tasks, and may have so many (those of Node are there already, eleven of them). */
const user = (limit: number) => [...AS_NOBODY, 'prlimit', `--nproc=${limit}`];
const AS_NOBODY = ['setpriv', '--reuid=54321', '--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
/** Control groups, as the files that tell of them say. */
const group = (files: string) => ['unshare', '--mount', 'sh', '-c', `${GROUPS}; ${files}; exec "$@"`, 'sh'];
const GROUPS = `set -e
mount -t tmpfs none /sys/fs/cgroup
limit() { mkdir -p "/sys/fs/cgroup/$1"; echo "$2" >"/sys/fs/cgroup/$1/pids.max"; echo "$3" >"/sys/fs/cgroup/$1/pids.current"; }
join() { echo "$1" >/sys/fs/cgroup/joined; mount --bind /sys/fs/cgroup/joined /proc/$$/cgroup; }`;

describe('the threads that wait for the disk', () => {
  it('are 128, unless the environment says otherwise', async (test) => {
    const [own, given] = [await threads(test, {}), await threads(test, { UV_THREADPOOL_SIZE: '5' })];
    assert.equal(own - given, 128 - 5);
    assert.equal(await threads(test, { UV_THREADPOOL_SIZE: '' }), own, 'what is empty says nothing');
  });

  for (const [what, under, most] of [
    ['a user may have 300 tasks', user(300), 128],
    ['a user may have 200', user(200), 32],
    ['a user may have 60', user(60), 4],
    ['a control group has room for 256', group('limit a max 10; limit a/b 300 44; join 0::/a/b'), 128],
    ['it has room for 255', group('limit a max 10; limit a/b 300 45; join 0::/a/b'), 32],
    ['the one above it has room for 63', group('limit a 100 37; limit a/b max 3; join 0::/a/b'), 4],
    ['one of version 1 has room for 100', group('limit pids/a 110 10; join 5:pids:/a'), 32],
  ] as const) {
    it(`are ${most} where ${what}`, { skip: !isRoot && 'only root may pretend' }, async (test) => {
      const given = await threads(test, { UV_THREADPOOL_SIZE: '5' });
      assert.equal((await threads(test, {}, under)) - given, most - 5);
    });
  }
});
