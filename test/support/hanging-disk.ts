import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Scene } from './scene.js';

/**
 * The environment of a process in which syncing a file or folder under `path` never ends, as on a disk that does not answer: it hangs
 * a thread, for a FIFO that nobody writes to is opened instead.
 */
export function hangingSyncs(scene: Scene, path: string): NodeJS.ProcessEnv {
  const fifo = scene.path('never-written');
  execFileSync('mkfifo', [fifo]);
  const preload = scene.path('hanging-syncs.mjs');
  writeFileSync(
    preload,
    `import files from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const { open, readlinkSync } = files;
    for (const name of ['fsync', 'fdatasync']) {
      const real = files[name];
      files[name] = (fd, done) =>
        readlinkSync('/proc/self/fd/' + fd).startsWith(${JSON.stringify(path)})
          ? open(${JSON.stringify(fifo)}, 'r', (error) => done(error))
          : real(fd, done);
    }
    syncBuiltinESMExports();`,
  );
  return { NODE_OPTIONS: `--import ${preload}` };
}
