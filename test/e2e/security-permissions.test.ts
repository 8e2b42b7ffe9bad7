import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { produce } from '../support/sample-messages.js';
import { DESTINATION, numbered, Scene } from '../support/scene.js';

/** many processes at once, on a busy machine */
const WAIT = { deadlineMs: 120_000 };

/** The permission bits of everything below a folder, by kind. */
function modesBelow(folder: string): { files: string[]; folders: string[] } {
  const found = { files: new Set<string>(), folders: new Set<string>() };
  for (const name of existsSync(folder) ? ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })] : []) {
    const stats = lstatSync(join(folder, name));
    (stats.isDirectory() ? found.folders : found.files).add((stats.mode & 0o7777).toString(8));
  }
  return { files: [...found.files].sort(), folders: [...found.folders].sort() };
}

for (const [umask, files, folders] of [
  ['0077', '600', '700'],
  ['0027', '640', '750'],
  ['0007', '660', '770'],
  ['0022', '644', '755'],
] as const) {
  describe(`what is made under a umask of ${umask}`, { concurrency: 2 }, () => {
    for (const type of ['DQS', 'DQN']) {
      for (const how of ['of the process', 'of the queue'] as const) {
        it(`${type}, ${how}: elements, folders, failure queue, tap, journal and pidfile give no more`, async (test) => {
          const scene = await Scene.set(test);
          produce(scene.path('in'), numbered(5, { destination: DESTINATION }));
          const own = how === 'of the queue' ? ` umask=${umask}` : '';
          const queue = (name: string) => `path=${scene.path(name)} type=${type}${own}`;
          const args = [
            ...['--incoming-queue', `path=${scene.path('in')}`, '--remove', '--loop'],
            ...['--outgoing-queue', queue('out'), '--failure-queue', queue('failed')],
            ...['--callback-code', 'if (hdr["x-number"] === "3") throw new Error("no")'],
            ...['--pidfile', scene.path('run.pid')],
          ];
          // what a queue says of itself holds whatever the process may do
          const process = how === 'of the queue' ? '0000' : umask;
          const under = ['sh', '-c', `umask ${process}; exec "$@"`, 'sh'];
          const run = scene.start(args, { under });
          await eventually(
            () => run.log('rejected').length === 1 && modesBelow(scene.path('failed')).files.length > 0,
            WAIT,
          );
          await eventually(() => readdirSync(scene.path('out')).some((name) => /^[0-9a-f]{8}$/.test(name)), WAIT);
          assert.equal(
            (lstatSync(scene.path('run.pid')).mode & 0o022).toString(8),
            '0',
            'nobody else writes a pidfile',
          );
          const ended = await run.stop();
          assert.equal(ended.code, 0, ended.stderr);
          for (const name of ['out', 'failed']) {
            assert.deepEqual(modesBelow(scene.path(name)), { files: [files], folders: [folders] }, name);
          }
        });
      }
    }
  });
}
